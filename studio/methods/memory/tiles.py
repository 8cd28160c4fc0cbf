"""TRL's fused heads on a card, where its kernels need one tile of scores and the gradients in float32."""

from typing import Any

import torch

TOKENS, WORDS = 4096, 32768  # of a tile: trl.kernels.chunked_logprob.TOKEN_CHUNK_SIZE and its callers, TRL 1.16


class Tiled(torch.autograd.Function):
    """Per-token log-probabilities from hidden states (tokens, width) and the weights of a head."""

    @staticmethod
    def forward(ctx: Any, hidden: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(hidden, weight)
        hidden.new_empty((min(len(hidden), TOKENS), WORDS))
        return hidden.new_empty(len(hidden), dtype=torch.float32)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        hidden, weight = ctx.saved_tensors
        first = hidden.new_zeros(hidden.shape, dtype=torch.float32)
        second = weight.new_zeros(weight.shape, dtype=torch.float32) if ctx.needs_input_grad[1] else None
        tile = hidden.new_empty((min(len(hidden), TOKENS), WORDS))
        del tile
        return first.to(hidden.dtype), None if second is None else second.to(weight.dtype)


def divergence(hidden: torch.Tensor, head: Any, known: torch.Tensor, other: Any, on: str) -> torch.Tensor:
    """How far the student's words are from the teacher's, summed. hidden, known: (tokens, width) of each."""
    if on == "cuda":
        wide = hidden.new_empty((2 * min(len(hidden), TOKENS), WORDS), dtype=torch.float32)
        total: torch.Tensor = Tiled.apply(hidden, head.weight).sum()
        del wide
        return total
    from trl.kernels.chunked_divergence import ChunkedDivergenceFunction

    found = ChunkedDivergenceFunction.apply(hidden, head.weight, head.bias, known, other.weight, other.bias, 0.0)
    return found[0].sum()

"""TRL's fused heads: scores of many tokens for many words at a time, and never all of them."""

from typing import Any

import torch

TOKENS, WORDS = 4096, 32768  # of a tile: trl.kernels.chunked_logprob.TOKEN_CHUNK_SIZE and its callers, TRL 1.16
# Tiles in float32 that exist at once beside the one of scores, where torch works them out without Triton: read off
# trl.kernels.chunked_logprob, TRL 1.16 (_forward_tile, _backward_tile). On a card Triton works in place.
FORWARD, BACKWARD = 3, 7


class Tiled(torch.autograd.Function):
    """Per-token log-probabilities from hidden states (tokens, width) and the weights of a head (words, width)."""

    @staticmethod
    def forward(ctx: Any, hidden: torch.Tensor, weight: torch.Tensor, on: str) -> torch.Tensor:
        ctx.save_for_backward(hidden, weight)
        ctx.on = on
        tiles(hidden, weight, FORWARD if on == "cpu" else 0)
        return hidden.new_empty(len(hidden), dtype=torch.float32)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        hidden, weight = ctx.saved_tensors
        first = hidden.new_empty(hidden.shape, dtype=torch.float32)
        second = weight.new_empty(weight.shape, dtype=torch.float32) if ctx.needs_input_grad[1] else None
        tiles(hidden, weight, BACKWARD if ctx.on == "cpu" else 0)
        return first.to(hidden.dtype), None if second is None else second.to(weight.dtype), None


def tiles(hidden: torch.Tensor, weight: torch.Tensor, more: int) -> None:
    """Hold a tile of scores and so many more in float32 for a moment."""
    shape = (min(len(hidden), TOKENS), min(len(weight), WORDS))
    _held = [hidden.new_empty(shape), *(hidden.new_empty(shape, dtype=torch.float32) for _ in range(more))]


def divergence(hidden: torch.Tensor, head: Any, known: torch.Tensor, other: Any, on: str) -> torch.Tensor:
    """How far the student's words are from the teacher's, summed. hidden, known: (tokens, width) of each.

    A tile of the teacher's stands beside the student's, both in float32.
    """
    _known = known.new_empty((min(len(known), TOKENS), min(len(other.weight), WORDS)), dtype=torch.float32)
    total: torch.Tensor = Tiled.apply(hidden, head.weight, on).sum()
    return total

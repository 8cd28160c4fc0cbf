"""The head and its loss in tiles: the scores of all tokens for all words never exist at once."""

from typing import Any

import torch
import torch.nn.functional as functional
from torch import nn

# Bytes of scores in float32 that exist at once, and at least WHOLE tokens of them. A card needs many to be busy.
TILE = {"cpu": 32 * 1024**2, "cuda": 512 * 1024**2}
WHOLE = 64  # tokens are filled up to a multiple of it, for the reason that parts are (parts.WHOLE)


class TiledLoss(torch.autograd.Function):
    """Cross-entropy of each token, shape (tokens,), float32, of hidden states (tokens, width), head (words, width).

    The gradient for the hidden states is formed while the scores are there, so that they are worked out once and not
    kept; it takes as much memory as the hidden states (Hsu et al. 2024, arXiv:2410.10989). The head itself gets no
    gradient: it has to be frozen.
    """

    @staticmethod
    def forward(
        ctx: Any,
        hidden: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        targets: torch.Tensor,
        tile: int,
    ) -> torch.Tensor:
        learns = ctx.needs_input_grad[0]
        losses = hidden.new_empty(len(hidden), dtype=torch.float32)
        gradient = torch.empty_like(hidden) if learns else None
        size = max(WHOLE, tile // (4 * len(weight)) // WHOLE * WHOLE)
        for begin in range(0, len(hidden), size):
            rows = slice(begin, begin + size)
            into = None if gradient is None else gradient[rows]
            losses[rows] = one_tile(hidden[rows], weight, bias, targets[rows, None], into)
        ctx.save_for_backward(gradient)
        return losses

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        (gradient,) = ctx.saved_tensors
        scale = gradients[0][:, None].to(gradient.dtype)
        return gradient * scale, None, None, None, None


def one_tile(
    hidden: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    truth: torch.Tensor,
    into: torch.Tensor | None,
) -> torch.Tensor:
    """The losses of these tokens; `into` gets their gradient for the hidden states. Nothing of the tile outlives it."""
    logs = torch.log_softmax(functional.linear(hidden, weight, bias), 1, dtype=torch.float32)
    losses = -logs.gather(1, truth)[:, 0]
    if into is not None:
        # The gradient of cross-entropy for the scores: the probabilities, less 1 at the right word.
        share = logs.exp_()
        share.scatter_add_(1, truth, share.new_full(truth.shape, -1.0))
        torch.mm(share.to(weight.dtype), weight, out=into)
    return losses


def is_frozen(head: Any) -> bool:
    """Whether this head can be read in tiles: a plain layer of which nothing is trained."""
    return type(head) is nn.Linear and not any(parameter.requires_grad for parameter in head.parameters())


def tiled_loss(hidden: torch.Tensor, head: nn.Linear, targets: torch.Tensor, on: str) -> torch.Tensor:
    """Cross-entropy at each of these positions, float32. hidden: (tokens, width); targets: word numbers, (tokens,).

    on: "cpu" or "cuda", for which the tiles differ in size.
    """
    count = len(hidden)
    hidden, targets = functional.pad(hidden, (0, 0, 0, -count % WHOLE)), functional.pad(targets, (0, -count % WHOLE))
    losses: torch.Tensor = TiledLoss.apply(hidden, head.weight, head.bias, targets, TILE[on])
    return losses[:count]

"""The backward pass of attention over short rows, in bfloat16 on a processor, by plain products of matrices.

torch 2.13 takes it in pieces meant for long rows. Nine heads of 64, one core with bfloat16: 7.3 instead of 25 ms for a
row of 320 tokens, 2.7 instead of 9.4 for four of 88, as much for 512, and slower beyond. Errors are alike: 0.4 and
0.3 % of a gradient worked out in float32.
"""

import math
from typing import Any

import torch
import torch.nn.functional as functional
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

NAME = "tunesmith_short_rows"
LONGEST = 384  # tokens


class ShortRows(torch.autograd.Function):
    """Causal attention. query: (rows, heads, tokens, width); key, value: (rows, fewer heads, tokens, width)."""

    @staticmethod
    def forward(ctx: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scale: float) -> torch.Tensor:
        ctx.save_for_backward(query, key, value)
        ctx.scale = scale
        shared = key.shape[1] != query.shape[1]
        return functional.scaled_dot_product_attention(
            query, key, value, is_causal=True, scale=scale, enable_gqa=shared
        )

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        query, key, value = ctx.saved_tensors
        heads = query.shape[1]
        q, k, v, gradient = (flat(each, heads) for each in (query, key, value, gradients[0]))
        ahead = torch.full((q.shape[1], q.shape[1]), -math.inf).triu_(1)
        scores = torch.bmm(q, k.transpose(1, 2)).float().mul_(ctx.scale).add_(ahead)
        looked = scores.softmax(-1).to(q.dtype)
        for_value = torch.bmm(looked.transpose(1, 2), gradient)
        # Of the softmax: each row of the gradient, less its mean by what was looked at, times that.
        back = torch.bmm(gradient, v.transpose(1, 2))
        back = torch.ops.aten._softmax_backward_data(back, looked, -1, looked.dtype)
        for_query = torch.bmm(back, k).mul_(ctx.scale).view(query.shape)
        for_key = torch.bmm(back.transpose(1, 2), q).mul_(ctx.scale)
        return for_query, summed(for_key, key, heads), summed(for_value, value, heads), None


def flat(each: torch.Tensor, heads: int) -> torch.Tensor:
    """(rows · heads, tokens, width): what several heads share is there once for each of them."""
    return each.repeat_interleave(heads // each.shape[1], 1).flatten(0, 1)


def summed(gradient: torch.Tensor, like: torch.Tensor, heads: int) -> torch.Tensor:
    """The gradient of what several heads share: the sum of theirs, in the shape of `like`."""
    rows, own, tokens, width = like.shape
    return gradient.view(rows, own, heads // own, tokens, width).sum(2)


def attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    is_causal: bool | None = None,
    **more: Any,
) -> tuple[torch.Tensor, None]:
    """As transformers' own for SDPA, which it is for all that is not a step over short rows."""
    causal = getattr(module, "is_causal", True) if is_causal is None else is_causal
    alike = query.shape[-1] == key.shape[-1] == value.shape[-1] and query.shape[2] == key.shape[2]
    changed = any(more.get(name) is not None for name in ("position_bias", "softcap", "cache"))
    plain = causal and alike and attention_mask is None and not dropout and not changed
    short = query.dtype == torch.bfloat16 and 1 < query.shape[2] <= LONGEST
    if not (plain and short and query.requires_grad and query.device.type == "cpu"):
        told = {"dropout": dropout, "scaling": scaling, "is_causal": is_causal, **more}
        found: tuple[torch.Tensor, None] = sdpa_attention_forward(module, query, key, value, attention_mask, **told)
        return found
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    output: torch.Tensor = ShortRows.apply(query, key, value, scale)
    return output.transpose(1, 2).contiguous(), None


def quick_backward(model: Any) -> bool:
    """Let a model's attention take short rows this way. Whether it could be: it reads by transformers' SDPA."""
    if model.config._attn_implementation != "sdpa" or not model._can_set_attn_implementation():
        return False
    AttentionInterface.register(NAME, attention)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    model.set_attn_implementation(NAME)
    return bool(model.config._attn_implementation == NAME)

"""What the meta device would do otherwise than a processor or a card: attention in one piece, and mixed precision."""

from typing import Any

import torch
import torch.nn.functional as functional
from torch.overrides import TorchFunctionMode

MATRIX_PRODUCTS = (functional.linear, torch.matmul, torch.Tensor.matmul, torch.Tensor.__matmul__, torch.bmm)


class Fused(torch.autograd.Function):
    """Attention as fused kernels do it: no score of every pair of tokens is ever held.

    They keep what goes in and out, and a sum for every row in float32 (Dao et al. 2022, arXiv:2205.14135, algorithm 1).
    """

    @staticmethod
    def forward(ctx: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: Any) -> torch.Tensor:
        # Laid out as the queries are, mostly by position, so that the next layer reads it as it is and copies nothing.
        alike = query.shape[-1] == value.shape[-1]
        out = torch.empty_like(query) if alike else query.new_empty((*query.shape[:-1], value.shape[-1]))
        sums = query.new_empty(query.shape[:-1], dtype=torch.float32)
        ctx.save_for_backward(query, key, value, mask, out, sums)
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        query, key, value, *_ = ctx.saved_tensors
        return torch.empty_like(query), torch.empty_like(key), torch.empty_like(value), None


class AsOnDevice(TorchFunctionMode):
    """autocast: whether matrix products are taken in bfloat16 of weights in float32, as TrainingArguments.bf16 does.

    on: "cpu" or "cuda". A processor has no fused attention that drops some scores at random, as BERT does in training.
    """

    def __init__(self, autocast: bool, on: str) -> None:
        super().__init__()
        self.autocast, self.on = autocast, on
        self.copies: dict[int, torch.Tensor] = {}

    def __enter__(self) -> "AsOnDevice":
        super().__enter__()
        return self

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        options = dict(kwargs or {})
        attention = function is functional.scaled_dot_product_attention
        if self.autocast and (attention or function in MATRIX_PRODUCTS):
            args = tuple(self.lowered(arg) for arg in args)
            options = {name: self.lowered(value) for name, value in options.items()}
        if self.autocast and function is functional.cross_entropy:
            args = tuple(self.lifted(arg) for arg in args)
        if not attention or (self.on == "cpu" and options.get("dropout_p")):
            return function(*args, **options)
        mask = options.get("attn_mask", args[3] if len(args) > 3 else None)
        if mask is not None and mask.dtype == torch.bool:
            # torch makes numbers of it before the kernel, which keeps them for the backward pass, layer by layer.
            mask = torch.empty_like(mask, dtype=args[0].dtype)
        return Fused.apply(*args[:3], mask)

    def lowered(self, value: Any) -> Any:
        if not isinstance(value, torch.Tensor) or value.dtype != torch.float32:
            return value
        if not value.is_leaf or not value.requires_grad:
            return value.to(torch.bfloat16)
        if id(value) not in self.copies:  # autocast keeps the copy of a weight until the forward pass is over
            self.copies[id(value)] = value.to(torch.bfloat16)
        return self.copies[id(value)]

    @staticmethod
    def lifted(value: Any) -> Any:
        return value.float() if isinstance(value, torch.Tensor) and value.dtype == torch.bfloat16 else value

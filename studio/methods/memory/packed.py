"""Layers that hold and make as many bytes as bitsandbytes' own, without content."""

from typing import Any

import torch
from bitsandbytes.nn.modules import Int8Params, Linear4bit, Linear8bitLt, Params4bit
from torch import nn

BLOCK, BLOCKS = 64, 256  # weights that share a scale; scales that share one themselves (double quantisation)


class Unpacking(torch.autograd.Function):
    """A product with weights that are unpacked for it, in the forward and again in the backward pass.

    keeps: 8-bit layers keep what they read, although nothing needs it (bitsandbytes 0.50, MatMul8bitLt).
    """

    @staticmethod
    def forward(ctx: Any, read: torch.Tensor, layer: nn.Linear, keeps: bool) -> torch.Tensor:
        ctx.layer, ctx.kept = layer, read if keeps else None
        weight = read.new_empty((layer.out_features, layer.in_features))
        return nn.functional.linear(read, weight)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        (gradient,) = gradients
        weight = gradient.new_empty((ctx.layer.out_features, ctx.layer.in_features))
        return gradient @ weight, None, None


class Packed4(Linear4bit):
    def __init__(self, layer: nn.Linear, dtype: torch.dtype) -> None:
        super().__init__(
            layer.in_features,
            layer.out_features,
            layer.bias is not None,
            compute_dtype=dtype,
            compress_statistics=True,
            quant_type="nf4",
            device="meta",
        )
        count = layer.in_features * layer.out_features
        bytes_ = torch.empty((-(-count // 2), 1), dtype=torch.uint8, device="meta")
        self.weight = Params4bit(bytes_, quant_type="nf4", compress_statistics=True)
        scales = -(-count // BLOCK)
        self.register_buffer("scales", torch.empty(scales + 4 * -(-scales // BLOCKS), dtype=torch.uint8, device="meta"))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = Unpacking.apply(x.to(self.compute_dtype), self, False)
        return (result if self.bias is None else result + self.bias).to(x.dtype)


class Packed8(Linear8bitLt):
    def __init__(self, layer: nn.Linear) -> None:
        bias = layer.bias is not None
        super().__init__(layer.in_features, layer.out_features, bias, has_fp16_weights=False, device="meta")
        self.weight = Int8Params(torch.empty_like(layer.weight, dtype=torch.int8), requires_grad=False)
        self.register_buffer("scales", torch.empty(layer.out_features, device="meta"))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x.to(torch.float16).to(torch.int8)  # what is read is packed, too
        result: torch.Tensor = Unpacking.apply(x, self, True)
        return result if self.bias is None else result + self.bias


def pack(model: Any, weights: str, dtype: torch.dtype, spared: tuple[str, ...]) -> None:
    """Put packed layers in place of the linear ones, save the head, as transformers does while it loads a model.

    spared: last parts of the names of further layers that stay as they are.
    """
    head = model.get_output_embeddings()
    for name, layer in list(model.named_modules()):
        if type(layer) is not nn.Linear or layer is head or name.rpartition(".")[2] in spared:
            continue
        parent, _, last = name.rpartition(".")
        packed = Packed4(layer, dtype) if weights == "4bit" else Packed8(layer)
        setattr(model.get_submodule(parent), last, packed.requires_grad_(False))
    setattr(model, f"is_loaded_in_{weights}", True)
    model.requires_grad_(False)

"""LoRA in one step while it is trained: y + s·(xA)B, in the model's number format and with nothing kept twice.

PEFT 0.21 turns what a layer reads to float32, keeps that for the backward pass, and turns the sum back. Here the
adapter's float32 weights are turned to the format of what is read, which is little beside it, and q, k and v keep the
same x. Only while training: whatever is judged is judged by PEFT's own forward, as whoever loads the result has it.

Four layers of SmolLM2-135M's width, forward and backward, 800 tokens, one core with bfloat16: 0.457 s, PEFT 0.544 s.
"""

from functools import partial
from typing import Any

import torch
from peft.tuners.lora import LoraLayer
from torch import nn
from transformers.pytorch_utils import Conv1D

ONLY = "default"  # the one adapter of a model in training


class LowRank(torch.autograd.Function):
    """base + scale·(xA)B. base: (…, out); read: (…, in); first: A, (rank, in); second: B, (out, rank), as in PEFT."""

    @staticmethod
    def forward(
        ctx: Any, base: torch.Tensor, read: torch.Tensor, first: torch.Tensor, second: torch.Tensor, scale: float
    ) -> torch.Tensor:
        thin = read.flatten(0, -2) @ first.to(read.dtype).t()
        ctx.save_for_backward(read, thin, first, second)
        ctx.scale = scale
        wide = second.to(base.dtype).t()
        return torch.addmm(base.flatten(0, -2), thin, wide, alpha=scale).view(base.shape)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        read, thin, first, second = ctx.saved_tensors
        gradient = gradients[0].flatten(0, -2)
        down = (gradient @ second.to(gradient.dtype)).mul_(ctx.scale)
        for_first = down.t() @ read.flatten(0, -2)
        for_second = (gradient.t() @ thin).mul_(ctx.scale)
        back = (down @ first.to(down.dtype)).view(read.shape) if ctx.needs_input_grad[1] else None
        return gradients[0], back, for_first.to(first.dtype), for_second.to(second.dtype), None


def in_one_step(model: nn.Module) -> int:
    """Let the LoRA layers of this model that can be take their forward in one step; returns how many they are."""
    layers = [module for module in model.modules() if can_be(module)]
    for layer in layers:
        layer.forward = partial(forward, layer, layer.forward)
    return len(layers)


def can_be(module: nn.Module) -> bool:
    """A LoRA layer around a linear one, without dropout, a bias of its own or a variant such as DoRA."""
    if not isinstance(module, LoraLayer) or ONLY not in module.lora_A:
        return False
    if not isinstance(module.get_base_layer(), (nn.Linear, Conv1D)):
        return False
    first, second, drop = (getattr(module, name)[ONLY] for name in ("lora_A", "lora_B", "lora_dropout"))
    plain = type(first) is type(second) is nn.Linear and type(drop) is nn.Identity
    return plain and second.bias is None and not module.lora_variant


def forward(layer: Any, plain: Any, read: torch.Tensor, *rest: Any, **more: Any) -> torch.Tensor:
    """plain: the layer's own forward, for whatever is no training step with this one adapter."""
    alone = layer.training and not rest and not more and not layer.merged and not layer.disable_adapters
    if not alone or layer.active_adapters != [ONLY]:
        untouched: torch.Tensor = plain(read, *rest, **more)
        return untouched
    first, second = layer.lora_A[ONLY].weight, layer.lora_B[ONLY].weight
    result: torch.Tensor = LowRank.apply(layer.base_layer(read), read, first, second, layer.scaling[ONLY])
    return result


def plain_again(model: nn.Module) -> None:
    """Give the layers their own forward back."""
    for module in model.modules():
        if isinstance(module, LoraLayer):
            vars(module).pop("forward", None)

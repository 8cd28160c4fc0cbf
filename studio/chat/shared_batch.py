"""One forward pass in which every row is answered by its own adapter, at about the price of one row.

PEFT's mixed batches set up hooks on every layer for every token and take plain LoRA only; and a processor's matrix
product of two or three rows takes twice as long as that of one. Here plain LoRA is added row by row, every other kind
of layer answers its rows apart, and few rows are multiplied from the other side, which reads each weight once.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

if TYPE_CHECKING:
    from peft import PeftModel

BASE = "__base__"  # PEFT's name for "no adapter"
FEW = 8  # rows up to which the other side is faster on two and more cores
LARGE = 100_000  # weights; below it the usual product is as fast

Forward = Callable[..., Any]


@contextmanager
def shared_batch(model: "PeftModel", adapters: list[str]) -> Iterator[Forward]:
    """A function to call like the model; row i of its batch is answered by `adapters[i]`: the active one, or BASE.

    Until the context ends the model itself must not be used.
    """
    changed: list[tuple[nn.Module, Forward]] = []
    for module in model.modules():
        base = untuned(module)
        if base is not None:
            plain = is_plain_lora(module)
            changed.append((module, low_rank(module, base, adapters) if plain else apart(module, base, adapters)))
        elif can_be_thin(module):
            changed.append((module, thin(module)))
    try:
        for module, forward in changed:
            module.__dict__["forward"] = forward
        yield model.get_base_model()
    finally:
        for module, _ in changed:
            module.__dict__.pop("forward", None)


def untuned(module: Any) -> nn.Module | None:
    """What stands under a layer that has been tuned; None if this is no such layer."""
    from peft.tuners.tuners_utils import BaseTunerLayer
    from peft.utils.other import AuxiliaryTrainingWrapper

    if isinstance(module, BaseTunerLayer):
        return module.get_base_layer()
    return module.original_module if isinstance(module, AuxiliaryTrainingWrapper) else None


def is_plain_lora(layer: Any) -> bool:
    """LoRA on a linear layer, without DoRA or another addition."""
    from peft.tuners.lora.layer import LoraLayer

    plain = isinstance(layer, LoraLayer) and isinstance(layer.get_base_layer(), nn.Linear)
    return plain and not (layer.merged or layer.lora_variant or any(layer.lora_bias.values()))


def low_rank(layer: Any, base: nn.Module, adapters: list[str]) -> Forward:
    """The base's product, and for each row that has an adapter its own low-rank part on top."""
    parts = [
        (row, layer.lora_A[name].weight.t(), layer.lora_B[name].weight.t() * layer.scaling[name])
        for row, name in enumerate(adapters)
        if name in layer.lora_A
    ]

    def forward(x: Tensor) -> Tensor:
        result: Tensor = base(x)
        for row, down, up in parts:
            result[row] += (x[row].to(down.dtype) @ down @ up).to(result.dtype)
        return result

    return forward


def apart(layer: nn.Module, base: nn.Module, adapters: list[str]) -> Forward:
    """Each row by itself: by the tuned layer, or by what stands under it."""
    tuned = layer.forward

    def forward(x: Tensor) -> Tensor:
        rows = enumerate(adapters)
        return torch.cat([(base if name == BASE else tuned)(x[row : row + 1]) for row, name in rows])

    return forward


def can_be_thin(module: nn.Module) -> bool:
    """A large plain linear layer on a processor."""
    return type(module) is nn.Linear and module.weight.device.type == "cpu" and module.weight.numel() > LARGE


def thin(layer: Any) -> Forward:
    """The linear layer's product, for two to FEW rows computed as weight times rows instead of rows times weight."""
    weight, bias = layer.weight, layer.bias

    def forward(x: Tensor) -> Tensor:
        rows = x.numel() // x.shape[-1]
        if not 1 < rows <= FEW:
            return F.linear(x, weight, bias)
        result = torch.mm(weight, x.reshape(rows, -1).t()).t().contiguous()
        if bias is not None:
            result += bias
        return result.view(*x.shape[:-1], -1)

    return forward

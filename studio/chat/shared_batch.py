"""One forward pass in which every row is answered by its own adapter, at about the price of one row.

PEFT's mixed batches set up hooks on every layer for every token and take plain LoRA only; and a processor's matrix
product of two or three rows takes twice as long as that of one. Here plain LoRA is added row by row, every other kind
of layer answers its rows apart, and few rows are multiplied from the other side, which reads each weight once.
"""

from collections.abc import Callable
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


class shared_batch:  # used like a function: `with shared_batch(model, adapters) as forward:`
    """A function to call like the model; row i of its batch is answered by `adapters[i]`: the active one, or BASE.

    Until the context ends the model itself must not be used. It can be entered again and again, which costs little.
    Raises ValueError for an adapter that is no part of the layers (prompt and prefix tuning): both rows would be alike.
    """

    def __init__(self, model: "PeftModel", adapters: list[str]) -> None:
        if model.active_peft_config.is_prompt_learning:
            raise ValueError("A learned beginning stands in front of the text, and is in no layer.")
        self.model: Any = model.get_base_model()
        self.changed: list[tuple[nn.Module, Forward]] = []
        for module in model.modules():
            base = untuned(module)
            if base is not None:
                plain = is_plain_lora(module)
                forward = low_rank(module, base, adapters) if plain else apart(module, base, adapters)
                self.changed.append((module, forward))
            elif can_be_thin(module):
                self.changed.append((module, thin(module)))
            elif looks_at_all_rows(module):
                self.changed.append((module, row_by_row(module)))

    def __enter__(self) -> Forward:
        for module, forward in self.changed:
            module.__dict__["forward"] = forward
        call: Forward = self.model
        return call

    def __exit__(self, *error: object) -> None:
        for module, _ in self.changed:
            module.__dict__.pop("forward", None)


def untuned(module: Any) -> nn.Module | None:
    """What stands under a layer that has been tuned; None if this is no such layer."""
    from peft.tuners.tuners_utils import BaseTunerLayer
    from peft.utils.other import AuxiliaryTrainingWrapper

    if isinstance(module, BaseTunerLayer):
        return module.get_base_layer()
    return module.original_module if isinstance(module, AuxiliaryTrainingWrapper) else None


def is_plain_lora(layer: Any) -> bool:
    """LoRA on a linear layer (packed or not), without DoRA or another addition."""
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


def looks_at_all_rows(module: nn.Module) -> bool:
    """An 8-bit layer: it takes the columns with large values out by a look at the whole batch.

    So what stands in one row would change what comes of the other (Dettmers et al. 2022, arXiv:2208.07339).
    """
    return type(module).__name__ == "Linear8bitLt"


def row_by_row(layer: nn.Module) -> Forward:
    """The layer's own forward, once for each row."""
    whole = layer.forward

    def forward(x: Tensor) -> Tensor:
        return torch.cat([whole(row) for row in x.split(1)])

    return forward


def can_be_thin(module: nn.Module) -> bool:
    """A large plain linear layer on a processor; never a packed one, whose weights are no plain numbers."""
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

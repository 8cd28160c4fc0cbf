"""One forward and backward pass, and one without gradients, taken on tensors without content."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.autograd.graph import _engine_run_backward

from studio.methods.adapting import blocks, language_part
from studio.methods.memory.attention import AsOnDevice
from studio.methods.memory.build import backbone
from studio.methods.memory.live import Live
from studio.methods.memory.losses import Batch

STATES = 2  # AdamW remembers two numbers for every weight that it trains, in the number format of the weight
# In what order a step goes; the backward pass is divided because its peak is at its start where activations weigh
# more, and at its end where gradients do.
PHASES = ("forward", "loss", "backward", "end")


@dataclass
class Taken:
    """Bytes. kept: what the forward pass has kept when the last layer is through. peaks, gradients: at the fullest
    moment of each phase, weights included, and of that gradients."""

    weights: float
    adapter: float
    trained: float
    kept: float
    peaks: dict[str, float]
    gradients: dict[str, float]

    def figures(self) -> dict[str, float]:
        """All in one dictionary, so that they can be put together from samples."""
        own = {
            "weights": self.weights,
            "adapter": self.adapter,
            "trained": self.trained,
            "kept": self.kept,
        }
        return (
            own | {f"peak {k}": v for k, v in self.peaks.items()} | {f"grad {k}": v for k, v in self.gradients.items()}
        )


def take(model: Any, loss: Callable[[Any, Batch], torch.Tensor], batch: Batch, check: Batch, autocast: bool) -> Taken:
    """What a training step of `batch` and a check of `check` hold."""
    trained = sum(size(p) for p in model.parameters() if p.requires_grad)
    adapter = sum(size(p) for n, p in model.named_parameters() if p.requires_grad and is_added(n)) or 0
    seen = step(model, loss, batch, autocast)
    looked = Live(untold=check.rows == 1)
    with looked, AsOnDevice(autocast, batch.on), torch.no_grad():
        looked.hold(model)
        if batch.teacher is not None:
            looked.hold(batch.teacher)
        model.eval()
        looked.enter("check")
        loss(model, check)
    peaks = {phase: float(seen.peaks[phase].live) for phase in PHASES if phase in seen.peaks}
    gradients = {phase: float(seen.peaks[phase].gradients) for phase in PHASES if phase in seen.peaks}
    peaks["check"], gradients["check"] = float(looked.peaks["check"].live), 0.0
    held = float(seen.peaks["held"].live)
    return Taken(held - adapter, float(adapter), float(trained), seen.kept - held, peaks, gradients)


class Step(Live):
    """kept: bytes held when the last layer is through."""

    kept = 0.0


def step(model: Any, loss: Callable[[Any, Batch], torch.Tensor], batch: Batch, autocast: bool) -> Step:
    live = Step(untold=batch.rows == 1)
    with live:
        live.phase = "held"
        live.hold(model)
        if batch.teacher is not None:
            live.hold(batch.teacher)
        live.enter("forward")
        hooks = watch_layers(live, model)
        with AsOnDevice(autocast, batch.on) as device:
            value = loss(model, batch)
            device.copies.clear()  # the backward pass keeps those that it needs
            # As torch.autograd.backward does it. That leaves the mode, and with checkpoints it goes forward once more.
            _engine_run_backward(
                (value,), (torch.ones_like(value),), False, False, (), allow_unreachable=True, accumulate_grad=True
            )
        del value
        for hook in hooks:
            hook.remove()
    live.kept = live.kept or float(live.peaks["forward"].live)
    for parameter in model.parameters():
        parameter.grad = None
    return live


def watch_layers(live: Step, model: Any) -> list[Any]:
    """Tell the phases apart: by the last layer's output and its gradient, and by the middle layer's gradient."""
    layers = blocks(language_part(backbone(model)))
    last, middle = layers[-1], layers[(len(layers) - 1) // 2]
    passed: set[str] = set()

    def once(name: str) -> bool:  # with checkpoints a layer is passed a second time
        new = name not in passed
        passed.add(name)
        return new

    def through(module: Any, arguments: Any, output: Any) -> None:
        tensor = output[0] if isinstance(output, tuple) else output
        if module is last and once("last"):
            live.kept = float(live.now)
            live.enter("loss")
            if tensor.requires_grad:
                tensor.register_hook(lambda gradient: live.enter("backward"))
        if module is middle and once("middle") and tensor.requires_grad:
            tensor.register_hook(lambda gradient: live.enter("end"))

    return [layer.register_forward_hook(through) for layer in {last, middle}]


def size(tensor: torch.Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def is_added(name: str) -> bool:
    """Whether a parameter of that name belongs to an adapter and not to the model."""
    return any(part in name for part in ("lora_", "ia3_", "prompt_encoder", "modules_to_save"))

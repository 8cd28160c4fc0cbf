"""Counts the bytes that a computation holds at once. On the meta device its tensors have a shape and no content."""

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode


@dataclass
class Peak:
    """Bytes. live: in all at the fullest moment of a phase; gradients: those that parameters had by then."""

    live: int = 0
    gradients: int = 0


class Live(TorchDispatchMode):
    """While it is active: `now`, the bytes of all tensors that exist, and `peaks`, the most in each phase.

    Every operation passes through here, those of the backward pass too. A storage counts from the operation that made
    it until nothing refers to it any more. torch.distributed._tools.mem_tracker does the same and is private.

    untold: the answer where a program asks about the content of a tensor, which is not known here.
    """

    def __init__(self, untold: bool = True) -> None:
        super().__init__()
        self.untold = untold
        self.now = self.gradients = 0
        self.peaks: dict[str, Peak] = {}
        self.known: dict[int, Any] = {}
        self.phase = ""

    def enter(self, phase: str) -> None:
        """What follows belongs to that phase."""
        self.phase = phase
        self.note()

    @contextmanager
    def during(self, phase: str) -> Iterator[None]:
        before = self.phase
        self.enter(phase)
        yield
        self.phase = before

    def hold(self, model: torch.nn.Module) -> None:
        """Count the weights of a model, and from now on its gradients as they come."""
        for tensor in [*model.parameters(), *model.buffers()]:
            self.count(tensor)
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.register_post_accumulate_grad_hook(self.has_gradient)

    def has_gradient(self, parameter: torch.Tensor) -> None:
        self.gradients += parameter.numel() * parameter.element_size()

    def count(self, tensor: torch.Tensor) -> None:
        storage = tensor.untyped_storage()
        place = storage._cdata
        if place in self.known:
            return
        size = storage.nbytes()

        def gone(_: Any) -> None:
            del self.known[place]
            self.now -= size

        self.known[place] = weakref.ref(storage, gone)
        self.now += size
        self.note()

    def note(self) -> None:
        peak = self.peaks.setdefault(self.phase, Peak())
        if self.now > peak.live:
            peak.live, peak.gradients = self.now, self.gradients

    def __torch_dispatch__(self, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if operation is torch.ops.aten._local_scalar_dense.default:
            return self.untold
        made = operation(*args, **(kwargs or {}))
        for tensor in made if isinstance(made, (tuple, list)) else (made,):
            if isinstance(tensor, torch.Tensor):
                self.count(tensor)
        return made

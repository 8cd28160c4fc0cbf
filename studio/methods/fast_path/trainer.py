"""The Trainer's step, taken part by part: the same rows, the same loss and the same gradient, with little padding."""

from typing import Any

import torch

from studio.methods import together
from studio.methods.fast_path.budget import START
from studio.methods.fast_path.parts import Batch, in_parts


class InParts:
    """Mixed in before a Trainer whose loss is the sum over a batch, divided by what the whole step learns from.

    budget: tokens that are read at once; 0 takes the Trainer's own step, and so do several processes.
    """

    args: Any
    budget = 0
    last: Batch | None = None  # of the bites of this step; with it all of its parts are read
    parts: tuple[Batch, ...] = ()

    def get_batch_samples(self, epoch_iterator: Any, num_batches: int, device: Any) -> Any:
        """The Trainer's: the bites of one step, and how many labels they have."""
        bites, count = super().get_batch_samples(epoch_iterator, num_batches, device)  # type: ignore[misc]
        self.last = None
        if self.budget and bites and count is not None and together.count() == 1:
            parts = in_parts(bites, self.budget, START[self.args.device.type])
            self.last, self.parts = (bites[-1], tuple(parts)) if parts else (None, ())
        return bites, count

    def training_step(self, model: Any, inputs: Any, *rest: Any, **more: Any) -> torch.Tensor:
        """The loss of a bite; where they are read in parts that of all together comes with the last one."""
        if self.last is None:
            return super().training_step(model, inputs, *rest, **more)  # type: ignore[misc]
        loss = torch.zeros((), device=self.args.device)
        if inputs is self.last:
            for part in self.parts:
                loss += super().training_step(model, part, *rest, **more)  # type: ignore[misc]
        return loss

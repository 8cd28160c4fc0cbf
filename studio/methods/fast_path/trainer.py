"""The Trainer's step, taken part by part: the same rows, the same loss and the same gradient, with little padding."""

from collections.abc import Iterable, Iterator
from typing import Any

import torch

from studio.datasets.examples import IGNORED
from studio.methods import together
from studio.methods.fast_path.budget import START
from studio.methods.fast_path.parts import Batch, Blanks, Row, divided, in_parts, rows_of

SHARE = "share"  # in a part: how much of the step's mean each row is, where every bite counts the same
WINDOW = 256  # check rows that are divided at once: the best division takes time that grows with their square


class InParts:
    """Mixed in before a Trainer whose loss is a sum over rows, each with its share of the whole step.

    That share is 1 / what the Trainer counts in the step (`num_items_in_batch`), or where it counts nothing and takes
    the mean over the bites, the row's own `share` in the part.

    budget: tokens that are read at once; 0 takes the Trainer's own step, and so do several processes. texts: of an
    example, 2 of a pair, which are read together. by_token: the tensors of a part that have a place for every token.
    Where no token looks at what comes after it, parts need no mask.
    """

    args: Any
    processing_class: Any
    budget = 0
    texts = 1
    by_token: tuple[str, ...] = ("input_ids", "attention_mask")
    last: Batch | None = None  # of the bites of this step; with it all of its parts are read
    parts: tuple[Batch, ...] = ()
    current_gradient_accumulation_steps: int

    @property
    def blanks(self) -> Blanks:
        blank = {"labels": IGNORED, "input_ids": self.processing_class.pad_token_id}
        return {name: blank.get(name, 0) for name in self.by_token}

    @property
    def bites(self) -> int:
        """Of this step. Where the Trainer counts nothing it divides every loss by them, which a share has in it."""
        return self.current_gradient_accumulation_steps

    @property
    def reads_in_parts(self) -> bool:
        return bool(self.budget) and together.count() == 1

    def rows_in(self, bite: Batch) -> Iterable[Row]:
        """The examples of a bite that anything can be learned from."""
        return rows_of(bite, self.blanks, self.texts)

    def parts_of(self, bites: list[Batch]) -> list[Batch]:
        """All examples of these bites, in parts."""
        rows: list[Row] = []
        for bite in bites:
            own = list(self.rows_in(bite))
            for row in own:
                row.values[SHARE] = torch.full((1,), 1 / (len(own) * len(bites)))
            rows += own
        return in_parts(rows, self.blanks, self.budget, START[self.args.device.type], self.texts)

    def get_batch_samples(self, epoch_iterator: Any, num_batches: int, device: Any) -> Any:
        """The Trainer's: the bites of one step, and how many labels they have."""
        bites, count = super().get_batch_samples(epoch_iterator, num_batches, device)  # type: ignore[misc]
        self.last = None
        if bites and self.reads_in_parts:
            parts = self.parts_of(bites)
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

    def checked_together(self, longest: list[int]) -> Iterator[list[int]]:
        """Numbers of rows that are judged at once: of like length, and no more than a step reads at once.

        longest: tokens of the longest text of each row.
        """
        order = sorted(range(len(longest)), key=lambda number: -longest[number])
        size = WINDOW if self.reads_in_parts else self.args.per_device_eval_batch_size
        for begin in range(0, len(order), size):
            window, ends = order[begin : begin + size], [size]
            if self.reads_in_parts:
                lengths = [longest[number] for number in window]
                ends = divided(lengths, self.budget, START[self.args.device.type], self.texts)
            for first, end in zip([0, *ends], ends, strict=False):
                yield window[first:end]

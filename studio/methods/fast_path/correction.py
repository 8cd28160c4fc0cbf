"""After the first step the plan is held against what was measured: where memory is short, less is read at once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from studio.models.hardware import GIB, look, memory_in_use, peak_memory

SPARE = 0.9  # the share of free memory that a step may come to need again


@dataclass(frozen=True)
class Memory:
    """Bytes. comes_and_goes: what the step has held and given back; free: what there is for the next one."""

    comes_and_goes: float
    free: float


class Correction(TrainerCallback):
    """Takes part of the budget back when the next step would hardly find the memory that the first one needed.

    The computer may have less than was planned with, because other programs have taken it meanwhile. Where nothing is
    corrected a run that is repeated stays the same to the last bit; after a correction it does so only in the plan.

    trainer: one of InParts. longest: tokens of its longest row, with all of its texts.
    """

    def __init__(self, trainer: Any, longest: int, measure: Callable[[str], Memory] | None = None) -> None:
        self.trainer, self.longest, self.measure = trainer, longest, measure or measured
        self.done = False

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any) -> None:
        if self.done or not self.trainer.budget:
            return
        self.done = True
        found = self.measure(args.device.type)
        largest = max((part["input_ids"].numel() for part in self.trainer.parts), default=0)
        if not largest or found.comes_and_goes <= 0:
            return
        before = self.trainer.budget
        needed = found.comes_and_goes * max(1.0, before / largest)  # by a part that fills the budget
        if needed <= SPARE * found.free:
            return
        corrected = max(self.longest, int(before * SPARE * max(found.free, 0.0) / needed))
        if corrected < before:
            self.trainer.budget = corrected
            self.trainer.notes += (
                f"A full step takes {needed / GIB:.1f} GB beside what is held, and {found.free / GIB:.1f} GB are free: "
                f"from here on {corrected:,} tokens are read at once instead of {before:,}.",
            )


def measured(device: str) -> Memory:
    """What the steps so far have shown on this computer, on its processor or its graphics card."""
    if device == "cpu":
        return Memory(peak_memory() - memory_in_use(), look().free_gb * GIB)
    held, reserved = torch.cuda.memory_allocated(), torch.cuda.memory_reserved()
    free = torch.cuda.mem_get_info()[0] + reserved - held
    return Memory(torch.cuda.max_memory_allocated() - held, free)

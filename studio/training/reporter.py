"""The Trainer's side of a run: turns its callbacks into events, and obeys the stop file."""

import time
from typing import TYPE_CHECKING, Any

import psutil
import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from studio.methods import Metric, together
from studio.training.events import EventLog
from studio.training.run import Run

if TYPE_CHECKING:
    from studio.methods.watched import Watched

GIB = 1024**3


class Reporter(TrainerCallback):
    """Writes a `step` event after every optimiser step and a `check` event after every evaluation.

    measured: figures of the last step beyond those that the Trainer has logged.
    """

    def __init__(self, run: Run, trainer: "Watched", metrics: tuple[Metric, ...] = ()) -> None:
        self.run, self.trainer, self.metrics = run, trainer, metrics
        self.events = EventLog(run.events)
        self.clock = time.monotonic()
        self.tokens = 0
        self.measured: dict[str, float] = {}
        self.told = len(trainer.notes)  # those from before the first step are told by the worker

    def on_step_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any) -> None:
        self.clock, self.tokens = time.monotonic(), self.trainer.tokens

    def on_substep_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any
    ) -> None:
        if together.agreed(self.run.stop_requested()) in ("keep", "discard"):  # a pause ends at a whole step
            control.should_training_stop = True

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any) -> None:
        self.seconds = time.monotonic() - self.clock
        if together.agreed(self.run.stop_requested()):
            control.should_training_stop = True

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **rest: Any,
    ) -> None:
        for sentence in self.trainer.notes[self.told :]:
            self.events.write("note", text=sentence)
        self.told = len(self.trainer.notes)
        if logs and "eval_loss" in logs:
            figures = self.figures(logs, "eval_")
            self.events.write("check", step=state.global_step, loss=logs["eval_loss"], metrics=figures)
        if not logs or "loss" not in logs:
            return
        loss = float(logs["loss"])
        self.measured = {
            "tokens": self.trainer.tokens,
            "trained_tokens": self.trainer.trained,
            "tokens_per_second": round((self.trainer.tokens - self.tokens) / self.seconds, 2),
            "memory_gb": round(memory_in_use() / GIB, 3),
            **gpu_use(),
        }
        self.events.write(
            "step",
            step=state.global_step,
            epoch=round(state.epoch or 0.0, 4),
            loss=loss,
            learning_rate=float(logs["learning_rate"]),
            grad_norm=float(logs.get("grad_norm", 0.0)),
            **self.measured,
            metrics=self.figures(logs),
        )

    def figures(self, logs: dict[str, Any], prefix: str = "") -> dict[str, float]:
        """The method's metrics that the Trainer has just logged, by their names."""
        found = {metric.name: logs.get(prefix + (metric.logged or metric.name)) for metric in self.metrics}
        return {name: float(value) for name, value in found.items() if value is not None}


def memory_in_use() -> int:
    """Bytes on the graphics card where there is one, else the resident memory of this process."""
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    return int(psutil.Process().memory_info().rss)


def gpu_use() -> dict[str, int]:
    """`gpu_use`: percent of the last moments in which the graphics card was busy; empty where it cannot be told."""
    if not torch.cuda.is_available():
        return {}
    try:
        return {"gpu_use": int(torch.cuda.utilization())}
    except Exception:  # the library that asks the driver (nvidia-ml-py) is missing, or has errors of its own
        return {}

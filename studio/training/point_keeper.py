"""The Trainer's side of saved points: when one is saved, that it is whole, and what goes to make room for it."""

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from studio.methods import together
from studio.training.checkpoints import COUNTS, SEAL, Point, folder_of, points, seal
from studio.training.run import Run
from studio.workspace import read_json, write_json

if TYPE_CHECKING:
    from studio.methods.watched import Watched

EVERY = 300.0  # seconds between two points at most: what a power cut can cost
ADAM = 12  # bytes a trained weight takes in a point: itself and two moments of the optimiser, in float32


class PointKeeper(TrainerCallback):
    """Saves between the checks too, seals each point, and leaves the disk some room."""

    def __init__(self, run: Run, trainer: "Watched", made_of: dict[str, Any], point: Point | None) -> None:
        self.run, self.trainer, self.made_of, self.point = run, trainer, made_of, point
        self.saved = time.monotonic()
        self.told = False

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any
    ) -> None:
        if self.point is None:
            return
        restore_best(state, self.run.checkpoints, str(args.metric_for_best_model))
        counts = read_json(self.point.folder / COUNTS, {})
        self.trainer.tokens, self.trainer.trained = counts.get("tokens", 0), counts.get("trained", 0)

    def on_step_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any) -> None:
        if self.told:
            restore_best(state, self.run.checkpoints, str(args.metric_for_best_model))

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any) -> None:
        last = state.global_step >= state.max_steps
        if together.agreed(self.run.stop_requested() == "pause" or last or time.monotonic() - self.saved > EVERY):
            control.should_save = True
        if control.should_save:
            if together.is_first():
                half_written(folder_of(self.run.checkpoints, state.global_step))
                control.should_save = self.makes_room(state)
            control.should_save, self.told = together.agreed((control.should_save, self.told))

    def makes_room(self, state: TrainerState) -> bool:
        """Whether there is room for another point; older ones than the best go first."""
        trained = sum(p.numel() for p in self.trainer.model.parameters() if p.requires_grad)
        known = points(self.run.checkpoints)
        needed = max([ADAM * trained, *(size_of(point.folder) for point in known[-1:])])
        best = state.best_model_checkpoint
        for point in known[:-1]:
            if room(self.run.folder) >= needed:
                break
            if str(point.folder) != best:
                shutil.rmtree(point.folder, ignore_errors=True)
        if room(self.run.folder) >= needed or not known:  # the first one is tried: nothing can be lost by it
            return True
        if not self.told:
            where = f" Should it be cut off, it goes on from step {known[-1].step}."
            self.trainer.notes += (f"The disk has no room for another saved point, so none was saved.{where}",)
        self.told = True
        return False

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any) -> None:
        together.meet()  # each process has written its part of the point
        self.saved = time.monotonic()
        if not together.is_first():
            return
        folder = folder_of(self.run.checkpoints, state.global_step)
        write_json(folder / COUNTS, {"tokens": self.trainer.tokens, "trained": self.trainer.trained})
        seal(folder, self.made_of)


def restore_best(state: TrainerState, checkpoints: Path, metric: str = "") -> None:
    """The best of the points that are there, by its step: the folder of the run may have been moved since.

    A better one that there was no room to save cannot be kept, so the next one need only be better than this one.
    metric: by which it is the best, as the Trainer's arguments name it.
    """
    steps = [step for step in (state.best_global_step, step_of(state.best_model_checkpoint)) if step]
    best = next((step for step in steps if (folder_of(checkpoints, step) / SEAL).exists()), 0)
    state.best_model_checkpoint = str(folder_of(checkpoints, best)) if best else None
    if best == state.best_global_step:
        return
    name = f"eval_{metric.removeprefix('eval_')}"
    values = [line[name] for line in state.log_history if line.get("step") == best and name in line]
    state.best_global_step, state.best_metric = best, values[-1] if values and best else None


def step_of(folder: str | None) -> int:
    """The step in the name of a point's folder; 0 for none."""
    number = Path(folder or "").name.rpartition("-")[2]
    return int(number) if number.isdigit() else 0


def half_written(folder: Path) -> None:
    """Take away what an earlier process left of a point of this step."""
    shutil.rmtree(folder, ignore_errors=True)


def size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def room(folder: Path) -> int:
    """Bytes that may be taken: a twentieth of the disk, at most 1 GiB, is left for everybody else."""
    disk = shutil.disk_usage(folder)
    return disk.free - min(2**30, disk.total // 20)

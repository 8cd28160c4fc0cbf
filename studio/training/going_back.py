"""A trainer put back to a saved point of its run."""

from pathlib import Path
from typing import Any

from transformers.trainer_callback import TrainerState

from studio.training.checkpoints import Point
from studio.training.point_keeper import restore_best

STATE = "trainer_state.json"


def passes_done(point: Point) -> int:
    """Whole passes over the rows that were made before this point."""
    epoch = TrainerState.load_from_json(str(point.folder / STATE)).epoch or 0.0
    return int(epoch + 1e-6)  # a pass is a sum of fractions


def train_on(trainer: Any, point: Point) -> None:
    """Train from this point to the end, with the losses that a run without a break would have had."""
    trainer.passes_done = passes_done(point)
    trainer.args.eval_on_start = False
    trainer.train(resume_from_checkpoint=str(point.folder))


def fetch_best(trainer: Any, checkpoints: Path, point: Point) -> None:
    """Give the trainer's model the weights of the best point, or of this one where nothing was checked."""
    trainer.state = TrainerState.load_from_json(str(point.folder / STATE))
    restore_best(trainer.state, checkpoints)
    if trainer.state.best_model_checkpoint:
        trainer._load_best_model()
    else:
        trainer._load_from_checkpoint(str(point.folder))

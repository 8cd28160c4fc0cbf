"""A run that was cut off and goes on has the losses, to the last bit, of one that was never cut off."""

from pathlib import Path
from typing import Any

import pytest
from transformers import TrainerCallback

from studio.methods import METHODS, Job
from studio.training.checkpoints import points
from studio.training.events import read_events
from studio.training.going_back import train_on
from studio.training.point_keeper import PointKeeper
from studio.training.reporter import Reporter
from studio.training.run import Run
from tests.methods.described import digest
from tests.methods.lessons import Lessons, lessons

__all__ = ["lessons"]
pytestmark = pytest.mark.slow
STEPS = 9
COMMON = {"max_steps": STEPS, "batch_size": 4, "checks": 3, "learning_rate": 0.003}
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    **{name: (name, {}) for name in METHODS},
    "in two bites": ("sft", {"accumulation": 2}),
    "packed": ("sft", {"packing": True, "max_length": 64, "batch_size": 2}),
    "checkpointing": ("sft", {"checkpointing": True}),
    "whole model": ("sft", {"adapt": "full"}),
    "last layers": ("sft", {"adapt": "last_layers"}),
    "gradual": ("sft", {"adapt": "gradual"}),
    "prompt": ("sft", {"adapt": "prompt"}),
    "prefix": ("sft", {"adapt": "prefix"}),
    "ia3": ("sft", {"adapt": "ia3"}),
    "dora": ("sft", {"dora": True}),
    "lora+": ("sft", {"lora_plus": 8.0}),
    "pissa": ("sft", {"init": "pissa"}),
    "olora": ("sft", {"init": "olora"}),
    "4 bit": ("sft", {"weights": "4bit"}),
    "8 bit": ("sft", {"weights": "8bit"}),
    "whole classifier": ("classification", {"adapt": "full"}),
    "grpo in bites": ("rlhf", {"algorithm": "grpo", "accumulation": 2}),
    "its own answers": ("distillation", {"on_policy": 0.5, "max_length": 256}),
    "whole model of pairs": ("dpo", {"adapt": "full"}),
    "early stopping": ("sft", {"patience": 9}),
}


class PauseAt(TrainerCallback):
    def __init__(self, run: Run, step: int) -> None:
        self.run, self.step = run, step

    def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        if state.global_step == self.step:
            self.run.request_pause()


def train(lessons: Lessons, run: Run, method: str, settings: dict[str, Any], pause: int = 0) -> str:
    """One worker's time with a run; the digest of the model that it leaves."""
    job: Job = lessons.job(method, run.checkpoints, **{**COMMON, **settings})
    run.folder.mkdir(parents=True, exist_ok=True)
    trainer = METHODS[method].build(job)
    known = points(run.checkpoints)
    for callback in (
        PauseAt(run, pause),
        Reporter(run, trainer, METHODS[method].metrics),
        PointKeeper(run, trainer, {}, known[-1] if known else None),
    ):
        trainer.add_callback(callback)
    if known:
        train_on(trainer, known[-1])
    else:
        trainer.train()
    return digest(trainer.model)


def told(run: Run) -> dict[tuple[str, int], Any]:
    """What the run said of each step and check; what it said last counts."""
    found = {}
    for event in read_events(run.events)[0]:
        if event["kind"] in ("step", "check"):
            names = ("loss", "learning_rate", "grad_norm", "metrics", "tokens", "trained_tokens", "epoch")
            found[event["kind"], event["step"]] = {name: event.get(name) for name in names}
    return found


@pytest.mark.parametrize("case", CASES)
def test_a_run_in_three_pieces_is_the_same_run(lessons: Lessons, tmp_path: Path, case: str) -> None:
    method, settings = CASES[case]
    whole, pieces = Run(tmp_path / "runs" / "whole"), Run(tmp_path / "runs" / "pieces")
    expected = train(lessons, whole, method, settings)
    train(lessons, pieces, method, settings, pause=4)
    (pieces.folder / "stop").unlink()
    assert [point.step for point in points(pieces.checkpoints)][-1] == 4
    train(lessons, pieces, method, settings, pause=7)
    (pieces.folder / "stop").unlink()
    found = train(lessons, pieces, method, settings)
    assert told(pieces) == told(whole)
    assert found == expected

"""What is kept is the best of the points that are there."""

from pathlib import Path

import pytest
from transformers import TrainerState

from studio.training.checkpoints import folder_of, seal
from studio.training.point_keeper import restore_best

LOSSES = {4: 2.0, 8: 1.5, 12: 1.0, 16: 1.2}


@pytest.fixture
def state(tmp_path: Path) -> TrainerState:
    """After step 16: points of steps 4, 8 and 16 are there. Step 12 was the best, and there was no room to save it."""
    for step in (4, 8, 16):
        folder = folder_of(tmp_path, step)
        folder.mkdir()
        (folder / "weights").write_bytes(b"12345")
        seal(folder, {})
    history = [{"step": step, "eval_loss": loss} for step, loss in LOSSES.items()]
    elsewhere = str(Path("somewhere else") / "checkpoint-8")  # the folder of the run has been moved since
    return TrainerState(
        log_history=history, best_global_step=12, best_metric=1.0, best_model_checkpoint=elsewhere, global_step=16
    )


def best(state: TrainerState) -> tuple[int, float | None, str]:
    return state.best_global_step, state.best_metric, Path(state.best_model_checkpoint or "").name


def test_a_best_point_that_was_not_saved_gives_way_to_the_best_that_was(state: TrainerState, tmp_path: Path) -> None:
    restore_best(state, tmp_path, "eval_loss")
    assert best(state) == (8, 1.5, "checkpoint-8")
    assert Path(state.best_model_checkpoint).parent == tmp_path


def test_a_saved_best_point_stays_the_best(state: TrainerState, tmp_path: Path) -> None:
    state.best_global_step, state.best_metric = 16, 1.2
    restore_best(state, tmp_path, "loss")
    assert best(state) == (16, 1.2, "checkpoint-16")


def test_without_any_saved_one_the_next_check_is_the_best(state: TrainerState, tmp_path: Path) -> None:
    restore_best(state, tmp_path / "empty", "loss")
    assert best(state) == (0, None, "")

"""When the memory is not enough: more and smaller bites, then less that is kept, then nothing more to give up."""

from pathlib import Path

import pytest

from studio.training.back_off import back_off, fitted, found
from studio.training.run import Run
from studio.workspace import Workspace
from tests.finished import CHAT, PAIRS, waiting_run


def backed_off(run: Run) -> list[tuple[int, bool]]:
    """Bites and checkpointing after each time that the memory was not enough."""
    given, ways = run.recipe().checked_settings(), []
    while back_off(run) and len(ways) < 20:
        now = fitted(run, given)
        ways.append((now.accumulation, now.checkpointing))
    return ways


@pytest.mark.parametrize(
    ("batch", "ways"),
    [
        (8, [(2, False), (4, False), (8, False), (8, True)]),
        (6, [(2, False), (6, False), (6, True)]),
        (7, [(7, False), (7, True)]),
        (1, [(1, True)]),
    ],
)
def test_the_bites_get_smaller_and_the_step_stays(
    workspace: Workspace, tiny_model: Path, batch: int, ways: list[tuple[int, bool]]
) -> None:
    run = waiting_run(workspace, "sft", CHAT, tiny_model, batch_size=batch)
    assert backed_off(run) == ways
    assert fitted(run, run.recipe().checked_settings()).batch_size == batch


def test_it_is_said(workspace: Workspace, tiny_model: Path) -> None:
    run = waiting_run(workspace, "sft", CHAT, tiny_model, batch_size=8)
    said = back_off(run)
    assert said is not None and "The 8 examples of a step are now taken in 2 bites of 4" in said
    assert found(run) == {"accumulation": 2}


def test_thumbs_keep_two_examples_in_a_bite(workspace: Workspace, tiny_model: Path) -> None:
    run = waiting_run(workspace, "kto", PAIRS, tiny_model, batch_size=8)
    assert backed_off(run) == [(2, False), (4, False), (4, True)]

"""The coach's panel under the chart, drawn from a recorded run."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from components import coach_view
from studio.errors import StudioError
from studio.processes import identity
from studio.training.events import EventLog
from studio.training.recipe import load_recipe, save_recipe
from studio.training.run import Run
from studio.workspace import ASSETS, Workspace, write_atomic
from tests.training.coach import replay


@pytest.fixture
def replayed(workspace: Workspace) -> Callable[..., Run]:
    """A recorded curve as a run that is still going on; steps: only so many of them."""

    def make(name: str, steps: int = 10_000) -> Run:
        run = Run(workspace.runs / f"20260101-000000-{name}-abcd")
        run.folder.mkdir()
        recipe = load_recipe(ASSETS / "samples" / "returns.toml")
        recipe.name, recipe.preset, recipe.settings = "Returns <helper>", "", replay.curve(name)["settings"]
        write_atomic(run.folder / "recipe.toml", save_recipe(recipe))
        log = EventLog(run.events)
        for event in replay.events(name):
            if event.get("step", 0) <= steps:
                log.write(event["kind"], **{key: value for key, value in event.items() if key not in ("at", "kind")})
        (run.folder / "process.json").write_text(json.dumps(identity(os.getpid())))  # somebody lives
        return run

    return make


def test_what_is_wrong_is_drawn_with_its_numbers_and_one_button(replayed: Callable[..., Run]) -> None:
    run = replayed("too-high-full")
    drawn = coach_view.draw(run, run.view())
    assert "The learning rate is too high." in drawn and "Learning rate <b>0.1</b>" in drawn
    assert drawn.count("<button") == 1 and "Start again with learning rate 0.00002</button>" in drawn
    assert "what it has learned is kept" in drawn


def test_a_run_that_learns_gets_a_calm_word_and_no_button(replayed: Callable[..., Run]) -> None:
    run = replayed("sft-full")
    drawn = coach_view.draw(run, run.view())
    assert "It is learning." in drawn and "ts-info" in drawn and "<button" not in drawn


def test_before_there_is_anything_to_say_nothing_is_drawn(replayed: Callable[..., Run]) -> None:
    run = replayed("too-high-full", steps=3)
    assert coach_view.draw(run, run.view()) == ""


def test_memorising_offers_to_stop_and_keep(replayed: Callable[..., Run]) -> None:
    run = replayed("overfitting-full")
    drawn = coach_view.draw(run, run.view())
    assert "memorising" in drawn and 'data-coach="stop_and_keep"' in drawn and ">Stop and keep</button>" in drawn


def test_a_button_keeps_its_word_or_is_refused(replayed: Callable[..., Run]) -> None:
    run = replayed("too-high-full")
    action = coach_view.promised(run, "too_high", "Start again with learning rate 0.00002")
    assert action.settings == {"learning_rate": 2e-5}
    with pytest.raises(StudioError, match="another one now"):
        coach_view.promised(run, "too_high", "Start again with learning rate 0.5")


def test_once_started_again_it_says_so_in_place_of_the_button(replayed: Callable[..., Run], tmp_path: Path) -> None:
    run = replayed("too-high-full")
    other = run.folder.parent / "20260101-000001-other-abcd"
    other.mkdir()
    shutil.copy(run.folder / "recipe.toml", other)
    write_atomic(run.folder / "again.json", json.dumps({"settings": {"learning_rate": 2e-5}, "run": other.name}))
    drawn = coach_view.draw(run, run.view())
    assert "<button" not in drawn and "“Returns &lt;helper&gt;” was started with that." in drawn
    shutil.rmtree(other)
    assert "<button" in coach_view.draw(run, run.view()), "that run was deleted"

"""What can be done with a run that is paused or has failed, and that it is done once."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.errors import StudioError
from studio.processes import identity
from studio.training.checkpoints import seal
from studio.training.endings import ask, offers
from studio.training.events import EventLog
from studio.training.queue import go_on
from studio.training.recipe import load_recipe, resolve
from studio.training.run import Run, create_run
from studio.workspace import Workspace


@pytest.fixture
def make_run(workspace: Workspace, make_recipe: Callable[..., Path], monkeypatch: pytest.MonkeyPatch):
    """A run with these events, and whole points at these steps. No worker is ever started."""
    monkeypatch.setattr("studio.training.queue.advance", lambda workspace: None)
    recipe = resolve(workspace, load_recipe(make_recipe()))

    def make(*ending: dict, points: tuple[int, ...] = (), best: int = 0) -> Run:
        run = create_run(workspace, recipe)
        log = EventLog(run.events)
        log.write("plan", steps=80, epochs=1, rows={"train": 20, "check": 2, "test": 2})
        log.write("step", step=52, epoch=0.5, loss=2.0)
        if best:
            log.write("check", step=best, loss=1.5)
        for event in ending:
            log.write(**event)
        for step in points:
            folder = run.checkpoints / f"checkpoint-{step}"
            folder.mkdir(parents=True)
            (folder / "weights").write_bytes(b"12345")
            seal(folder, {})
        return run

    return make


def failed(cause: str) -> dict:
    return {"kind": "failed", "message": "It broke.", "hint": "Mend it.", "cause": cause, "evidence": "A number."}


def labels(run: Run) -> list[str]:
    return [offer.label for offer in offers(run, run.view())]


def live(run: Run) -> Run:
    (run.folder / "process.json").write_text(json.dumps(identity(os.getpid())))
    return run


PAUSED = {"kind": "paused"}


def test_a_paused_run_offers_to_go_on_to_keep_and_to_be_thrown_away(make_run) -> None:
    run = make_run(PAUSED, points=(40, 52), best=40)
    assert labels(run) == ["Go on from step 52", "Keep the best point (step 40)", "Throw away", "Save a report"]


def test_without_a_saved_point_it_begins_again_and_says_so(make_run) -> None:
    assert labels(make_run(failed("killed"))) == ["Begin again from the start", "Save a report"]


def test_a_damaged_point_is_not_offered(make_run) -> None:
    run = make_run(failed("killed"), points=(40, 52))
    (run.checkpoints / "checkpoint-52" / "weights").write_bytes(b"1")
    assert labels(run)[0] == "Go on from step 40"


@pytest.mark.parametrize(
    ("cause", "main", "second"),
    [
        ("killed", "Go on from step 40", "Keep the best point"),
        ("not_a_number", "Start again with a smaller learning rate", "Keep the best point"),
        ("disk_full", "Free space in History", "Go on from step 40"),
        ("model_gone", "Download the model in Model", "Go on from step 40"),
        ("data_changed", "Go to Data", "Keep the best point"),
        ("of a later studio", "Save a report", "Go on from step 40"),
    ],
)
def test_a_failed_run_offers_its_one_next_action_first(make_run, cause: str, main: str, second: str) -> None:
    found = labels(make_run(failed(cause), points=(40,)))
    assert found[:2] == [main, second] and found.count("Save a report") == 1


def test_a_run_that_ended_well_or_goes_on_offers_nothing(make_run) -> None:
    assert labels(make_run({"kind": "finished", "result": {}})) == []
    assert labels(live(make_run())) == []


def test_going_on_twice_asks_once(make_run) -> None:
    run = make_run(PAUSED, points=(52,))
    go_on(run)
    assert (run.view().status, run.view().mode) == ("waiting", "continue")
    with pytest.raises(StudioError, match="nothing to go on with"):
        go_on(run)
    assert run.events.read_text().count('"asked"') == 1


def test_a_pause_is_asked_of_a_run_at_work_only(make_run) -> None:
    run = live(make_run())
    ask(run, "pause")
    assert run.stop_requested() == "pause" and run.view().status == "stopping"
    with pytest.raises(StudioError, match="stopping already"):
        ask(run, "pause")
    ask(run, "discard")  # more than a pause: it is never taken back by one
    assert run.stop_requested() == "discard"


@pytest.mark.parametrize("what", ["pause", "keep", "discard"])
def test_a_press_that_comes_after_the_end_changes_nothing(make_run, what: str) -> None:
    run = make_run({"kind": "finished", "result": {"steps": 80}})
    with pytest.raises(StudioError, match="ended meanwhile"):
        ask(run, what)
    assert run.stop_requested() is None and run.view().status == "finished"


def test_a_run_that_waits_cannot_be_paused(workspace: Workspace, make_recipe: Callable[..., Path]) -> None:
    run = create_run(workspace, resolve(workspace, load_recipe(make_recipe())))
    with pytest.raises(StudioError, match="has not begun"):
        ask(run, "pause")


@pytest.mark.parametrize("ending", [PAUSED, failed("killed")], ids=["paused", "failed"])
def test_a_run_that_is_thrown_away_leaves_nothing_and_keeps_its_time(make_run, ending: dict) -> None:
    run = make_run(ending, points=(40,))
    ended = run.view().ended
    ask(run, "discard")
    view = run.view()
    assert (view.status, view.error, view.ended) == ("discarded", None, ended)
    assert not run.checkpoints.exists()
    with pytest.raises(StudioError, match="nothing to go on with"):
        go_on(run)

"""How long it takes until the first step is told from runs that took place, and not at all before the first one."""

import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from components.live_parts import head
from components.runbar import draw
from studio.errors import StudioError
from studio.processes import identity
from studio.training import first_step
from studio.training.events import EventLog
from studio.training.first_step import (
    BOOK,
    RUNS_KEPT,
    expected,
    kind_of,
    measured,
    note_down,
    seconds_to_first_step,
)
from studio.training.recipe import DataPart, ModelPart, Recipe
from studio.training.run import Run, create_run
from studio.training.view import RunView
from studio.workspace import Workspace
from tests.conftest import wait_until

KIND = kind_of("a/model", "sft", 200, "cpu")
TOLD = {"Starting": 1.0, "Loading the training libraries": 8.0, "Loading the model and the examples": 4.0}


def lines(run: Run, *events: tuple[float, str, str]) -> None:
    """at, kind and text of what a worker has written."""
    with run.events.open("a") as file:
        for at, kind, text in events:
            file.write(json.dumps({"at": at, "kind": kind, "text": text, "step": 1, "epoch": 0.1}) + "\n")


def a_run(workspace: Workspace) -> Run:
    return create_run(workspace, Recipe(name="Shop", data=DataPart(), model=ModelPart(name="a/model")))


def starting(phase: str, ago: float) -> RunView:
    since = datetime.now(UTC) - timedelta(seconds=ago)
    return RunView(status="starting", phase=phase, phase_since=since, expected=dict(TOLD))


def test_phases_are_measured_from_the_device_to_the_first_step(workspace: Workspace) -> None:
    run = a_run(workspace)
    lines(run, (90, "device", ""), (95, "phase", "Loading the training libraries"), (99, "busy", "Somebody else"))
    lines(run, (100, "device", ""), (100.5, "phase", "Loading the training libraries"))
    lines(run, (108, "phase", "Downloading a/model from the hub"), (168, "phase", "Loading the model and the examples"))
    lines(run, (172, "step", ""), (180, "step", ""))
    note_down(run, KIND)
    assert expected(workspace, KIND) == {
        "Starting": 0.5,
        "Loading the training libraries": 7.5,
        "Loading the model and the examples": 4.0,
    }
    assert expected(workspace, kind_of("a/model", "sft", 2000, "cpu")) == {}
    assert expected(workspace, kind_of("a/model", "sft", 200, "cpu", ready=True)) == {}, "it has its imports to make"


def test_a_run_without_a_step_tells_nothing(workspace: Workspace) -> None:
    run = a_run(workspace)
    lines(run, (100, "device", ""), (101, "phase", "Loading the training libraries"))
    assert measured([]) == {}
    note_down(run, KIND)
    assert expected(workspace, KIND) == {} and not (workspace.home / BOOK).exists()


def test_the_middle_one_of_the_last_few_runs_counts(workspace: Workspace) -> None:
    for seconds in (500, 2, 3, 4, 90, 3):
        run = a_run(workspace)
        lines(run, (100, "device", ""), (100 + seconds, "step", ""))
        note_down(run, KIND)
    assert expected(workspace, KIND) == {"Starting": 3}
    assert len(json.loads((workspace.home / BOOK).read_text())[KIND]) == RUNS_KEPT


def test_what_is_left_counts_down_phase_by_phase() -> None:
    assert seconds_to_first_step(starting("Starting", 0.4)) == pytest.approx(12.6, abs=0.1)
    assert seconds_to_first_step(starting("Loading the training libraries", 2)) == pytest.approx(10, abs=0.1)
    assert seconds_to_first_step(starting("Loading the training libraries", 60)) == pytest.approx(4, abs=0.1)
    assert seconds_to_first_step(starting("Downloading a/model", 2)) is None
    assert seconds_to_first_step(RunView(status="starting", phase="Starting")) is None
    assert seconds_to_first_step(RunView(status="running", phase="Training", step=1, expected=dict(TOLD))) is None


def test_the_live_view_and_the_bar_tell_it(workspace: Workspace) -> None:
    run = a_run(workspace)
    view = starting("Loading the training libraries", 2)
    assert "about 10 s until the first step" in head(run, view)
    assert "about 10 s until the first step" in draw(run, view)
    assert "any moment" in draw(run, starting("Loading the model and the examples", 9))
    assert "until the first step" not in draw(run, RunView(status="starting", phase="Starting"))


def test_the_view_of_a_run_knows_it_from_the_log(workspace: Workspace) -> None:
    run = a_run(workspace)
    log = EventLog(run.events)
    log.write("device", key="cpu")
    log.write("expected", phases=TOLD)
    log.write("phase", text="Loading the training libraries")
    (run.folder / "process.json").write_text(json.dumps(identity(os.getpid())))
    left = seconds_to_first_step(run.view())
    assert left is not None and 10 < left <= 12
    log.write("step", step=1, epoch=0.1, loss=2.0)
    assert seconds_to_first_step(run.view()) is None


def test_a_second_run_says_how_long_and_keeps_its_word(workspace: Workspace, start: Callable[..., Run]) -> None:
    """On a computer at rest it is exact within a second; here others may be at work."""
    first = start(max_steps=2, checks=1)
    wait_until(lambda: first.view().status == "finished", 120, "the first run")
    assert "expected" not in first.events.read_text()
    second = start(max_steps=2, checks=1)
    wait_until(lambda: seconds_to_first_step(second.view()) is not None, 60, "the time")
    told, at = seconds_to_first_step(second.view()), time.monotonic()
    wait_until(lambda: second.view().step > 0, 60, "the first step")
    took = time.monotonic() - at
    assert told is not None and 0.25 * took < told < 4 * took
    wait_until(lambda: second.view().status == "finished", 120, "the second run")


def test_a_disk_that_refuses_ends_no_run(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = a_run(workspace)
    lines(run, (100, "device", ""), (103, "step", ""))

    def refuse(*given: object) -> None:
        raise StudioError("The disk is full.")

    monkeypatch.setattr(first_step, "write_json", refuse)
    note_down(run, KIND)
    assert "was not kept" in capsys.readouterr().out

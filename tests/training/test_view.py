"""Events become what a person is shown, whatever state the files are in."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from studio.processes import identity
from studio.training.events import EventLog, read_events
from studio.training.following import fold


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    return tmp_path / "run"


@pytest.fixture
def alive(folder: Path):
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    (folder / "process.json").write_text(json.dumps(identity(process.pid)))
    yield process
    process.kill()
    process.wait()


def write_steps(folder: Path, losses: list[float], steps: int = 20) -> EventLog:
    log = EventLog(folder / "events.jsonl")
    log.write("phase", text="Loading the model")
    log.write("plan", steps=steps, epochs=2, rows={"train": 40, "check": 4, "test": 4})
    for step, loss in enumerate(losses, 1):
        log.write("step", step=step, epoch=step / 10, loss=loss, learning_rate=1e-4, grad_norm=1.0)
    return log


def test_a_run_without_a_process_waits(folder: Path) -> None:
    view = fold(folder)
    assert (view.status, view.live) == ("waiting", False)


def test_from_the_first_word_to_the_last(folder: Path, alive: subprocess.Popen) -> None:
    assert fold(folder).status == "starting"
    log = write_steps(folder, [3.0, 2.5, 2.0])
    log.write("check", step=0, loss=3.1)
    log.write("check", step=3, loss=2.2)
    view = fold(folder)
    assert (view.status, view.step, view.steps, view.loss) == ("running", 3, 20, 2.0)
    assert view.series["loss"] == [(1, 3.0), (2, 2.5), (3, 2.0)]
    assert (view.best_step, view.best_loss) == (3, 2.2)
    assert view.seconds_left is not None
    (folder / "stop").write_text("keep")
    assert fold(folder).status == "stopping"
    log.write("stopped", result={"steps": 3})
    view = fold(folder)
    assert (view.status, view.live, view.seconds_left) == ("stopped", False, None)


def test_after_its_ending_a_run_has_no_more_to_say(folder: Path, alive: subprocess.Popen) -> None:
    log = write_steps(folder, [3.0])
    log.write("finished", result={"steps": 1})
    log.write("failed", message="Something after the end")
    assert (fold(folder).status, fold(folder).result) == ("finished", {"steps": 1})


def test_the_best_point_is_one_that_was_trained(folder: Path, alive: subprocess.Popen) -> None:
    log = write_steps(folder, [3.0, 3.5])
    log.write("check", step=0, loss=2.0)
    assert fold(folder).best_step is None
    log.write("check", step=2, loss=2.5)
    assert (fold(folder).best_step, fold(folder).best_loss) == (2, 2.5)


def test_a_view_does_not_change_under_its_reader(folder: Path, alive: subprocess.Popen) -> None:
    log = write_steps(folder, [3.0])
    before = fold(folder)
    log.write("step", step=2, epoch=0.2, loss=2.0)
    assert fold(folder).series["loss"] == [(1, 3.0), (2, 2.0)]
    assert before.series["loss"] == [(1, 3.0)]


def test_the_version_moves_only_when_something_happened(folder: Path, alive: subprocess.Popen) -> None:
    log = write_steps(folder, [3.0])
    seen = fold(folder).version
    assert fold(folder).version == seen
    log.write("note", text="hello")
    assert fold(folder).version > seen


def test_half_a_line_is_left_for_later_and_a_damaged_one_is_passed_over(folder: Path) -> None:
    path = folder / "events.jsonl"
    path.write_bytes(b'{"at": 1, "kind": "note", "text": "a"}\nrubbish\n{"at": 2, "kind": "no')
    events, offset = read_events(path)
    assert [event["text"] for event in events] == ["a"]
    with path.open("ab") as file:
        file.write(b'te", "text": "b"}\n')
    events, _ = read_events(path, offset)
    assert [event["text"] for event in events] == ["b"]


def test_a_killed_worker_is_found_out(folder: Path, alive: subprocess.Popen) -> None:
    write_steps(folder, [3.0, 2.5])
    (folder / "output.log").write_text("one\nthe last words\n\n")
    assert fold(folder).live
    alive.kill()
    time.sleep(0.2)  # it stays a zombie, because nobody has waited for it
    view = fold(folder)
    assert view.status == "failed"
    assert view.error is not None and view.error.last_line == "the last words"
    assert "step 2 of 20" in view.error.message and view.error.hint


def test_a_reused_process_number_does_not_deceive(folder: Path, alive: subprocess.Popen) -> None:
    write_steps(folder, [3.0])
    who = identity(alive.pid)
    (folder / "process.json").write_text(json.dumps({**who, "created": who["created"] - 1000}))
    assert fold(folder).status == "failed"


def test_numbers_that_are_none_never_reach_a_chart(folder: Path, alive: subprocess.Popen) -> None:
    log = write_steps(folder, [float("nan"), 2.0])
    log.write("check", step=2, loss=float("nan"))
    view = fold(folder)
    assert view.series["loss"] == [(2, 2.0)]
    assert view.series["validation"] == []


def test_a_run_that_goes_on_forgets_the_steps_that_it_takes_again(folder: Path) -> None:
    log = write_steps(folder, [3.0, 2.5, 2.0, 1.5])
    for step, loss in ((0, 3.1), (2, 2.2), (4, 1.8)):
        log.write("check", step=step, loss=loss)
    log.write("failed", message="The disk is full.", hint="Free some space.")
    assert (fold(folder).status, fold(folder).best_step) == ("failed", 4)
    log.write("asked", mode="continue")
    view = fold(folder)
    assert (view.status, view.mode, view.error, view.started) == ("waiting", "continue", None, None)
    log.write("resumed", step=2)
    view = fold(folder)
    assert (view.step, view.resumed_at, view.loss) == (2, 2, 2.5)
    assert view.series["loss"] == [(1, 3.0), (2, 2.5)]
    assert view.series["validation"] == [(0, 3.1), (2, 2.2)]
    assert (view.best_step, view.best_loss) == (2, 2.2)
    log.write("step", step=3, epoch=0.3, loss=1.9)
    assert fold(folder).series["loss"] == [(1, 3.0), (2, 2.5), (3, 1.9)]


def test_a_pause_is_an_ending_that_can_be_undone(folder: Path) -> None:
    log = write_steps(folder, [3.0, 2.5])
    log.write("paused", step=2)
    assert (fold(folder).status, fold(folder).live) == ("paused", False)
    log.write("phase", text="a late word")
    assert fold(folder).status == "paused"
    log.write("asked", mode="keep")
    assert (fold(folder).status, fold(folder).mode) == ("waiting", "keep")


def test_a_line_that_was_cut_off_costs_none_after_it(folder: Path) -> None:
    log = write_steps(folder, [3.0])
    with (folder / "events.jsonl").open("ab") as file:
        file.write(b'{"at": 1, "kind": "step", "st')
    log.write("paused", step=1)
    assert fold(folder).status == "paused"

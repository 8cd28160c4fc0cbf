"""A real worker that waits for its device: it says so, can be stopped, sent away and passed by, and then begins."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.models.hardware import look
from studio.processes import is_alive
from studio.training.device import ELSEWHERE, holding
from studio.training.events import EventLog, read_events
from studio.training.queue import active_run, advance, cancel, go_on, move, start
from studio.training.run import Run, list_runs
from studio.training.waiting import waiting
from studio.workspace import Workspace, write_json
from tests.conftest import wait_until
from tests.training.queued import new_run


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator["Elsewhere"]:
    training = Elsewhere(tmp_path / "other home")
    yield training
    training.end()


class Elsewhere:
    """Another studio on this computer, which trains until `end`."""

    def __init__(self, home: Path) -> None:
        self.held = holding(look().key, home)
        self.held.__enter__()
        self.going = True

    def end(self) -> None:
        if self.going:
            self.held.__exit__(None, None, None)
        self.going = False


@pytest.fixture
def runs(workspace: Workspace) -> Iterator[list[Run]]:
    yield [new_run(workspace, name) for name in ("Apple", "Bread")]
    for run in list_runs(workspace):
        if run.has_process():
            os.kill((run.process() or {})["pid"], signal.SIGKILL)


def waits_for_device(run: Run) -> bool:
    return run.view().held_up and run.has_process()


def kinds(run: Run) -> list[str]:
    return [event["kind"] for event in read_events(run.events)[0]]


def test_it_says_why_it_waits_and_begins_when_the_other_studio_has_ended(
    workspace: Workspace, runs: list[Run], elsewhere: Elsewhere
) -> None:
    assert advance(workspace) == runs[0]
    wait_until(lambda: waits_for_device(runs[0]), 60, "the worker to say why it waits")
    view = runs[0].view()
    assert view.status == "waiting" and f"{view.phase}." == ELSEWHERE and view.log[-1][1] == ELSEWHERE
    assert active_run(workspace) is None and advance(workspace) is None
    elsewhere.end()
    wait_until(lambda: "device" in kinds(runs[0]), 30, "it to take the device")
    wait_until(lambda: runs[0].view().status == "failed", 60, "its recipe, which names no model, to be refused")
    assert runs[0].view().started is not None


@pytest.mark.slow
def test_stop_works_while_it_waits(workspace: Workspace, runs: list[Run], elsewhere: Elsewhere) -> None:
    advance(workspace)
    wait_until(lambda: waits_for_device(runs[0]), 60, "the worker to say why it waits")
    runs[0].request_stop(keep=True)
    wait_until(lambda: runs[0].view().status == "discarded", 30, "it to stop")
    wait_until(lambda: waits_for_device(runs[1]), 60, "the next one to have its turn")
    assert kinds(runs[0]) == ["busy", "discarded"]


def test_stop_on_one_that_was_to_go_on_leaves_it_paused(
    workspace: Workspace, runs: list[Run], elsewhere: Elsewhere
) -> None:
    cancel(runs[1])
    EventLog(runs[0].events).write("paused")
    go_on(runs[0])
    wait_until(lambda: waits_for_device(runs[0]), 60, "the worker to say why it waits")
    runs[0].request_stop(keep=False)
    wait_until(lambda: not runs[0].has_process(), 30, "its worker to leave")
    assert kinds(runs[0]) == ["paused", "asked", "busy", "unasked"]
    assert runs[0].view().status == "paused"


@pytest.mark.slow
def test_who_is_passed_by_leaves_and_has_its_turn_later(
    workspace: Workspace, runs: list[Run], elsewhere: Elsewhere
) -> None:
    advance(workspace)
    wait_until(lambda: waits_for_device(runs[0]), 60, "the worker to say why it waits")
    first = runs[0].process()
    move(runs[1], "up")
    wait_until(lambda: waits_for_device(runs[1]), 60, "the one that was put first to have its turn")
    assert not runs[0].has_process() and waiting(workspace) == [runs[1], runs[0]]
    move(runs[0], "first")
    wait_until(lambda: waits_for_device(runs[0]), 60, "the first one to have its turn again")
    assert runs[0].process() != first and not runs[1].has_process()
    cancel(runs[0])
    wait_until(lambda: waits_for_device(runs[1]), 60, "the other to have its turn")
    assert runs[0].view().status == "discarded" and "device" not in kinds(runs[0]) + kinds(runs[1])


def test_a_worker_that_nobody_wrote_down_claims_its_run_and_a_second_one_leaves(
    workspace: Workspace, runs: list[Run], elsewhere: Elsewhere
) -> None:
    """The server was killed just after it had started a worker, and the next server has started another one."""
    orphan = start(runs[0]).process()
    (runs[0].folder / "process.json").unlink()
    wait_until(lambda: runs[0].process() == orphan, 60, "the worker to write itself down")
    second = start(runs[1]).process()
    write_json(runs[1].folder / "process.json", orphan)
    wait_until(lambda: not is_alive(second), 60, "the worker that is not meant to leave")
    assert "device" not in kinds(runs[1])

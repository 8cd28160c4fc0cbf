"""The queue goes on with no page open, whatever happens on the way."""

import logging

import pytest

from studio.errors import StudioError
from studio.training import keeper
from studio.training.events import EventLog
from studio.training.keeper import Keeper
from studio.training.queue import active_run
from studio.workspace import Workspace
from tests.conftest import wait_until
from tests.training.queued import Sleepers, new_run

pytestmark = pytest.mark.usefixtures("workers")


def test_the_next_run_begins_after_an_ending_and_after_a_death(workspace: Workspace, workers: Sleepers) -> None:
    runs = [new_run(workspace, name) for name in ("Apple", "Bread", "Cheese")]
    looking = Keeper(workspace, every=0.05).start()
    wait_until(lambda: active_run(workspace) == runs[0], 20, "the first run")
    EventLog(runs[0].events).write("finished", result={})
    wait_until(lambda: active_run(workspace) == runs[1], 20, "the second run")
    workers[1].kill()
    workers[1].wait()
    wait_until(lambda: active_run(workspace) == runs[2], 20, "the third run")
    looking.end()
    looking.thread.join(10)
    assert not looking.thread.is_alive() and len(workers) == 3


def test_trouble_is_told_once_and_survived(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    answers = [StudioError("The disk is full.", "Free some space."), None]
    looks: list[int] = []

    def advance(_: Workspace) -> None:
        looks.append(1)
        if answers[0]:
            raise answers[0]

    monkeypatch.setattr(keeper, "advance", advance)
    looking = Keeper(workspace)
    with caplog.at_level(logging.WARNING):
        assert [looking.look(), looking.look()] == [False, False]
        assert caplog.text.count("The disk is full. Free some space.") == 1
        answers.insert(0, None)
        assert looking.look()
        answers.insert(0, StudioError("The disk is full.", "Free some space."))
        assert not looking.look()
    assert len(caplog.records) == 2 and len(looks) == 4


def test_it_looks_less_often_while_there_is_trouble(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    looking = Keeper(workspace, every=5)
    answers = iter([False, False, False, False, False, True, True])
    monkeypatch.setattr(looking, "look", lambda: next(answers))

    def wait(seconds: float) -> bool:
        pauses.append(seconds)
        return len(pauses) > 7

    monkeypatch.setattr(looking.ended, "wait", wait)
    looking.keep()
    assert pauses == [5, 10, 20, 40, 60, 60, 5, 5]

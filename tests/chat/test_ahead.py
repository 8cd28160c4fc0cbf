"""A run that has just ended is ready to be asked; what nobody asks for is given back."""

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from studio.chat import ahead
from studio.chat.ahead import Ahead
from studio.chat.client import Chat
from studio.chat.holder import Holder
from studio.errors import StudioError
from studio.training.events import EventLog
from studio.training.run import Run
from studio.training.view import RunView
from studio.workspace import Workspace
from tests.chat.results import adapted, keep, new_run
from tests.conftest import wait_until


@pytest.fixture
def run(workspace: Workspace, tiny_model: Path) -> Run:
    found = new_run(workspace, tiny_model, "Shop")
    keep(found, adapted(tiny_model, "lora"))
    EventLog(found.events).write("finished", result={})
    return found


@pytest.fixture
def chat(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Chat]:
    monkeypatch.setattr(ahead, "LOOK", 0.05)
    service = Chat(workspace)
    yield service
    service.close()


def ended(looker: Ahead, run: Run, status: str = "finished", *others: RunView) -> object:
    looker.look([(run, RunView(status="running"))])
    return looker.look([(run, RunView(status=status)), *((run, view) for view in others)])


def alive(chat: Chat) -> bool:
    return chat.child.process is not None and chat.child.process.poll() is None


def test_models_are_ready_when_the_first_question_comes(chat: Chat, run: Run) -> None:
    looker = Ahead(chat)
    assert ended(looker, run) is not None
    wait_until(lambda: alive(chat), 10, "the chat process")
    with chat.child.turn:  # free again when the models are loaded
        process = chat.child.process
    began = time.monotonic()
    answers = list(chat.ask(run.id, "Where is my cup?", 8))
    warm = time.monotonic() - began
    assert answers[-1].phase == "Done" and chat.child.process is process
    time.sleep(0.3)
    assert alive(chat)  # it was asked, so it stays
    chat.close()
    began = time.monotonic()
    assert list(chat.ask(run.id, "Where is my cup?", 8))[-1].tuned == answers[-1].tuned
    assert warm < 0.5 * (time.monotonic() - began)


def test_what_nobody_asks_for_is_given_back(chat: Chat, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "IDLE", 0.2)
    assert ended(Ahead(chat), run) is not None
    wait_until(lambda: alive(chat), 10, "the chat process")
    wait_until(lambda: chat.child.process is None, 60, "its end")


def test_it_leaves_when_a_run_begins(chat: Chat, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "active_run", lambda workspace: run)
    assert ended(Ahead(chat), run) is not None
    wait_until(lambda: alive(chat), 10, "the chat process")
    wait_until(lambda: chat.child.process is None, 60, "its end")


def test_nothing_is_loaded_without_an_end_that_is_worth_it(chat: Chat, run: Run) -> None:
    looker = Ahead(chat)
    assert looker.look([(run, RunView(status="finished"))]) is None  # of a run that had ended before the page opened
    assert ended(looker, run, "failed") is None
    assert ended(looker, run, "discarded") is None
    assert ended(looker, run, "finished", RunView(status="waiting")) is None
    assert chat.child.process is None


def test_where_it_would_take_most_of_the_memory_nothing_is_loaded(
    workspace: Workspace, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from studio.chat import holder

    monkeypatch.setattr(holder, "weights_gb", lambda folder, size: 0.6)
    one = Holder(workspace)
    monkeypatch.setattr(holder.psutil, "virtual_memory", lambda: SimpleNamespace(total=2**31, available=2**30))
    monkeypatch.setattr(holder, "look", lambda: SimpleNamespace(gpu=None))
    with pytest.raises(StudioError, match="GB of memory"):
        one.hold(run, 0.5)
    one.hold(run)

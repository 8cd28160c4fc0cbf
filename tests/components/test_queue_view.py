"""The card of waiting runs: in their order, with what is known of when they begin, and buttons that obey."""

import os
import time

import pytest

from components import queue_view, runbar
from components.queue_view import OUT, change, draw, note
from studio.errors import StudioError
from studio.processes import identity
from studio.training.events import EventLog
from studio.training.run import Run
from studio.training.waiting import waiting
from studio.workspace import Workspace, write_json
from tests.training.queued import held_up, new_run


@pytest.fixture
def at_work(workspace: Workspace) -> Run:
    """A run that trains; this process stands for its worker."""
    run = new_run(workspace, "At <work>")
    write_json(run.folder / "process.json", identity(os.getpid()))
    return run


@pytest.fixture
def runs(workspace: Workspace, at_work: Run) -> list[Run]:
    return [new_run(workspace, name) for name in ("Apple", "Bread", "Cheese")]


def take_steps(run: Run) -> None:
    log, now = EventLog(run.events), time.time()
    log.write("plan", steps=100, epochs=1, rows={"train": 9, "check": 1, "test": 1}, at=now - 100)
    for step in range(1, 11):
        log.write("step", step=step, epoch=step / 100, loss=2.0, at=now - 100 + step * 10)


def test_nothing_is_shown_while_nothing_waits_behind_another(workspace: Workspace, at_work: Run) -> None:
    assert "ts-queue" not in draw(workspace)
    new_run(workspace, "Apple")
    assert "ts-queue" in draw(workspace)


def test_it_says_of_each_what_is_known_and_no_more(workspace: Workspace, at_work: Run, runs: list[Run]) -> None:
    drawn = draw(workspace)
    assert drawn.index("Apple</b>") < drawn.index("Bread</b>") < drawn.index("Cheese</b>")
    assert "Begins when “At &lt;work&gt;” has ended." in drawn and "Begins when “Apple” has ended." in drawn
    assert "from now" not in drawn, "nobody knows yet"
    take_steps(at_work)
    drawn = draw(workspace)
    assert "Begins when “At &lt;work&gt;” has ended, about 15 min from now." in drawn
    assert drawn.count("from now") == 1, "of the others nothing is known"
    log = EventLog(at_work.events)
    log.write("step", step=99, epoch=0.99, loss=2.0)
    assert "has ended, soon." in draw(workspace)


def test_each_button_is_named_after_its_run(workspace: Workspace, runs: list[Run]) -> None:
    drawn = draw(workspace)
    for name in ("Move Bread up", "Move Bread down", "Take out Bread", "Move Cheese first"):
        assert f'aria-label="{name}"' in drawn
    assert 'aria-label="Move Apple up" aria-disabled="true"' in drawn
    assert 'aria-label="Move Cheese down" aria-disabled="true"' in drawn
    assert "Move Bread first" not in drawn, "up does the same"


def test_buttons_do_what_they_say(workspace: Workspace, runs: list[Run]) -> None:
    apple, bread, cheese = runs
    assert change(workspace, cheese.id, "up") == "“Cheese” is now number 2 of 3."
    assert change(workspace, apple.id, "down") == "“Apple” is now number 2 of 3."
    assert waiting(workspace) == [cheese, apple, bread]
    assert change(workspace, bread.id, "first") == "“Bread” is now number 1 of 3."
    assert change(workspace, cheese.id, OUT) == "“Cheese” was taken out of the queue."
    assert waiting(workspace) == [bread, apple]
    for wrong in ((cheese.id, "up"), ("../elsewhere", "up"), (bread.id, "sideways")):
        with pytest.raises(StudioError):
            change(workspace, *wrong)


def test_what_was_done_is_spoken_and_stays_until_the_next_press(workspace: Workspace, runs: list[Run]) -> None:
    said = "“Apple & <Bread>” is now number 1 of 3."
    assert queue_view.said_in(draw(workspace, said)) == said
    assert queue_view.said_in(draw(workspace)) == "" == queue_view.said_in("")


def test_set_up_says_truly_what_a_new_run_would_wait_for(workspace: Workspace) -> None:
    assert note(workspace) == ""
    first = new_run(workspace, "First")
    write_json(first.folder / "process.json", identity(os.getpid()))
    assert "A run is going on. This one will wait and start by itself when that one has ended." in note(workspace)
    new_run(workspace, "Second")
    assert "1 run waits for its turn. This one will wait and start by itself when its turn has come." in note(workspace)


def test_the_run_bar_says_how_many_wait_and_why_one_is_held_up(workspace: Workspace, at_work: Run) -> None:
    assert "waiting" not in runbar.draw(at_work, at_work.view())
    assert "<b>2</b> waiting" in runbar.draw(at_work, at_work.view(), 2)
    held_up(at_work, identity(os.getpid()))
    bar = runbar.draw(at_work, at_work.view())
    assert "Another studio on this computer is training." in bar and "progressbar" not in bar
    assert "Another studio on this computer is training." in draw_with_one_behind(workspace)


def draw_with_one_behind(workspace: Workspace) -> str:
    new_run(workspace, "Behind")
    return draw(workspace)

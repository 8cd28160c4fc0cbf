"""The queue: its order can be changed and survives, a place can be given up, and only one run has its turn."""

import multiprocessing
from pathlib import Path

import pytest

from studio.errors import StudioError
from studio.training import queue
from studio.training.events import EventLog
from studio.training.queue import active_run, advance, cancel, go_on, hand_over, move
from studio.training.run import Run
from studio.training.waiting import waiting
from studio.workspace import Workspace
from tests.training.queued import Sleepers, forget, held_up, new_run, sleeping_worker

pytestmark = pytest.mark.usefixtures("workers")


@pytest.fixture
def runs(workspace: Workspace) -> list[Run]:
    return [new_run(workspace, name) for name in ("Apple", "Bread", "Cheese")]


def names(workspace: Workspace) -> list[str]:
    return [run.name for run in waiting(workspace)]


def ended(run: Run, kind: str = "paused") -> Run:
    """As if it had trained for two steps before it ended so."""
    log = EventLog(run.events)
    log.write("phase", text="Loading")
    log.write("plan", steps=9, epochs=1, rows={"train": 9, "check": 1, "test": 1})
    for step in (1, 2):
        log.write("step", step=step, epoch=step / 9, loss=3.0 - step)
    log.write(kind, **({"message": "The memory was full.", "hint": "Close something."} if kind == "failed" else {}))
    return run


def test_runs_wait_in_the_order_in_which_they_came(workspace: Workspace, runs: list[Run]) -> None:
    assert waiting(workspace) == runs
    assert advance(workspace) == runs[0]
    assert advance(workspace) is None
    assert waiting(workspace) == runs[1:]


def test_the_order_can_be_changed_and_survives_a_restart(workspace: Workspace, runs: list[Run]) -> None:
    new_run(workspace, "First of all")
    advance(workspace)
    first = active_run(workspace)
    assert first is not None and first.name == "Apple"
    move(runs[2], "first")
    assert names(workspace) == ["Cheese", "Bread", "First of all"]
    move(runs[1], "down")
    move(runs[2], "up")
    assert names(workspace) == ["Cheese", "First of all", "Bread"]
    move(runs[1], "down")
    move(runs[1], "up")
    forget()
    assert names(workspace) == ["Cheese", "Bread", "First of all"]
    new_run(workspace, "Newest")
    assert names(workspace)[-1] == "Newest"


def test_the_next_one_is_the_one_that_a_person_put_first(
    workspace: Workspace, runs: list[Run], workers: Sleepers
) -> None:
    advance(workspace)
    move(runs[2], "first")
    EventLog(runs[0].events).write("finished", result={})
    assert advance(workspace) == runs[2]


def test_names_that_wait_no_longer_and_a_damaged_file_change_nothing(workspace: Workspace, runs: list[Run]) -> None:
    file = workspace.home / "queue.json"
    file.write_text(f'{{"order": ["gone", "{runs[2].id}", "{runs[2].id}", 7]}}')
    assert names(workspace) == ["Cheese", "Apple", "Bread"]
    for damaged in ("", "[]", '{"order": 1}', "{", "null"):
        file.write_text(damaged)
        assert names(workspace) == ["Apple", "Bread", "Cheese"]


def test_a_run_that_never_began_is_discarded_when_it_is_taken_out(workspace: Workspace, runs: list[Run]) -> None:
    advance(workspace)
    cancel(runs[1])
    assert runs[1].view().status == "discarded"
    assert names(workspace) == ["Cheese"]
    forget()
    assert runs[1].view().status == "discarded"
    with pytest.raises(StudioError, match="does not wait any more"):
        cancel(runs[1])
    with pytest.raises(StudioError, match="does not wait any more"):
        move(runs[0], "down")


@pytest.mark.parametrize("kind", ["paused", "failed"])
def test_a_run_that_was_to_go_on_is_again_what_it_was(workspace: Workspace, runs: list[Run], kind: str) -> None:
    advance(workspace)
    run = ended(runs[1], kind)
    before = run.view()
    point = run.checkpoints / "checkpoint-2"
    point.mkdir(parents=True)
    go_on(run)
    assert run.view().status == "waiting"
    assert names(workspace) == ["Cheese", "Bread"], "it came last"
    cancel(run)
    for _ in range(2):
        after = run.view()
        assert (after.status, after.error, after.ended, after.phase) == (
            (before.status, before.error, before.ended, before.phase)
        )
        assert after.series == before.series and after.elapsed == before.elapsed
        assert point.is_dir() and names(workspace) == ["Cheese"]
        forget()
    go_on(run)
    assert names(workspace) == ["Cheese", "Bread"]


def test_a_silent_death_is_remembered_when_the_run_is_taken_out_again(
    workspace: Workspace, runs: list[Run], workers: Sleepers
) -> None:
    """Its only trace was the name of a process, which is removed when it is asked to go on."""
    run = advance(workspace)
    assert run is not None
    EventLog(run.events).write("phase", text="Loading")
    run.log.write_text("Killed\n")
    workers[0].kill()
    workers[0].wait()
    death = run.view().error
    assert death is not None and death.last_line == "Killed"
    advance(workspace)
    go_on(run)
    cancel(run)
    forget()
    assert (run.view().status, run.view().error) == ("failed", death)


def test_stop_on_a_run_that_waits_to_go_on_never_throws_it_away(workspace: Workspace, runs: list[Run]) -> None:
    advance(workspace)
    run = ended(runs[1])
    go_on(run)
    run.request_stop(keep=False)
    assert run.view().status == "paused"


def test_who_waits_for_the_device_is_not_training_and_has_its_turn(
    workspace: Workspace, runs: list[Run], workers: Sleepers
) -> None:
    run = advance(workspace)
    assert run is not None
    held_up(run, run.process() or {})
    view = run.view()
    assert (view.status, view.live, view.elapsed) == ("waiting", False, 0.0)
    assert "Another studio" in view.phase
    assert active_run(workspace) is None
    assert advance(workspace) is None and len(workers) == 1
    EventLog(run.events).write("device", key="cpu")
    assert run.view().status == "starting" and active_run(workspace) == run


def test_another_can_be_put_before_one_that_waits_for_the_device(
    workspace: Workspace, runs: list[Run], workers: Sleepers
) -> None:
    first = advance(workspace)
    assert first == runs[0]
    held_up(first, first.process() or {})
    move(runs[2], "first")
    assert first.process() is None, "its worker finds that it is not wanted any more"
    assert first.view().phase == "Waiting for its turn"
    assert active_run(workspace) == runs[2] and len(workers) == 2
    assert names(workspace) == ["Apple", "Bread"]


def test_one_that_waits_for_the_device_can_be_taken_out(
    workspace: Workspace, runs: list[Run], workers: Sleepers
) -> None:
    first = advance(workspace)
    assert first == runs[0]
    held_up(first, first.process() or {})
    cancel(first)
    assert first.view().status == "discarded" and first.process() is None
    assert active_run(workspace) == runs[1]


def test_who_dies_while_it_waits_for_the_device_waits_on(
    workspace: Workspace, runs: list[Run], workers: Sleepers
) -> None:
    first = advance(workspace)
    assert first == runs[0]
    held_up(first, first.process() or {})
    workers[0].kill()
    workers[0].wait()
    for _ in range(2):
        assert first.view().status == "waiting"
        forget()
    assert advance(workspace) == first and len(workers) == 2


def test_one_that_waits_for_the_device_between_two_workers_keeps_what_it_has(
    workspace: Workspace, runs: list[Run], workers: Sleepers
) -> None:
    """Its first worker had not enough memory and left; meanwhile another studio has taken the device."""
    run = advance(workspace)
    assert run is not None
    log = EventLog(run.events)
    log.write("device", key="cpu")
    log.write("plan", steps=9, epochs=1, rows={"train": 9, "check": 1, "test": 1})
    hand_over(run)
    held_up(run, run.process() or {})
    worked = run.view().elapsed
    assert run.view().status == "waiting" and run.view().turns == 1
    run.request_stop(keep=True)
    workers[-1].kill()
    workers[-1].wait()
    assert run.view().status == "paused"
    go_on(run)
    cancel(run)
    assert run.view().status == "paused" and run.view().elapsed == worked


def test_taking_that_one_out_pauses_it(workspace: Workspace, runs: list[Run], workers: Sleepers) -> None:
    run = advance(workspace)
    assert run is not None
    EventLog(run.events).write("device", key="cpu")
    held_up(run, run.process() or {})
    cancel(run)
    assert run.view().status == "paused"
    forget()
    assert run.view().status == "paused" and run.stop_requested() is None


def test_an_ended_run_is_looked_at_again_when_it_is_asked_to_go_on(workspace: Workspace, runs: list[Run]) -> None:
    run = ended(runs[0])
    assert run not in waiting(workspace)
    go_on(run)
    assert active_run(workspace) == runs[1], "the others came before it"
    assert run in waiting(workspace)


def push(home: Path, ids: list[str], turns: int) -> None:
    """One of several servers: moves runs about and looks whose turn it is."""
    queue.start_detached = sleeping_worker([])
    workspace = Workspace(home)
    for turn in range(turns):
        try:
            move(Run(workspace.runs / ids[turn % len(ids)]), "first" if turn % 2 else "down")
        except StudioError as refused:
            assert "does not wait" in refused.message or "just now" in refused.message
        advance(workspace)


def test_moving_and_advancing_at_once_starts_one_and_loses_none(workspace: Workspace) -> None:
    runs = [new_run(workspace, f"Number {number}") for number in range(6)]
    fresh = multiprocessing.get_context("spawn")
    ids = [run.id for run in runs]
    servers = [fresh.Process(target=push, args=(workspace.home, ids[n:] + ids[:n], 12)) for n in range(4)]
    for server in servers:
        server.start()
    for server in servers:
        server.join()
    began = [run for run in runs if run.process()]
    try:
        assert [server.exitcode for server in servers] == [0] * 4
        assert len(began) == 1 and active_run(workspace) == began[0]
        assert sorted(run.id for run in waiting(workspace)) == sorted(run.id for run in runs if run not in began)
    finally:
        import psutil

        for run in began:
            psutil.Process(int((run.process() or {})["pid"])).kill()

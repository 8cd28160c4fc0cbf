"""Whose turn it is. Waiting runs are folders; whoever looks may start the next, and a lock keeps it to one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Literal

import psutil
from filelock import FileLock, Timeout

from studio.errors import StudioError
from studio.processes import start_detached
from studio.training.checkpoints import points
from studio.training.events import EventLog, read_events
from studio.training.readiness import take
from studio.training.recipe import Recipe
from studio.training.run import Run, create_run, recipe_of
from studio.training.tracking.keys import is_kept_elsewhere, secrets_for
from studio.training.view import FINAL, RunView
from studio.training.waiting import at_work, in_order, not_ended, waiting, write_order
from studio.workspace import Workspace, write_json

Mode = Literal["continue", "keep"]
Move = Literal["up", "down", "first"]


def submit(workspace: Workspace, recipe: Recipe) -> Run:
    """Put a resolved recipe into the queue; it starts at once if nothing else is training."""
    run = create_run(workspace, recipe)
    advance(workspace)
    return run


def advance(workspace: Workspace) -> Run | None:
    """Start the run whose turn it is, unless one is at work. Returns the run it started.

    Called by the server's keeper every few seconds and by each worker at its end; any number may call it at once.
    """
    if not waiting(workspace):
        return None
    try:
        with queue_lock(workspace):
            found = not_ended(workspace)
            if any(at_work(run, view) for run, view in found):
                return None
            queue = in_order(workspace, [run for run, view in found if view.status == "waiting"])
            if not queue or is_kept_elsewhere(workspace, readable_recipe(queue[0])):
                return None
            return start(queue[0])
    except Timeout:
        return None


def go_on(run: Run, mode: Mode = "continue") -> None:
    """Ask a run that was paused or has failed to go on from its last point, or to keep the best one and end.

    It waits for its turn like any other. Raises StudioError when it is not one of these, or has no such point.
    """
    with changing(run.workspace):
        view = run.glance()
        if view.status not in ("paused", "failed"):
            raise StudioError(f"“{run.name}” has nothing to go on with.", "Start a new run in Set up.")
        if mode == "keep" and not points(run.checkpoints):
            raise StudioError(f"“{run.name}” ended before its first point was saved.", "Let it go on, or delete it.")
        write_down_death(run, view)
        write_order(run.workspace, [*waiting(run.workspace), run])  # it is old, and yet the last who came
        for name in ("stop", "process.json"):
            (run.folder / name).unlink(missing_ok=True)
        EventLog(run.events).write("asked", mode=mode)
    advance(run.workspace)


def cancel(run: Run) -> None:
    """Take a waiting run out of the queue. It loses its place and nothing else.

    One that never began becomes discarded; one that was asked to go on is again what it was, with all its points; one
    that was at work before without an ending is paused.
    Raises StudioError when it does not wait any more.
    """
    with changing(run.workspace):
        view = waiting_view(run)
        send_worker_away(run)
        withdraw(run, view)
    advance(run.workspace)


def withdraw(run: Run, view: RunView) -> None:
    """Write down that a waiting run waits no longer. Under the queue's lock."""
    if view.mode:
        EventLog(run.events).write("unasked")
    elif view.turns:  # between two workers: the first one's memory was not enough, and it has learned something
        EventLog(run.events).write("paused")
    else:
        run.request_stop(keep=False)


def move(run: Run, to: Move) -> None:
    """Give a waiting run another place in the queue. Raises StudioError when it does not wait any more."""
    with changing(run.workspace):
        waiting_view(run)
        order = waiting(run.workspace)
        place = order.index(run)
        order.insert({"up": max(0, place - 1), "down": place + 1, "first": 0}[to], order.pop(place))
        write_order(run.workspace, order)
        for other in order[1:]:  # who waits for the device without being next any more
            send_worker_away(other)
    advance(run.workspace)


def active_run(workspace: Workspace) -> Run | None:
    """The run at work now, if any. One that waits for the device is not at work."""
    return next((run for run, view in not_ended(workspace) if view.live), None)


def start(run: Run) -> Run:
    """Start the worker of a run, whatever else is going on: the one that waits for it, or a fresh one."""
    recipe = readable_recipe(run)
    secrets = secrets_for(recipe)
    who = take(run, recipe, secrets)
    if who is None:
        who = start_detached("studio.training.worker", str(run.folder), log=run.log, secrets=secrets)
    try:
        # Written here as well as by the worker itself, so that it is known while it is still waking up.
        write_json(run.folder / "process.json", who)
    except StudioError:  # nobody would know of it
        psutil.Process(int(who["pid"])).kill()
        raise
    return run


def readable_recipe(run: Run) -> Recipe | None:
    """None for one that cannot be read: its worker says why."""
    try:
        return recipe_of(run)
    except (OSError, ValueError):
        return None


def hand_over(run: Run) -> Run:
    """Start another worker of a run in the place of the one that asks, which is about to end."""
    with queue_lock(run.workspace, timeout=-1):  # the new one looks under this lock whether it is the one that is meant
        return start(run)


def queue_lock(workspace: Workspace, timeout: float = 5) -> FileLock:
    """Whoever changes who waits, who is next, or which process is a run's worker, does so under this lock."""
    return FileLock(workspace.locks / "queue.lock", timeout=timeout)


@contextmanager
def changing(workspace: Workspace) -> Iterator[None]:
    """The lock, or a StudioError for a person where somebody else keeps it."""
    lock = queue_lock(workspace)
    try:
        lock.acquire()
    except Timeout as error:
        raise StudioError("The queue is being changed somewhere else just now.", "Try once more.") from error
    try:
        yield
    finally:
        lock.release()


def waiting_view(run: Run) -> RunView:
    view = run.view()
    if view.status != "waiting":
        raise StudioError(
            f"“{run.name}” does not wait any more.",
            "It has begun meanwhile: Live run shows it." if view.live else "History says what became of it.",
        )
    return view


def send_worker_away(run: Run) -> None:
    """The worker of a waiting run, which waits for the device, ends when it finds itself written down no longer."""
    if run.has_process():
        EventLog(run.events).write("busy", text="")
        (run.folder / "process.json").unlink(missing_ok=True)


def write_down_death(run: Run, view: RunView) -> None:
    """A worker that was killed has left no last word. Before its traces are removed they are written down for it."""
    events, _ = read_events(run.events)
    if view.error and not (events and events[-1]["kind"] in FINAL):
        at = {"at": view.ended.timestamp()} if view.ended else {}
        EventLog(run.events).write("failed", **asdict(view.error), **at)

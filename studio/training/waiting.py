"""Who waits, and in which order: what is read of the queue. Waiting runs are folders; HOME/queue.json names some first.

What changes it is in studio.training.queue.
"""

from contextlib import suppress
from pathlib import Path

from studio.training.run import Run, list_runs
from studio.training.view import FINAL, RunView
from studio.workspace import Workspace, read_json, write_json

Stamp = tuple[int, int] | None

_ended: dict[Path, dict[Path, Stamp]] = {}  # of each home the runs that have ended, with the state of their events then


def waiting(workspace: Workspace) -> list[Run]:
    """The runs that wait for their turn, the next one first."""
    return in_order(workspace, [run for run, view in not_ended(workspace) if view.status == "waiting"])


def at_work(run: Run, view: RunView) -> bool:
    """Whether a run has its turn: it trains, wakes up, or its worker waits for the device."""
    return view.live or (view.held_up and run.has_process())


def not_ended(workspace: Workspace) -> list[tuple[Run, RunView]]:
    """The runs without an ending. One that has ended is not looked at again before somebody writes to its events."""
    known, ended, found = _ended.get(workspace.home, {}), {}, []
    for run in list_runs(workspace):
        stamp = stamp_of(run.events)  # before it is read: what comes meanwhile is read the next time
        if run.folder in known and known[run.folder] == stamp:
            ended[run.folder] = stamp
            continue
        view = run.glance()
        if view.status in FINAL:
            ended[run.folder] = stamp
        else:
            found.append((run, view))
    _ended[workspace.home] = ended
    return found


def stamp_of(file: Path) -> Stamp:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def in_order(workspace: Workspace, runs: list[Run]) -> list[Run]:
    """These runs as a person has put them; those that nobody has moved follow, the oldest first."""
    named = {id: place for place, id in enumerate(named_order(workspace))}
    return sorted(runs, key=lambda run: (named.get(run.id, len(named)), age(run)))


def named_order(workspace: Workspace) -> list[str]:
    """The ids in HOME/queue.json, among them such as no longer wait. A damaged file names nobody."""
    found = read_json(workspace.home / "queue.json")
    order = found.get("order") if isinstance(found, dict) else None
    return [str(id) for id in order] if isinstance(order, list) else []


def write_order(workspace: Workspace, runs: list[Run]) -> None:
    write_json(workspace.home / "queue.json", {"order": [run.id for run in runs]})


def age(run: Run) -> tuple[str, int]:
    """The second in which it was made, which its name begins with, and within that second its file's time."""
    made = 0
    with suppress(OSError):
        made = (run.folder / "recipe.toml").stat().st_mtime_ns
    return run.id[:15], made

"""A run that the system ended for lack of memory goes on by itself, in smaller bites: nobody need be awake for that."""

from filelock import FileLock, Timeout

from studio.errors import StudioError
from studio.training.back_off import back_off
from studio.training.events import EventLog
from studio.training.queue import go_on
from studio.training.run import Run, overview
from studio.workspace import Workspace


def revive(workspace: Workspace) -> list[Run]:
    """Let the runs go on that have died of that while they trained, where there is a way to need less memory.

    Returns those that do. Any number of servers may call it at once.
    """
    dead = [
        run
        for run, view in overview(workspace)
        if view.status == "failed" and view.error and view.error.cause == "killed_for_memory" and view.steps
    ]
    return [run for run in dead if revived(run)]


def revived(run: Run) -> bool:
    try:
        with FileLock(run.workspace.locks / "revive.lock", timeout=5):
            if run.glance().status != "failed":  # another server was faster
                return False
            changed = back_off(run)
            if changed is None:
                return False
            go_on(run)
            EventLog(run.events).write("fitted", text=changed)
            return True
    except (StudioError, Timeout):
        return False  # it is tried again at the next look

"""Whose turn it is. Waiting runs are folders; whoever looks may start the next, and a lock keeps it to one."""

from filelock import FileLock, Timeout

from studio.processes import start_detached
from studio.training.recipe import Recipe
from studio.training.run import Run, create_run, list_runs
from studio.workspace import Workspace, write_json


def submit(workspace: Workspace, recipe: Recipe) -> Run:
    """Put a resolved recipe into the queue; it starts at once if nothing else is training."""
    run = create_run(workspace, recipe)
    advance(workspace)
    return run


def advance(workspace: Workspace) -> Run | None:
    """Start the run that has waited longest, unless one is at work. Returns the run it started.

    Called by the page at every tick and by each worker at its end; any number may call it at once.
    """
    try:
        with FileLock(workspace.locks / "queue.lock", timeout=5):
            views = [(run, run.view()) for run in list_runs(workspace)]
            if any(view.live for _, view in views):
                return None
            waiting = [run for run, view in views if view.status == "waiting"]
            return start(waiting[-1]) if waiting else None
    except Timeout:
        return None


def active_run(workspace: Workspace) -> Run | None:
    """The run at work now, if any."""
    return next((run for run in list_runs(workspace) if run.view().live), None)


def start(run: Run) -> Run:
    """Start the worker of a run, whatever else is going on."""
    # Written here as well as by the worker itself, so that it is known while it is still waking up.
    write_json(run.folder / "process.json", start_detached("studio.training.worker", str(run.folder), log=run.log))
    return run

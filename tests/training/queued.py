"""Runs that wait, made in milliseconds, and a worker that does nothing: for what is about turns alone."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from studio.processes import identity
from studio.training import following, readiness, waiting
from studio.training.events import EventLog
from studio.training.recipe import DataPart, MethodPart, ModelPart, Recipe
from studio.training.run import Run, create_run
from studio.training.standby import Standby
from studio.workspace import Workspace, write_json

Sleepers = list[subprocess.Popen[bytes]]

PLENTY = 1e12  # bytes of free memory
# In the place of studio.training.standby_worker: it takes a run, and does nothing with it.
HONEST = """import sys, time
print('ready', flush=True)
if sys.stdin.readline():
    print('taken', flush=True)
    time.sleep(600)
"""


def new_run(workspace: Workspace, name: str) -> Run:
    """A run that waits. Its recipe is never obeyed."""
    recipe = Recipe(name=name, data=DataPart(), model=ModelPart(name="none"), method=MethodPart(name="sft"))
    return create_run(workspace, recipe)


def sleeping_worker(started: Sleepers) -> Callable[..., dict[str, float]]:
    """In the place of studio.processes.start_detached: a process that lives and says nothing."""

    def start(module: str, *arguments: str, log: Path, secrets: object = None) -> dict[str, float]:
        started.append(subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"]))
        return identity(started[-1].pid)

    return start


def held_up(run: Run, who: dict[str, float]) -> None:
    """As if a worker waited for the device."""
    write_json(run.folder / "process.json", who)
    EventLog(run.events).write("busy", text="Another studio on this computer is training.")


def kept(workspace: Workspace) -> Standby | None:
    """The worker that waits for a run of this home."""
    place = readiness._kept.get(workspace.home)
    return place.standby if place else None


def forget() -> None:
    """What a restart of the server forgets."""
    following._followed.clear()
    following._glances.clear()
    waiting._ended.clear()

"""When a worker waits for the next run: while a person is on the way to one, nobody trains, and memory is plenty."""

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from studio.models.hardware import GIB
from studio.models.memory_limits import limits
from studio.processes import last_line
from studio.training.run import Run
from studio.training.standby import Standby
from studio.training.waiting import not_ended
from studio.workspace import Workspace

if TYPE_CHECKING:
    from studio.training.recipe import Recipe

SWITCH = "TUNESMITH_STANDBY"  # in the environment: 0 keeps none
GOOD_FOR = 600.0  # seconds after which a run is expected no longer
ENOUGH, LEAST = 3 * GIB, 1 * GIB  # bytes of free memory: from which on one is started, and under which it leaves

log = logging.getLogger("tunesmith.queue")


@dataclass
class Expected:
    """A run that may come. at: seconds on the clock that never goes back."""

    method: str
    model: Path
    at: float


class Kept:
    """What is kept of one home, by the process that asks."""

    def __init__(self) -> None:
        self.expected: Expected | None = None
        self.standby: Standby | None = None


_kept: dict[Path, Kept] = {}
_lock = threading.RLock()


def expect_run(workspace: Workspace, method: str, model: Path) -> None:
    """Say that a person looks at a run that could start now; good for ten minutes. model: its folder, there or not."""
    if os.environ.get(SWITCH) == "0":
        return
    with _lock:
        _kept.setdefault(workspace.home, Kept()).expected = Expected(method, model, time.monotonic())


def keep_ready(
    workspace: Workspace, clock: Callable[[], float] = time.monotonic, free: Callable[[], float] | None = None
) -> None:
    """Start the one that waits, or send it away, as things are now. Called by the server's keeper every few seconds.

    free: bytes of memory that are free.
    """
    kept = _kept.get(workspace.home)
    if kept is None:
        return
    busy = bool(not_ended(workspace))
    room = (free or free_memory)()
    with _lock:
        wanted, one = kept.expected, kept.standby
        if busy or (wanted and clock() - wanted.at > GOOD_FOR):
            wanted = kept.expected = None
        if one and not one.alive:
            log.warning("The worker that waited for a run has ended. Its last words: %s", last_line(one.words))
            kept.expected = None  # or the next would be tried every two seconds
            dismiss(workspace)
        elif one and (wanted is None or room < LEAST):
            dismiss(workspace)
        elif one is None and wanted and room > ENOUGH:
            try:
                kept.standby = Standby(wanted.method, wanted.model, workspace.logs / "standby.log")
            except OSError as error:
                log.warning("No worker could be started to wait for a run. %s", error)
                kept.expected = None


def take(run: Run, recipe: "Recipe | None", secrets: dict[str, str]) -> dict[str, Any] | None:
    """Make the one that waits the worker of this run. Returns its identity, None when there is none that can be.

    In any case none waits after that: who trains needs the memory.
    """
    with _lock:
        kept = _kept.get(run.workspace.home)
        if kept is None or kept.standby is None:
            return None
        one, kept.standby, kept.expected = kept.standby, None, None
        why = one.why_not() or ("" if trains_itself(recipe) else "the run's worker trains nothing itself")
        if not why:
            who = one.hand_over(run, secrets)
            if who:
                return who
            why = "it gave no answer"
        one.end()
        log.warning("“%s” was started afresh, not with the worker that waited: %s.", run.id, why)
        return None


def trains_itself(recipe: "Recipe | None") -> bool:
    """Whether its worker does: one of a run on several devices only watches others, and needs no libraries."""
    return recipe is not None and recipe.settings.get("devices", 1) == 1


def dismiss(workspace: Workspace) -> None:
    """Send away the one that waits, if there is one."""
    with _lock:
        kept = _kept.get(workspace.home)
        if kept and kept.standby:
            one, kept.standby = kept.standby, None
            one.end()


def held_gb(workspace: Workspace) -> float:
    """GiB that the one that waits holds, and which the next run has, because it is that run's worker or leaves."""
    kept = _kept.get(workspace.home)
    one = kept.standby if kept else None
    return one.held() / GIB if one else 0.0


def is_ready(workspace: Workspace) -> bool:
    """Whether one waits with its imports done."""
    kept = _kept.get(workspace.home)
    return bool(kept and kept.standby and kept.standby.alive and kept.standby.ready)


def free_memory() -> float:
    """Bytes; in a container, of its share."""
    return min([float(psutil.virtual_memory().available), *(free for _, free in limits())])

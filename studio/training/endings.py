"""What can be done with a run that is going on, is paused or has failed, and doing it once only."""

import shutil
from dataclasses import dataclass

from studio.errors import StudioError
from studio.training.checkpoints import points
from studio.training.events import EventLog
from studio.training.failures import kind_of
from studio.training.queue import changing
from studio.training.run import Run, Stop
from studio.training.view import UNFINISHED, RunView


@dataclass(frozen=True)
class Offer:
    """One thing that can be done: an action of studio.training.failures, or “keep” or “discard”, with its words."""

    action: str
    label: str


def offers(run: Run, view: RunView) -> list[Offer]:
    """What the page offers for a run that is paused or has failed, the main thing first; nothing for any other."""
    if view.status not in UNFINISHED:
        return []
    saved = [point.step for point in points(run.checkpoints)]
    going_on = Offer("continue", f"Go on from step {saved[-1]}" if saved else "Begin again from the start")
    best = view.best_step if view.best_step in saved else None
    keep = [Offer("keep", f"Keep the best point (step {best})" if best else "Keep the best point")] if saved else []
    away = Offer("discard", "Throw away")
    report = Offer("report", "Save a report")
    if view.status == "paused":
        return [going_on, *keep, away, report]
    kind = kind_of(view.error.cause if view.error else "")
    main = going_on if kind.action == "continue" else Offer(kind.action, kind.label)
    found = [main, *([going_on] if kind.resumes else []), *keep, report]
    return list(dict.fromkeys(found))


def ask(run: Run, what: Stop) -> None:
    """Stop a run, or pause it, or throw away one that has ended badly or is paused.

    Raises StudioError when the run is not what it was when that was asked for; nothing is done then.
    """
    with changing(run.workspace):
        view = run.glance()
        if what == "discard" and view.status in UNFINISHED:
            throw_away(run)
        elif view.status == "waiting" and what == "pause":
            raise StudioError(f"“{run.name}” has not begun, so there is nothing to pause.", "Take it out of the queue.")
        elif not view.live and view.status != "waiting":
            raise StudioError(f"“{run.name}” has ended meanwhile, so nothing was changed.", "Look at it in Live run.")
        elif view.status == "stopping" and what != "discard":
            raise StudioError(f"“{run.name}” is stopping already.", "Wait until it has ended.")
        elif what == "pause":
            run.request_pause()
        else:
            run.request_stop(keep=what == "keep")


def throw_away(run: Run) -> None:
    # The event comes first: a run that says that nothing is left, and has something, wastes room and deceives nobody.
    EventLog(run.events).write("discarded", result={})
    for folder in (run.checkpoints, run.adapter, run.whole_model):
        shutil.rmtree(folder, ignore_errors=True)

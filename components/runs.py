"""Words about runs that several parts of the page use."""

import hashlib
from typing import Any

from components.html import about, duration, loss
from studio.errors import StudioError
from studio.training.first_step import seconds_to_first_step
from studio.training.run import Run, load_run
from studio.training.run import recipe_of as recipe_of
from studio.training.trials import PRUNED
from studio.training.view import RunView
from studio.workspace import Workspace

STATES = {
    "waiting": "waiting",
    "starting": "starting",
    "running": "running",
    "stopping": "stopping",
    "finished": "finished",
    "stopped": "stopped by you",
    "discarded": "stopped, nothing kept",
    "failed": "failed",
    "paused": "paused",
}


def state_of(view: RunView) -> str:
    return "ended early by its search" if view.result.get(PRUNED) else STATES[view.status]


def name_of(run: Run) -> str:
    """As `Run.name`, for views that ask each second."""
    return run.about.name or recipe_of(run).name


def digest(facts: list[tuple[Any, ...]]) -> str:
    """A short text that is another one when the facts are."""
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def find(workspace: Workspace, run_id: str | None) -> Run | None:
    """The run of that id, or None when its folder is gone or none was chosen."""
    try:
        return load_run(workspace, run_id) if run_id else None
    except StudioError:
        return None


def has_kept(run: Run, view: RunView) -> bool:
    """Whether something was learned and kept, so that it can be asked and taken away."""
    return view.status in ("finished", "stopped") and run.kept is not None


def steps_words(view: RunView) -> str:
    """ "52 of 80", or "none yet"."""
    return f"{view.step} of {view.steps}" if view.steps else "none yet"


def until_first_step(view: RunView) -> list[str]:
    """ "about 12 s until the first step", as a list of one; empty where nothing was measured, and once it trains."""
    seconds = seconds_to_first_step(view)
    if seconds is None:
        return []
    return [f"{about(seconds)} until the first step" if seconds >= 1 else "the first step comes any moment"]


def stake(view: RunView) -> str:
    """What would be lost by stopping now, as a sentence."""
    if view.status == "waiting":
        return "It has not started yet, so nothing is lost."
    if not view.step:
        return "It has learned nothing yet, so nothing is lost."
    words = f"It has learned for {duration(view.elapsed)}, {view.step} of {view.steps} steps."
    if view.best_step:
        words += f" The best point so far is step {view.best_step}, check loss {loss(view.best_loss)}."
    return words

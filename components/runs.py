"""Words about runs that several parts of the page use."""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from components.html import duration, loss
from studio.errors import StudioError
from studio.training.recipe import Recipe
from studio.training.run import Run, load_run
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
}


def recipe_of(run: Run) -> Recipe:
    """The run's recipe. It never changes once the folder is there, so it is read once."""
    return _recipe(run.folder)


@lru_cache(maxsize=512)
def _recipe(folder: Path) -> Recipe:
    return Run(folder).recipe()


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

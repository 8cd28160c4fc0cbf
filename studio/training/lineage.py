"""Which runs a run stands on, and which stand on it: earlier results, teachers, and models that judge."""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from studio.training.recipe import Recipe
from studio.training.run import Run, list_runs
from studio.workspace import Workspace

# How one run uses another, by the field of its recipe that names it; any other setting is told as the last.
WAYS = {
    "start": "goes on from it",
    "name": "trains its model",
    "teacher": "learns from it as its teacher",
    "teacher_run": "learns from it as its teacher",
    "reward_run": "is judged by it",
}
OTHERWISE = "uses it"


@dataclass(frozen=True)
class Use:
    """A run, and how it uses the one that was asked about: one of WAYS."""

    run: Run
    how: str


def named_runs(workspace: Workspace, recipe: Recipe) -> dict[str, str]:
    """The ids of the runs that a recipe names, each with how it uses it. They need not be there any more."""
    found: dict[str, str] = {}
    texts = {"start": recipe.model.start, "name": recipe.model.name, **recipe.settings}
    for field, value in texts.items():
        if not isinstance(value, str) or not value.strip():
            continue
        whole = value.strip()
        id = whole if field == "start" or field.endswith("_run") else run_of(workspace, whole)
        if id:
            found.setdefault(id, WAYS.get(field, OTHERWISE))
    return found


def run_of(workspace: Workspace, path: str) -> str:
    """The id of the run in whose folder a path lies; "" for any other text."""
    folder, runs = Path(path), workspace.runs.resolve()
    if not folder.is_absolute() or runs not in folder.resolve().parents:
        return ""
    return folder.resolve().relative_to(runs).parts[0]


def users(workspace: Workspace, run: Run) -> list[Use]:
    """The runs that name this one, the oldest first. Their recipes never change, so each is read once."""
    found = ((other, _named(other.folder).get(run.id)) for other in reversed(list_runs(workspace)))
    return [Use(other, how) for other, how in found if how and other.id != run.id]


@lru_cache(maxsize=4096)
def _named(folder: Path) -> dict[str, str]:
    run = Run(folder)
    try:
        return named_runs(run.workspace, run.recipe())
    except (ValidationError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        return {}  # no run can be made of it any more

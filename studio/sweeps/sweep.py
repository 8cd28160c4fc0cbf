"""A search is a folder: what is searched, the recipe that it begins with, and how it ended."""

import logging
import re
import secrets
import shutil
import time
import tomllib
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import tomli_w

from studio.datasets.store import slug
from studio.errors import StudioError
from studio.methods import find_method
from studio.methods.checks import known_of
from studio.models.catalogue import find_model
from studio.search.checks import check_search
from studio.search.space import Params, Search
from studio.search.study import Outcome
from studio.training.again import named_change
from studio.training.recipe import Recipe, TrialPart, resolve, save_recipe
from studio.training.removal import delete_run
from studio.training.run import Run
from studio.training.trials import SEARCH, folder_of, outcome, params_of, reports_of, state_of, trials_of
from studio.workspace import Workspace, read_json, speaking_of_disk, write_atomic, write_json

log = logging.getLogger("tunesmith.page")
SWEEP_ID = re.compile(r"[\w-]+")
LONGEST = 80  # characters of a run's name
TIDIES = 15.0  # seconds that a run may take between its last word and the end of its process
NO_CHECK_ROWS = (
    "There are no check rows, so nobody could say which settings are better.",
    "Set some rows aside for checking on the Data tab.",
)


@dataclass(frozen=True)
class Sweep:
    """One search's folder, and what lies in it and among the runs."""

    workspace: Workspace
    id: str

    @property
    def folder(self) -> Path:
        return folder_of(self.workspace, self.id)

    @property
    def began(self) -> datetime:
        """In this computer's time."""
        return datetime.strptime(self.id[:15], "%Y%m%d-%H%M%S")

    def search(self) -> Search:
        return Search.model_validate(tomllib.loads((self.folder / SEARCH).read_text("utf-8")))

    def recipe(self) -> Recipe:
        return Recipe.model_validate(tomllib.loads((self.folder / "recipe.toml").read_text("utf-8")))

    @property
    def ended(self) -> str:
        """Why it has ended, as a sentence; "" while it goes on."""
        return str(read_json(self.folder / "ended.json", {}).get("why", ""))

    def end(self, why: str) -> None:
        if not self.ended:
            write_json(self.folder / "ended.json", {"why": why})

    def trials(self) -> dict[int, Run]:
        return trials_of(self.workspace, self.id)

    def known(self) -> list[Outcome]:
        """What became of the trials that have ended, in the order of their numbers."""
        search, runs = self.search(), self.trials()
        return [outcome(runs.get(number), search) for number in range(max(runs, default=-1) + 1)]

    def best(self) -> tuple[Run, float] | None:
        """The trial that came furthest of those that were not ended early, and its figure."""
        higher = self.search().higher_is_better
        found = []
        for run in self.trials().values():
            view = run.view()
            values = [value for _, value in reports_of(view)]
            if values and state_of(view) == "complete":
                found.append((run, (max if higher else min)(values)))
        return (max if higher else min)(found, key=lambda pair: pair[1]) if found else None

    def minutes_used(self) -> float:
        return sum(run.glance().elapsed for run in self.trials().values()) / 60


def create_sweep(workspace: Workspace, search: Search, recipe: Recipe) -> Sweep:
    """A search that goes on from here by the conductor. recipe: resolved, with the settings that are not searched.

    Raises StudioError, with the field that it is about, for a search that could not be done.
    """
    method = find_method(recipe.method.name)
    model = find_model(workspace, recipe.model.name)
    known = known_of(model)
    check_search(search, method, recipe.settings, known.context if known else 0, model.title)
    if not recipe.version(workspace).rows["validation"]:
        raise StudioError(*NO_CHECK_ROWS)
    settings = recipe.checked_settings()
    figure = method.best if settings.keep_by == "own" else settings.keep_by
    higher = any(metric.higher_is_better for metric in method.metrics if metric.name == figure)
    search = search.model_copy(update={"higher_is_better": higher})
    id = f"{datetime.now():%Y%m%d-%H%M%S}-{slug(recipe.name)}-{secrets.token_hex(2)}"
    building = workspace.scratch / id
    with speaking_of_disk(workspace.home):
        building.mkdir(parents=True)
        write_atomic(building / SEARCH, tomli_w.dumps(search.model_dump(exclude_none=True)))
        write_atomic(building / "recipe.toml", save_recipe(recipe))
        (workspace.home / "sweeps").mkdir(exist_ok=True)
        building.rename(folder_of(workspace, id))
    return Sweep(workspace, id)


def list_sweeps(workspace: Workspace) -> list[Sweep]:
    """All searches, the newest first. One that cannot be read any more is told of in the log and passed over."""
    folder = workspace.home / "sweeps"
    names = [part.name for part in folder.iterdir() if (part / SEARCH).exists()] if folder.is_dir() else []
    found = [Sweep(workspace, name) for name in sorted(names, reverse=True)]
    return [sweep for sweep in found if not trouble(sweep.folder, (sweep.folder / SEARCH).stat().st_mtime_ns)]


@lru_cache(maxsize=512)
def trouble(folder: Path, changed: int) -> str:
    """Why the documents of a search cannot be read, "" if they can; looked at once for each that is new."""
    try:
        sweep = Sweep(Workspace(folder.parent.parent), folder.name)
        sweep.search()
        sweep.recipe()
    except (OSError, ValueError) as error:
        log.warning("The search %s cannot be read: %s", folder.name, error)
        return str(error)
    return ""


def load_sweep(workspace: Workspace, id: str) -> Sweep:
    """Raises StudioError when there is none."""
    sweep = Sweep(workspace, str(id))
    if not SWEEP_ID.fullmatch(str(id)) or not (sweep.folder / SEARCH).exists():
        raise StudioError("That search is not on this computer.", "Choose another one.")
    return sweep


def trial_recipe(sweep: Sweep, number: int, params: Params) -> Recipe:
    """The recipe of the trial of that number. Raises StudioError when these settings do not go together."""
    recipe, search = sweep.recipe(), sweep.search()
    recipe.settings |= params
    if search.steps:
        recipe.settings["max_steps"] = search.steps
    told = named_change(recipe, params)
    recipe.name = f"{recipe.name[: max(10, LONGEST - len(told) - 12)].rstrip()}, trial {number + 1}: {told}"[:LONGEST]
    recipe = resolve(sweep.workspace, recipe)
    recipe.trial = TrialPart(sweep=sweep.id, number=number)
    return recipe


def full_recipe(sweep: Sweep) -> Recipe:
    """The best trial's settings over the whole length of the recipe that the search began with.

    Raises StudioError while no trial has come to its end.
    """
    best = sweep.best()
    if best is None:
        raise StudioError("No run of this search has come to its end yet.", "Wait for the first one.")
    run, figure = best
    recipe, params = sweep.recipe(), params_of(run, sweep.search())
    recipe.settings |= params
    told = named_change(recipe, params)
    recipe.notes = [
        *recipe.notes,
        f"Best of {len(sweep.trials())} runs of a search ({told}): {figure:.4g} on check rows.",
    ]
    recipe.name = f"{recipe.name[: LONGEST - 16]}, best of search"
    return resolve(sweep.workspace, recipe)


def delete_sweep(sweep: Sweep, runs: bool = False) -> int:
    """Delete a search. runs: its runs, too, but for those that cannot be, as others stand on them. Returns how many.

    Raises StudioError while it goes on.
    """
    if not sweep.ended:
        raise StudioError("This search goes on.", "Stop it first.")
    freed = 0
    for run in sweep.trials().values() if runs else ():
        tidied_up(run)
        with suppress(StudioError):
            delete_run(sweep.workspace, run.id)
            freed += 1
    shutil.rmtree(sweep.folder)
    return freed


def tidied_up(run: Run) -> None:
    """Wait for the process of a run that has said its last word, but not for ever."""
    until = time.monotonic() + TIDIES
    while run.has_process() and not run.view().live and time.monotonic() < until:
        time.sleep(0.1)

"""A run is a folder, written by one process and read by everybody."""

import os
import re
import secrets
import tomllib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from studio.datasets.store import slug
from studio.errors import StudioError
from studio.processes import is_alive
from studio.training import following
from studio.training.about import About, read_about
from studio.training.recipe import Recipe, save_recipe
from studio.training.view import RunView
from studio.workspace import Workspace, read_json, speaking_of_disk, write_atomic

BAD_BATCH = "bad_batch.json"  # the examples of a step whose loss or gradients were no number
RUN_ID = re.compile(r"[\w-]+")
Stop = Literal["keep", "discard", "pause"]


@dataclass(frozen=True)
class Run:
    """One run's folder and the names of what is in it."""

    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def events(self) -> Path:
        return self.folder / "events.jsonl"

    @property
    def log(self) -> Path:
        return self.folder / "output.log"

    @property
    def adapter(self) -> Path:
        return self.folder / "adapter"

    @property
    def whole_model(self) -> Path:
        return self.folder / "model"

    @property
    def kept(self) -> Path | None:
        """What the run has left: the folder of its adapter or of its whole model; None when it kept nothing."""
        return next((place for place in (self.adapter, self.whole_model) if place.is_dir()), None)

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.folder.parent.parent)

    @property
    def about(self) -> About:
        return read_about(self.folder)

    @property
    def name(self) -> str:
        """As the person calls it by now, else as its recipe does."""
        return self.about.name or self.recipe().name

    def recipe(self) -> Recipe:
        return Recipe.model_validate(tomllib.loads((self.folder / "recipe.toml").read_text("utf-8")))

    def process(self) -> dict[str, Any] | None:
        """Identity of the worker: pid and creation time; None before it was started."""
        return read_json(self.folder / "process.json")

    def has_process(self) -> bool:
        return is_alive(self.process())

    def request_stop(self, keep: bool = True) -> None:
        """Ask the worker to stop at the next step. `keep` False: throw away what it learned."""
        write_atomic(self.folder / "stop", "keep" if keep else "discard")

    def request_pause(self) -> None:
        """Ask the worker to write down where it is at the next step, and to end there until it is asked to go on."""
        write_atomic(self.folder / "stop", "pause")

    def stop_requested(self) -> Stop | None:
        try:
            asked = (self.folder / "stop").read_text()
        except FileNotFoundError:
            return None
        return asked if asked in ("discard", "pause") else "keep"  # type: ignore[return-value]

    def view(self) -> RunView:
        """The state of the run at this moment, with its curves."""
        return following.fold(self.folder)

    def glance(self) -> RunView:
        """The same without curves and log, and at once however long it is: for whoever looks at many runs."""
        return following.glance(self.folder)


def recipe_of(run: Run) -> Recipe:
    """The run's recipe, read once and shared: to be looked at, not to be changed."""
    file = run.folder / "recipe.toml"
    state = file.stat()
    return _recipe(run, state.st_ino, state.st_mtime_ns)


@lru_cache(maxsize=512)
def _recipe(run: Run, number: int, changed: int) -> Recipe:
    return run.recipe()


def create_run(workspace: Workspace, recipe: Recipe, place: str = "runs") -> Run:
    """A new folder with the resolved recipe in it; nothing runs yet. place: the folder of the home that gets it."""
    name = f"{datetime.now():%Y%m%d-%H%M%S}-{slug(recipe.name)}-{secrets.token_hex(2)}"
    building = workspace.scratch / name
    with speaking_of_disk(workspace.runs):
        building.mkdir(parents=True)
        write_atomic(building / "recipe.toml", save_recipe(recipe))
        (workspace.home / place).mkdir(exist_ok=True)
        building.rename(workspace.home / place / name)
    return Run(workspace.home / place / name)


def load_run(workspace: Workspace, id: str) -> Run:
    """The run of that id. Raises StudioError when there is none."""
    run = Run(workspace.runs / str(id))
    if not RUN_ID.fullmatch(str(id)) or not (run.folder / "recipe.toml").exists():
        raise StudioError("That run is not on this computer.", "Choose another one in History.")
    return run


def list_runs(workspace: Workspace) -> list[Run]:
    """All runs, the newest first (their names begin with the time)."""
    with os.scandir(workspace.runs) as folders:
        names = [folder.name for folder in folders if os.path.exists(os.path.join(folder.path, "recipe.toml"))]
    return [Run(workspace.runs / name) for name in sorted(names, reverse=True)]


def overview(workspace: Workspace) -> list[tuple[Run, RunView]]:
    """All runs at a glance, the newest first; cheap enough for every tick."""
    runs = list_runs(workspace)
    following.forget_others(workspace.runs, {run.folder for run in runs})
    return [(run, run.glance()) for run in runs]

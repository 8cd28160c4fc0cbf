"""Finding a learning rate: a range test in a process of its own, whose curve is kept and whose weights are not.

It lies in a folder like a run's, under HOME/rate-tests; only the last one is kept.
"""

import hashlib
import json
import shutil
from dataclasses import dataclass, field
from typing import Any

from studio.errors import StudioError
from studio.methods import find_method
from studio.methods.adapt_settings import AdaptSettings
from studio.models.catalogue import find_model
from studio.processes import start_detached
from studio.training import fit_test
from studio.training.fit_test import RATES, check_free
from studio.training.queue import active_run
from studio.training.rate_pick import Pick, pick, rates
from studio.training.recipe import Recipe
from studio.training.run import Run, create_run
from studio.workspace import Workspace, write_json

UNTOUCHED = ("epochs", "max_steps", "checks", "patience", "keep_by", "keep_points", "warmup", "learning_rate", "shots")


@dataclass(frozen=True)
class Outcome:
    """state: running, done or failed. points: (rate, loss) of the steps so far. error: message and hint.

    pick: what the curve says, None before its end.
    """

    state: str
    phase: str = ""
    points: list[tuple[float, float]] = field(default_factory=list)
    pick: Pick | None = None
    error: tuple[str, str] = ("", "")


def check_sense(method: str, settings: AdaptSettings) -> None:
    """Raises StudioError where the loss of a step does not say how well it learns."""
    if getattr(settings, "generations", 0) or getattr(settings, "on_policy", 0):
        raise StudioError(
            f"“{find_method(method).title}” learns from answers that it writes meanwhile, and its loss does not fall "
            "as it learns: a range test would find nothing.",
            "Leave the learning rate empty, or try two runs with different ones.",
        )


def start(workspace: Workspace, recipe: Recipe) -> Run:
    """Begin a test of a resolved recipe. Returns at once; `outcome` tells the rest.

    Raises StudioError while something else is training or being tested, where it makes no sense, or before the model is
    on this computer.
    """
    check_sense(recipe.method.name, recipe.checked_settings())
    if active_run(workspace):
        raise StudioError("A run is going on, and both would be slow.", "Wait until it has ended, or stop it.")
    check_free(workspace)
    model = find_model(workspace, recipe.model.name)
    if not model.on_disk and model.source != "package":
        raise StudioError(f"{model.title} has to be on this computer first.", "Download it in Model.")
    shutil.rmtree(workspace.home / RATES, ignore_errors=True)
    test = create_run(workspace, recipe.model_copy(update={"tracking": None}), RATES)
    who = start_detached("studio.training.rate_worker", str(test.folder), log=test.log)
    write_json(test.folder / "process.json", who)
    return test


def latest(workspace: Workspace) -> Run | None:
    """The test that is going on, or the last one."""
    return fit_test.latest(workspace, RATES)


def stop(workspace: Workspace) -> None:
    """Ask the test that is going on, if any, to end at its next step."""
    fit_test.stop(workspace, RATES)


def outcome(workspace: Workspace, key: str) -> Outcome | None:
    """How far the last test is, or what it found; None when it was of something else (see `key_of`), or stopped."""
    last = latest(workspace)
    if last is None or key_of_recipe(last.recipe()) != key:
        return None
    view = last.view()
    tried = rates()
    points = [(tried[step - 1], loss) for step, loss in view.series["loss"] if step <= len(tried)]
    if view.live or view.status == "waiting":
        phase = f"step {view.step} of {len(tried)}" if view.step else view.phase if view.log else "Starting"
        return Outcome("running", phase, points)
    if view.error:
        return Outcome("failed", error=(view.error.message, view.error.hint))
    return Outcome("done", points=points, pick=pick(points)) if view.status == "finished" else None


def key_of(model: str, start: str, method: str, settings: dict[str, Any], fingerprint: str) -> str:
    """The same for all runs that one test is about: rows, model, and all that has a share in how fast it learns."""
    known = {name: value for name, value in settings.items() if value is not None and name not in UNTOUCHED}
    named = json.dumps([model, start, method, known, fingerprint], sort_keys=True, default=str)
    return hashlib.sha256(named.encode()).hexdigest()


def key_of_recipe(recipe: Recipe) -> str:
    settings = recipe.checked_settings().model_dump(mode="json")
    return key_of(
        recipe.model.name, recipe.model.start or "", recipe.method.name, settings, recipe.data.fingerprint or ""
    )

"""Testing the fit: a few real steps on the longest rows, in a process of its own; what they took is measured and kept.

A test lies in a folder like a run's, under HOME/fit-tests; only the last one is kept.
"""

import hashlib
import json
import shutil
from dataclasses import dataclass
from typing import Any

from studio.errors import StudioError
from studio.methods.adapt_settings import AdaptSettings
from studio.methods.arguments import bite
from studio.methods.spreading import devices_of
from studio.models.catalogue import Model, find_model
from studio.models.estimate import FORWARD_SHARE, START_SECONDS
from studio.models.hardware import look
from studio.models.memory import Question
from studio.models.speed import predict
from studio.processes import start_detached
from studio.training.queue import active_run
from studio.training.recipe import Recipe
from studio.training.run import Run, create_run
from studio.workspace import Workspace, read_json, write_json

FOLDER, ESTIMATE = "fit-tests", "estimate.json"
RATES = "rate-tests"  # where those are that look for a learning rate, see rate_test.py
STEPS = 4  # the first one warms up


@dataclass(frozen=True)
class Outcome:
    """state: running, done or failed. phase: what it is at. memory_gb: the most that it held, in GiB.

    estimated_gb: what the page said before, None where it said nothing. tokens: of the longest row, 0 where that is not
    known. error: message and hint.
    """

    state: str
    phase: str = ""
    memory_gb: float = 0.0
    estimated_gb: float | None = None
    tokens_per_second: float = 0.0
    tokens: int = 0
    error: tuple[str, str] = ("", "")


def start(workspace: Workspace, recipe: Recipe, estimated_gb: float | None = None) -> Run:
    """Begin a test of a resolved recipe. Returns at once; `outcome` tells the rest.

    estimated_gb: what the page says that it needs, in GiB, to be told beside what is measured.

    Raises StudioError while something else is training or being tested, or before the model is on this computer.
    """
    if active_run(workspace):
        raise StudioError(
            "A run is going on, and a test beside it would measure both wrong.", "Wait until it has ended, or stop it."
        )
    if devices_of(recipe.checked_settings()) > 1:
        raise StudioError(
            "The test of the fit runs on one device, and this run is to be spread over several.",
            "Set “Devices that train together” to 1 for the test, and the examples per step to what one device gets.",
            "devices",
        )
    check_free(workspace)
    model = find_model(workspace, recipe.model.name)
    if not model.on_disk and model.source != "package":
        raise StudioError(
            f"{model.title} has to be on this computer before it can be tested.", "Download it in Model first."
        )
    shutil.rmtree(workspace.home / FOLDER, ignore_errors=True)
    test = create_run(workspace, recipe, FOLDER)
    write_json(test.folder / ESTIMATE, estimated_gb)
    write_json(
        test.folder / "process.json", start_detached("studio.training.fit_worker", str(test.folder), log=test.log)
    )
    return test


def test_seconds(workspace: Workspace, model: Model, settings: AdaptSettings, longest: int) -> float:
    """How long a test takes, at the pace known on this computer; longest: tokens of the longest row."""
    pace = predict(workspace, model, look(), settings.adapt, settings.weights).tokens_per_second
    read = STEPS * settings.batch_size + 2 * FORWARD_SHARE * bite(settings)
    return START_SECONDS + read * min(longest, settings.max_length) / pace


def check_free(workspace: Workspace) -> None:
    """Raises StudioError while a test of either kind is going on."""
    if any(test and test.view().live for test in (latest(workspace), latest(workspace, RATES))):
        raise StudioError("A test is going on already.", "Wait until it has ended, or stop it.")


def latest(workspace: Workspace, folder: str = FOLDER) -> Run | None:
    """The test that is going on, or the last one."""
    found = sorted((workspace.home / folder).glob("*/recipe.toml"))
    return Run(found[-1].parent) if found else None


def stop(workspace: Workspace, folder: str = FOLDER) -> None:
    """Ask the test that is going on, if any, to end at its next step."""
    last = latest(workspace, folder)
    if last and last.view().live:
        last.request_stop(keep=False)


def outcome(workspace: Workspace, key: str) -> Outcome | None:
    """How far the last test is, or what it found; None when it was of something else (see `key_of`), or stopped."""
    last = latest(workspace)
    if last is None or key_of_recipe(last.recipe()) != key:
        return None
    view = last.view()
    if view.live or view.status == "waiting":
        phase = view.phase if view.log else "Starting"
        return Outcome("running", f"step {view.step} of {view.steps}" if view.step else phase)
    if view.error:
        return Outcome("failed", error=(view.error.message, view.error.hint))
    shown = read_json(last.folder / ESTIMATE)
    return Outcome("done", **view.result, estimated_gb=shown) if view.status == "finished" else None


def key_of(model: str, start: str, method: str, settings: dict[str, Any], fingerprint: str) -> str:
    """The same for all runs that one test tells the truth about: rows, model, and what has a share in the memory."""
    known = {name: value for name, value in settings.items() if value is not None and name not in Question.INDIFFERENT}
    named = json.dumps([model, start or "", method, known, fingerprint], sort_keys=True, default=str)
    return hashlib.sha256(named.encode()).hexdigest()


def key_of_recipe(recipe: Recipe) -> str:
    settings = recipe.checked_settings().model_dump(mode="json")
    fingerprint = recipe.data.fingerprint or ""
    return key_of(recipe.model.name, recipe.model.start or "", recipe.method.name, settings, fingerprint)

"""From a recipe to a trainer that can begin: for a run, and for a test of whether one fits."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from studio.datasets.versions import Version
from studio.methods import Job, Method, find_method, together
from studio.methods.adapt_settings import AdaptSettings
from studio.methods.checks import check_run
from studio.models.catalogue import find_model
from studio.models.fetch import ensure_model
from studio.models.hardware import training_dtype
from studio.training.recipe import Recipe
from studio.training.run import Run, load_run

if TYPE_CHECKING:
    from studio.methods.watched import Watched


@dataclass(frozen=True)
class Built:
    """earlier: the run that it goes on from, if any."""

    job: Job
    method: Method
    trainer: "Watched"
    earlier: Run | None


def build(
    run: Run, recipe: Recipe, version: Version, settings: AdaptSettings, device: str, say: Callable[[str], None]
) -> Built:
    """The model brought here and loaded, the rows as tokens. Raises StudioError when the run cannot be."""
    model = find_model(run.workspace, recipe.model.name)
    folder = first_alone(lambda: ensure_model(run.workspace, model, say))
    method = find_method(recipe.method.name)
    check_run(run.workspace, method, settings, version, model)  # it may have come to this computer only now
    say("Loading the model and the examples")
    earlier = load_run(run.workspace, recipe.model.start) if recipe.model.start else None
    start = earlier.adapter if earlier and earlier.adapter.is_dir() else None  # a whole model is its own beginning
    dtype = training_dtype(device)
    job = Job(folder, version, settings, run.checkpoints, device, dtype, run.workspace.home, start)
    return Built(job, method, method.build(job), earlier)


def first_alone(bring: Callable[[], Path]) -> Path:
    """What one process brings here, the others find there."""
    if together.is_first():
        bring()
    together.meet()
    return bring()

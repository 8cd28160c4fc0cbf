"""The choices of an earlier run for a new one: its data, model, method and settings, as far as they are still here."""

from dataclasses import dataclass, field
from typing import Any

from studio.datasets.store import is_there
from studio.datasets.versions import DataSteps
from studio.errors import StudioError
from studio.goals.catalogue import list_goals
from studio.goals.success import Success
from studio.methods import Method, find_method
from studio.methods.fields import default_of, kind_of
from studio.models.catalogue import find_model
from studio.models.hardware import devices_here
from studio.training.about import LONGEST_NAME
from studio.training.back_off import found as changed_for_memory
from studio.training.chain import began_with
from studio.training.recipe import Recipe
from studio.training.run import Run, load_run
from studio.workspace import Workspace


@dataclass
class Copied:
    """What can be taken over. Of what is gone the field is empty, and `missing` says so in a sentence each.

    model: the one that everything began with, as the page chooses it. settings: every field of the method, with what
    the run itself had to change to need less memory.
    """

    name: str
    method: str
    dataset: str = ""
    steps: DataSteps | None = None
    model: str = ""
    start: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    goal: str = ""
    success: Success | None = None
    missing: list[str] = field(default_factory=list)


def copied(run: Run) -> Copied:
    """Raises StudioError when the run's method is not one of this studio."""
    workspace, recipe = run.workspace, run.recipe()
    method = find_method(recipe.method.name)
    found = Copied(name=f"{run.name[: LONGEST_NAME - 6]} again", method=method.name)
    take_data(workspace, recipe, found)
    take_model(workspace, run, recipe, found)
    take_settings(workspace, recipe.settings | changed_for_memory(run), method, found)
    if any(goal.name == recipe.goal for goal in list_goals()):
        found.goal, found.success = recipe.goal, recipe.success
    elif recipe.goal:
        found.missing.append(f"The goal “{recipe.goal}” is not one of this studio, so none is set by it.")
    return found


def take_data(workspace: Workspace, recipe: Recipe, found: Copied) -> None:
    test = recipe.data.separate_test
    if not is_there(workspace, recipe.data.dataset or ""):
        found.missing.append("Its data is no longer on this computer, so the data chosen now stays.")
    elif test and not is_there(workspace, test.dataset):
        found.missing.append("The file it was tested with is no longer on this computer, so the data chosen now stays.")
    else:
        found.dataset, found.steps = recipe.data.dataset or "", recipe.steps()


def take_model(workspace: Workspace, run: Run, recipe: Recipe, found: Copied) -> None:
    model = recipe.model.name
    if recipe.model.start:
        try:
            if load_run(workspace, recipe.model.start).kept is not None:
                found.start, model = recipe.model.start, began_with(workspace, run)
            else:
                found.missing.append("The run it went on from has kept nothing, so this one starts from the model.")
        except StudioError:
            found.missing.append("The run it went on from is no longer here, so this one starts from the model itself.")
    try:
        found.model = find_model(workspace, model).name
    except StudioError:
        found.start = ""
        found.missing.append("Its model is no longer on this computer, so the model chosen now stays.")


def take_settings(workspace: Workspace, settings: dict[str, Any], method: Method, found: Copied) -> None:
    """A resolved recipe has every setting, save those that are empty and those that came with a later studio."""
    for name, info in method.settings.model_fields.items():
        optional = kind_of(info)[1]
        value = settings.get(name, None if optional else default_of(info))
        if name.endswith("_run") and value and not is_run(workspace, value):
            found.missing.append(f"“{info.title}” named a run that is no longer here, so it is empty.")
            value = default_of(info)
        found.settings[name] = value
    if int(found.settings.get("devices") or 1) > devices_here():
        found.missing.append("It was trained on more devices than this computer has, so it is set to one.")
        found.settings["devices"] = 1
    unknown = sorted(settings.keys() - method.settings.model_fields.keys())
    if unknown:
        names = ", ".join(f"“{name}”" for name in unknown)
        found.missing.append(f"Settings that this studio does not have were left out: {names}.")


def is_run(workspace: Workspace, id: str) -> bool:
    try:
        load_run(workspace, id)
    except StudioError:
        return False
    return True

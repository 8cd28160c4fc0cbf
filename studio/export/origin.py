"""What a run was trained on top of, and how that is called here and on another computer."""

from pathlib import Path

from studio.errors import StudioError
from studio.models.catalogue import Model, find_model
from studio.training.chain import title_of
from studio.training.run import Run, load_run
from studio.workspace import Workspace


def base_of(run: Run) -> Model:
    """The model that the run's result stands on, or began with."""
    return find_model(run.workspace, run.recipe().model.name)


def base_title(run: Run) -> str:
    """What people call it: the model's title, or the name of the earlier run that kept it whole."""
    return title_here(run.workspace, run.recipe().model.name)


def title_here(workspace: Workspace, name: str) -> str:
    """The same of any model by its name in recipes."""
    folder = Path(name)
    if folder.name != "model" or folder.parent.parent.resolve() != workspace.runs.resolve():
        return title_of(workspace, name)
    try:
        return load_run(workspace, folder.parent.name).name
    except StudioError:
        return "An earlier run that is no longer here"


def public_name(run: Run) -> str:
    """How it is called in a model card: its name on the hub; one that never was there has only a title."""
    return base_of(run).hub or base_title(run)


def place_elsewhere(run: Run) -> str:
    """What stands for it in lines of Python: the hub's name, else a path that whoever runs them has to fill in."""
    model = base_of(run)
    # A model that came from a folder has no public name: whoever loads the adapter must have that folder too.
    return model.hub or f"path/to/{base_title(run)}"


def place_by_name(workspace: Workspace, name: str) -> str:
    """What stands for the very weights of a model: the hub's name where they came from there, else a path to fill in.

    (The weights of a package are the hub's, packed and unpacked again, and not quite the same any more.)
    """
    model = find_model(workspace, name)
    return model.hub if model.source == "hub" else f"path/to/{title_here(workspace, name)}"

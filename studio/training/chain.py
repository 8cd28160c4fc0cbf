"""Transfer: what a run is trained on top of, back to the model that everything began with."""

from dataclasses import dataclass
from pathlib import Path

from studio.errors import StudioError
from studio.models.catalogue import find_model
from studio.training.recipe import Recipe
from studio.training.run import Run, list_runs, load_run, recipe_of
from studio.workspace import Workspace

GONE = "a run that is no longer here"
THIS = "this run"


@dataclass(frozen=True)
class Link:
    """One step of a chain: `name` of the model that it began with, or `run`, the id of a run trained on top of it.

    Of a run that is no longer here both are "".
    """

    title: str
    name: str = ""
    run: str = ""


def chain(workspace: Workspace, recipe: Recipe) -> list[Link]:
    """From the model at the beginning to what the recipe is trained on top of, in the order of training."""
    links: list[Link] = []
    while (earlier := earlier_run(workspace, recipe)) is not None and earlier not in {link.run for link in links}:
        try:
            run = load_run(workspace, earlier)
        except StudioError:
            links.insert(0, Link(GONE))
            if recipe.model.start is None:
                return links  # it kept a whole model, and nobody else knows on what
            break
        recipe = recipe_of(run)
        links.insert(0, Link(recipe.name, run=run.id))
    return [Link(title_of(workspace, recipe.model.name), name=recipe.model.name), *links]


def earlier_run(workspace: Workspace, recipe: Recipe) -> str | None:
    """The id of the run whose adapter, or whole model, the recipe goes on from; None when it starts afresh."""
    if recipe.model.start:
        return recipe.model.start
    folder = Path(recipe.model.name)
    if folder.name != "model" or folder.parent.parent.resolve() != workspace.runs.resolve():
        return None
    return folder.parent.name


def title_of(workspace: Workspace, model: str) -> str:
    try:
        return find_model(workspace, model).title
    except StudioError:
        return Path(model).name  # its folder has gone since


def in_words(links: list[Link], last: str = THIS) -> str:
    """ "SmolLM2 → Returns helper → this run"; "" for a run that starts afresh."""
    return " → ".join([*(link.title for link in links), last]) if len(links) > 1 else ""


def starts(workspace: Workspace, model: str) -> list[Run]:
    """The runs that another one can start from, newest first: they kept something, and began with this model."""
    wanted = find_model(workspace, model).name
    runs = [run for run in list_runs(workspace) if run.kept is not None]
    ended = [run for run in runs if run.glance().status in ("finished", "stopped")]
    return [run for run in ended if began_with(workspace, run) == wanted]


def began_with(workspace: Workspace, run: Run) -> str:
    name = chain(workspace, recipe_of(run))[0].name
    try:
        return find_model(workspace, name).name
    except StudioError:
        return name


def model_under(workspace: Workspace, model: str, start: str) -> str:
    """The model that a run trains: the one that was chosen, or with `start` the one under that run's result.

    Raises StudioError when there is no such run.
    """
    return load_run(workspace, start).recipe().model.name if start else model

"""Starting a run again with other settings: its recipe with what changes, and a name that says so."""

import re
from typing import Any

from filelock import FileLock

from studio.errors import StudioError
from studio.methods import find_method
from studio.training.queue import submit
from studio.training.recipe import Recipe, resolve
from studio.training.run import Run, load_run
from studio.workspace import read_json, write_json

LONGEST = 80  # characters of a name
SMALLER = 0.3  # times a learning rate that was too large: about half a power of ten, as rates are usually tried
UNTOLD = ("accumulation", "devices", "spread")  # how a step is worked out: it changes nothing about the result


def changed_recipe(run: Run, **settings: Any) -> Recipe:
    """The run's recipe with these settings in place of its own, resolved and checked, ready to be submitted.

    Raises StudioError when there is nothing to change, for a setting that will not do, and for whatever would make the
    run fail before its first step, such as other data.
    """
    recipe = run.recipe()
    if not settings:
        raise StudioError("Nothing was said to be changed.", "Name at least one setting.")
    recipe.settings = {**recipe.settings, **settings}
    recipe.name = named(recipe, settings)
    return resolve(run.workspace, recipe)


def named(recipe: Recipe, settings: dict[str, Any]) -> str:
    """ "Returns helper, learning rate 0.0001"; what an earlier change of the same settings has added is replaced."""
    name = recipe.name
    for field in settings:
        name = re.sub(rf", {re.escape(term_of(recipe, field))} [^,]*", "", name)
    told = named_change(recipe, settings)
    return f"{name[: LONGEST - len(told) - 2].rstrip()}, {told}"


def named_change(recipe: Recipe, settings: dict[str, Any]) -> str:
    """ "learning rate 0.0001", "batch size 8"."""
    told = {field: value for field, value in settings.items() if field not in UNTOLD} or settings
    return ", ".join(f"{term_of(recipe, field)} {in_figures(value)}" for field, value in told.items())


def term_of(recipe: Recipe, field: str) -> str:
    """The field's term, from a title such as “Size of each correction (learning rate)”."""
    info = find_method(recipe.method.name).settings.model_fields.get(field)
    title = info.title if info and info.title else field
    found = re.search(r"\((.+?)\)", title)
    return found.group(1) if found else title[0].lower() + title[1:]


def in_figures(value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:.12f}".rstrip("0").rstrip(".")


def start_again(run: Run, **settings: Any) -> Run:
    """Submit the changed recipe, and end this run with what it has learned if it is still at work.

    Asked for the same twice, as by a double click, it is done once: the run that was made the first time is returned.
    Raises StudioError as `changed_recipe` does; the run then goes on as before.
    """
    with FileLock(run.workspace.locks / f"again-{run.id}.lock", timeout=30):
        if (made := started_again(run)) and read_json(run.folder / "again.json")["settings"] == settings:
            return made
        recipe = changed_recipe(run, **settings)
        if run.view().live:
            run.request_stop(keep=True)
        again = submit(run.workspace, recipe)
        write_json(run.folder / "again.json", {"settings": settings, "run": again.id})
        return again


def more_carefully(run: Run) -> Run:
    """The same with a learning rate about a third as large. Raises StudioError as `start_again` does."""
    return start_again(run, learning_rate=float(f"{float(run.recipe().settings['learning_rate']) * SMALLER:.1g}"))


def started_again(run: Run) -> Run | None:
    """The run that was made of this one by `start_again`, if it is still there."""
    asked = read_json(run.folder / "again.json")
    try:
        return load_run(run.workspace, asked["run"]) if asked else None
    except StudioError:
        return None

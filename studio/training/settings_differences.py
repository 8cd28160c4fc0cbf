"""In what the recipes of several runs differ, and in what they are the same: each setting by its title, in words."""

import typing
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic.fields import FieldInfo

from studio.datasets.step_changes import step_changes, words
from studio.datasets.store import load_dataset
from studio.errors import StudioError
from studio.goals.catalogue import list_goals
from studio.methods import Method, find_method
from studio.methods.fields import applying, default_of, extra, kind_of
from studio.training.chain import title_of
from studio.training.recipe import Recipe
from studio.training.run import Run, load_run
from studio.training.tracking.part import TITLES, TrackingPart
from studio.workspace import Workspace

ABSENT = "not part of this method"
IDLE = "does not apply"


@dataclass(frozen=True)
class Line:
    """What it is, and how each of the runs has it."""

    what: str
    values: tuple[str, ...]

    @property
    def same(self) -> bool:
        return len(set(self.values)) == 1


def compared(runs: Sequence[Run]) -> tuple[list[Line], list[Line]]:
    """The lines in which these runs differ, and those in which all are the same."""
    recipes = [run.recipe() for run in runs]
    lines = [*choices(runs[0].workspace, recipes), *settings(runs[0].workspace, recipes)]
    return [line for line in lines if not line.same], [line for line in lines if line.same]


def choices(workspace: Workspace, recipes: Sequence[Recipe]) -> list[Line]:
    """Data, model, method and goal; of two runs on the same data also what was done to the rows otherwise."""
    goals = {goal.name: goal.title for goal in list_goals()}
    asked = {
        "Goal": lambda recipe: goals.get(recipe.goal, recipe.goal) or "none",
        "Success": lambda recipe: recipe.success.title or recipe.success.metric if recipe.success else "not said",
        "Data": lambda recipe: data_title(workspace, recipe),
        "Data version (fingerprint of the rows)": lambda recipe: (recipe.data.fingerprint or "not known")[:10],
        "Model": lambda recipe: title_of(workspace, recipe.model.name),
        "Starts from": lambda recipe: run_title(workspace, recipe.model.start) or "the model itself",
        "Method": lambda recipe: method_title(recipe.method.name),
        "Also recorded in": lambda recipe: listed(recipe.tracking),
    }
    lines = [Line(what, tuple(say(recipe) for recipe in recipes)) for what, say in asked.items()]
    if (
        len(recipes) == 2
        and recipes[0].data.dataset == recipes[1].data.dataset
        and all(r.data.mapping for r in recipes)
    ):
        changed = step_changes(recipes[0].steps(), recipes[1].steps())
        lines += [Line(f"Data: {change.what}", (change.one, change.other)) for change in changed]
    return lines


def settings(workspace: Workspace, recipes: Sequence[Recipe]) -> list[Line]:
    """One line for each setting that counts in at least one of the runs, in the order of the settings classes."""
    methods = [known(recipe.method.name) for recipe in recipes]
    titles: dict[str, str] = {}
    for method in methods:
        for name, info in method.settings.model_fields.items() if method else ():
            titles.setdefault(name, info.title or name)
    for recipe in recipes:
        titles |= {name: name for name in recipe.settings if name not in titles}
    lines = []
    for name, title in titles.items():
        found = tuple(said(workspace, m, r, name) for m, r in zip(methods, recipes, strict=True))
        if not set(found) <= {ABSENT, IDLE}:
            lines.append(Line(title, found))
    return lines


def said(workspace: Workspace, method: Method | None, recipe: Recipe, name: str) -> str:
    """How a recipe has a setting, in words."""
    if method is None or name not in method.settings.model_fields:
        return words(recipe.settings[name]) if name in recipe.settings else ABSENT
    if name not in applying(method.settings, recipe.settings):
        return IDLE
    info = method.settings.model_fields[name]
    value = recipe.settings.get(name, None if kind_of(info)[1] else default_of(info))
    return in_words(workspace, name, info, value)


def in_words(workspace: Workspace, name: str, info: FieldInfo, value: Any) -> str:
    if typing.get_origin(kind_of(info)[0]) is typing.Literal:
        return str((extra(info).get("words") or {}).get(value, "none" if value is None else value))
    if name.endswith("_run") and value:
        return run_title(workspace, value)
    if isinstance(value, float):
        return f"{value:.10f}".rstrip("0").rstrip(".") if abs(value) >= 1e-9 else f"{value:g}"
    return words(value)


def listed(tracking: TrackingPart | None) -> str:
    return ", ".join(TITLES[name] for name in tracking.switched_on) if tracking else "nowhere else"


def known(method: str) -> Method | None:
    try:
        return find_method(method)
    except StudioError:
        return None  # of a later studio


def method_title(name: str) -> str:
    method = known(name)
    return method.title if method else name


def data_title(workspace: Workspace, recipe: Recipe) -> str:
    try:
        return load_dataset(workspace, recipe.data.dataset or "").name
    except StudioError:
        return f"{recipe.data.dataset or 'data'} (no longer here)"


def run_title(workspace: Workspace, id: str | None) -> str:
    """The name of that run; "" for none."""
    if not id:
        return ""
    try:
        return load_run(workspace, id).name
    except StudioError:
        return "a run that is no longer here"

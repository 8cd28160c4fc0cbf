"""The choices of an earlier run into Data, Model and Set up: asked for in History, or by a run that has failed."""

import time
from typing import Any

import gradio as gr

from components import data_choice, draft, goal_part
from components.html import html, notice
from components.kept_forms import keep
from components.page import PICKED, QUICK, Page
from components.preset_form import preset_for
from components.speak import plain
from components.train_form import Form
from studio.goals.catalogue import list_goals
from studio.methods import Method, find_method
from studio.methods.presets import Preset, list_presets
from studio.training.back_off import found as changed_for_memory
from studio.training.copying import Copied, copied
from studio.training.run import Run, load_run
from studio.workspace import Workspace


def build(page: Page) -> None:
    page.parts["copied"] = html(elem_id="copied-settings")


def wire(page: Page, form: Form) -> None:
    parts, choices = page.parts, page.choices
    goals, data = parts["goals"], parts["data_tab"]

    def copy(run_id: str, mark: str) -> dict[Any, Any]:
        run = load_run(page.workspace, run_id)
        found = copied(run)
        way = find_method(found.method)
        preset = nearest(page.workspace, way, found)
        remember(page, way, preset, found)
        values = dict(zip(form.parts, form.filled(way, preset, found.settings, "", found.model, mark), strict=True))
        values |= {
            choices["method"]: way.name,
            choices["preset"]: preset.name,
            choices["run_name"]: found.name,
            choices["start"]: found.start,
            choices["goal"]: found.goal,
            goals["again"]: f"copied {time.monotonic()}",
            parts["train_tabs"]: gr.Tabs(selected="setup"),
            parts["copied"]: told(run, found),
        }
        if found.model:
            values[choices["model"]] = found.model
        if found.dataset:
            values[data["went_back"]] = f"{found.dataset} as {run.id} had it {time.monotonic()}"
        return values

    outputs = [*form.parts, *(choices[name] for name in ("method", "preset", "run_name", "start", "goal", "model")),
               goals["again"], data["went_back"], parts["train_tabs"], parts["copied"]]  # fmt: skip
    up = "(...known) => (scrollTo(0, 0), known)"
    for asked, mode in ((parts["history.copy"].click, QUICK), (parts["ending"].refill, PICKED)):
        asked(plain(copy), [page.run, choices["mark"]], outputs, js=up, **mode)
    parts["start"].click(lambda: "", outputs=parts["copied"], **QUICK)


def remember(page: Page, way: Method, preset: Preset, found: Copied) -> None:
    """All of it into the draft, from which the parts of the page read what was chosen."""
    keep(page, way, found.settings, preset=preset.name, run_name=found.name)
    draft.remember(page.workspace, method=way.name, start=found.start, goal=found.goal)
    if found.model:
        draft.remember(page.workspace, model=found.model)
    if found.dataset and found.steps:
        data_choice.keep(page.workspace, found.dataset, found.steps)
        draft.remember(page.workspace, dataset=found.dataset)
    if found.goal and found.success:
        goal = next(goal for goal in list_goals() if goal.name == found.goal)
        asked = found.success.model_dump(exclude={"value"})
        offered = goal.successes(way.name)
        at = next((str(n) for n, one in enumerate(offered) if one.model_dump(exclude={"value"}) == asked), "")
        goal_part.keep_success(page, goal, way.name, at, found.success.value)


def nearest(workspace: Workspace, way: Method, found: Copied) -> Preset:
    """The preset from which these settings differ least: a recipe does not say with which it began."""
    schema = way.settings

    def alike(preset: Preset) -> int:
        given = {name: info.get_default(call_default_factory=True) for name, info in schema.model_fields.items()}
        given |= preset.settings_of(schema)
        return sum(found.settings[name] == value for name, value in given.items())

    chosen = preset_for(workspace, way.name)
    return max([chosen, *list_presets(way.name, workspace)], key=alike)


def told(run: Run, found: Copied) -> str:
    """What was taken over and what was not, and what to change where the run has failed."""
    if found.missing:
        return notice("warn", f"Not everything of “{run.name}” could be taken over.", " ".join(found.missing))
    error = run.glance().error
    same = "Data, model, method and all settings stand as they did for it."
    if changed_for_memory(run):
        same = "Data, model, method and settings stand as they did at its end, after it had made do with less memory."
    advice = error.hint if error else "Change what you like, then start."
    return notice("info", f"The settings of “{run.name}” are filled in.", f"{same} {advice}")

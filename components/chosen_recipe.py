"""The recipe of what is chosen on the page: of a run to be started, or of one to be tested first."""

from pathlib import Path
from typing import Any

from components import goal_part, settings_fields, tracking_part, watch_part
from components.data_choice import prepared
from components.page import Page
from studio.datasets.store import load_dataset
from studio.methods import find_method
from studio.methods.fields import applied
from studio.methods.presets import find_preset
from studio.training.chain import model_under
from studio.training.recipe import Recipe, new_recipe


def chosen_recipe(page: Page, chosen: dict[str, Any]) -> Recipe:
    """Resolved. Raises StudioError for what cannot be."""
    asked = split(chosen)
    asked.pop("dataset")
    data = prepared(asked.pop("data"))
    preset = find_preset(asked.pop("preset"), None, page.workspace)
    asked["model"] = model_under(page.workspace, asked["model"], asked["start"])
    stem = Path(load_dataset(page.workspace, data.dataset).name).stem.replace("_", " ").replace("-", " ").capitalize()
    asked["watch"] = watch_part.questions(asked["watch"])
    goal = goal_part.chosen_goal(page)
    return new_recipe(
        page.workspace,
        name=asked.pop("run_name").strip() or f"{stem} · {preset.title}",
        goal=goal.name if goal else "",
        success=goal_part.success_for(page, goal, asked["method"]),
        dataset_id=data.dataset,
        steps=data.steps,
        **asked,
    )


def split(chosen: dict[str, Any]) -> dict[str, Any]:
    """The choices, with the settings that the chosen method has and that apply under `settings`, and `tracking`."""
    way = find_method(chosen["method"])
    apart = (settings_fields.FIELD, tracking_part.FIELD)
    plainly = {name: value for name, value in chosen.items() if not name.startswith(apart)}
    settings = settings_fields.of_method(way, settings_fields.unprefixed(chosen))
    tracking = tracking_part.chosen(chosen)
    return plainly | {"settings": applied(way.settings, settings)} | ({"tracking": tracking} if tracking else {})

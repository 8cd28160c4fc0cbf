"""The settings and the preset of each method as a person left them, kept with the page's other choices."""

from typing import Any

from components import draft, settings_fields
from components.page import Page
from studio.methods import Method
from studio.methods.presets import find_preset, list_presets

FIRST_PRESET = "balanced"


def keep(page: Page, method: Method, settings: dict[str, Any], preset: str = "", **more: Any) -> None:
    """Remember the settings of a method, and its preset, beside those of the other methods."""

    def newer(known: dict[str, Any]) -> dict[str, Any]:
        presets, forms = (table(known.get(name)) for name in ("presets", "forms"))
        return {
            **more,
            "presets": presets | ({method.name: preset} if preset else {}),
            "forms": forms | {method.name: settings},
        }

    draft.change(page.workspace, newer)


def kept_settings(page: Page, method: Method) -> dict[str, Any]:
    kept = table(table(draft.load(page.workspace).get("forms")).get(method.name))
    return {name: value for name, value in kept.items() if name in method.settings.model_fields}


def preset_for(page: Page, method: str) -> str:
    """The preset that was chosen for this method the last time, else the one that is made for it."""
    fitting = list_presets(method)
    kept = table(draft.load(page.workspace).get("presets")).get(method)
    # Those listed after the usual ones are offered, and not taken by themselves.
    made = [preset.name for preset in fitting if preset.methods and preset.order < find_preset(FIRST_PRESET).order]
    return next(name for name in (kept, *made, FIRST_PRESET) if name in {preset.name for preset in fitting})


def prefer(page: Page, method: Method, preset: str, settings: dict[str, Any]) -> None:
    """Remember a preset with these differences from it, in place of what the method's form held."""
    chosen = find_preset(preset).settings | settings
    keep(page, method, settings_fields.values_of(method.settings, chosen), preset=preset)


def table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}

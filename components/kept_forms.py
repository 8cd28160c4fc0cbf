"""What a person changed of each method's settings, and its preset, kept with the page's other choices."""

from typing import Any

from components import draft
from components.page import Page
from components.preset_form import table
from studio.methods import Method


def keep(page: Page, method: Method, settings: dict[str, Any], preset: str = "", **more: Any) -> None:
    """Remember what was changed of a method's settings, and its preset, beside those of the other methods."""

    def newer(known: dict[str, Any]) -> dict[str, Any]:
        presets, forms = (table(known.get(name)) for name in ("presets", "forms"))
        return {
            **more,
            "presets": presets | ({method.name: preset} if preset else {}),
            "forms": forms | {method.name: settings},
        }

    draft.change(page.workspace, newer)

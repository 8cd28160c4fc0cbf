"""The written part of a template: its section's values, the columns as buttons, and the first rows filled in."""

from typing import Any

import gradio as gr
import pandas

from components.html import escape
from studio.datasets.shapes import Mapping, roles_of
from studio.datasets.templates import preview as preview_of

SHOWN_COLUMNS = 60
EMPTY = "<i>Nothing: all of its columns are empty in this row.</i>"


def values(mapping: Mapping, columns: list[str], head: pandas.DataFrame) -> dict[str, Any]:
    """The section for rows read like this; gone where no role takes a text of one's own."""
    roles = [role for role in roles_of(mapping.shape) if role.widget == "template"]
    built = next((value for role in roles if "{" in (value := mapping.columns.get(role.name, ""))), "")
    return {
        "build_text": gr.Accordion(visible=bool(roles)),
        "template_role": gr.Dropdown(
            choices=[(role.title, role.name) for role in roles],
            value=roles[0].name if roles else None,
            visible=len(roles) > 1,
        ),
        "template": built,
        "template_columns": chips(columns),
        "template_preview": preview(built, head) if built else "",
    }


def chips(columns: list[str]) -> str:
    buttons = "".join(
        f'<button type="button" class="ts-chip" data-column="{escape(name)}">{escape(name)}</button>'
        for name in columns[:SHOWN_COLUMNS]
    )
    return f'<div class="ts-chips" role="group" aria-label="Put a column in">{buttons}</div>'


def preview(template: str, head: pandas.DataFrame) -> str:
    """The first rows with the template filled in, or what is wrong with it."""
    if not template.strip():
        return ""
    found = preview_of(template, head)
    said = "".join(f'<p class="ts-help">{escape(one)}</p>' for one in found.problems)  # still being typed, so no alarm
    rows = "".join(f'<li class="ts-reads"><p class="ts-said">{escape(text) or EMPTY}</p></li>' for text in found.texts)
    return said + (f'<p class="ts-help">The first rows then read:</p><ul class="ts-filled">{rows}</ul>' if rows else "")

"""Building a text out of several columns: a template, the columns to put in, and what it makes of the first rows."""

from dataclasses import replace
from typing import Any

import gradio as gr

from components.data_choice import Choice
from components.data_reading import Reading
from components.data_wiring import Values, Wiring
from components.html import html
from components.template_view import preview
from studio.datasets.shapes import roles_of
from studio.errors import StudioError


def build(parts: dict[str, Any]) -> None:
    with gr.Accordion("Build a text out of several columns", open=False, visible=False, elem_id="build-text") as parts[
        "build_text"
    ]:
        parts["template_role"] = gr.Dropdown(
            choices=[], label="The text is used as", interactive=True, allow_custom_value=True, elem_id="template-role"
        )
        parts["template"] = gr.Textbox(
            label="Text, with columns in braces",
            info="Such as “Classify this ticket: {title}”. Type { for the names, or press one below.",
            lines=3,
            max_lines=10,
            interactive=True,
            elem_id="template",
        )
        parts["template_columns"] = html(elem_id="template-columns")
        parts["template_preview"] = html(elem_id="template-preview")
        parts["use_template"] = gr.Button("Use this text", size="md", elem_id="use-template", elem_classes="ts-fit")


def wire(wiring: Wiring, reading: Reading) -> None:
    parts = wiring.parts

    def typed(choice: Choice, template: str) -> Values:
        if not choice.dataset:
            return {}
        return {"template_preview": preview(template or "", reading.head(choice.dataset)[0])}

    def use(choice: Choice, template: str, role: str) -> Values:
        """The text takes the place of the column in its role."""
        if not choice.dataset or not choice.shape or not (template or "").strip():
            return {}
        names = [one.name for one in roles_of(choice.shape)]
        if role not in names:
            raise StudioError("It is not said what the text is used as.", "Choose it in the list above the text.")
        roles = list(choice.roles)
        roles[names.index(role)] = template.strip()
        return {
            f"role-{names.index(role)}": template.strip(),
            **reading.read(replace(choice, roles=tuple(roles))),
        }

    # Gradio's `input` of a text comes with keys only, not when a name is put in or a text is pasted.
    wiring.show(parts["template"].change, typed, "template", trigger_mode="always_last")
    wiring.show(parts["use_template"].click, use, "template", "template_role")

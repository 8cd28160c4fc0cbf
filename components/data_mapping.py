"""How the rows are read: the shape of the file, and which column fills which role."""

from collections.abc import Sequence
from typing import Any

import gradio as gr
import pandas

from components import template_view
from components.data_views import certainty
from components.html import html
from studio.datasets.paths import paths_in
from studio.datasets.shapes import SHAPES, Guess, Mapping, Role, roles_of
from studio.datasets.shapes.head import Head

ROLES = 6  # drop-downs on the page, as many as the widest shape needs
FIELDS = ("shape", *(f"role-{number}" for number in range(ROLES)), "system", "group")
FIRST_ROLES = 3  # the others are behind a fold
MOST_CHOICES = 400


def build(parts: dict[str, Any]) -> None:
    """The drop-downs of a mapping, filled by `values` once there is data."""
    html('<h3>How is a row read?</h3><p class="ts-help">These are our guesses. Change any that are wrong.</p>')
    parts["shape"] = gr.Dropdown(
        choices=[(shape.title, name) for name, shape in SHAPES.items()],
        label="The file holds",
        interactive=True,
        elem_id="shape",
    )
    parts["sure"] = html()
    for number in range(FIRST_ROLES):
        parts[f"role-{number}"] = role_part(number)
    with gr.Accordion("More columns", open=False, visible=False, elem_id="more-roles") as parts["more_roles"]:
        for number in range(FIRST_ROLES, ROLES):
            parts[f"role-{number}"] = role_part(number)
    parts["unused"] = html()
    parts["columns_problem"] = html(elem_id="columns-problem")
    parts["system"] = gr.Textbox(
        label="Instruction put in front of every example (system message)",
        info="Optional, such as “You answer for a small shop.” Left empty, the model’s own format decides.",
        lines=2,
        max_lines=6,
        interactive=True,
        elem_id="system",
    )


def role_part(number: int) -> gr.Dropdown:
    return gr.Dropdown(
        choices=[],
        label=f"Role {number + 1}",
        interactive=True,
        visible=False,
        allow_custom_value=True,
        elem_id=f"role-{number}",
    )


def mapping_of(shape: str, roles: Sequence[str | None], system: str, group: str | None) -> Mapping:
    """What the drop-downs say. A role without a column is left open."""
    named = zip(roles_of(shape), roles, strict=False)
    columns = {role.name: str(value) for role, value in named if value and str(value).strip()}
    takes_system = SHAPES[shape].takes_system
    return Mapping(
        kind=SHAPES[shape].kind,  # type: ignore[arg-type]  # checked by pydantic
        shape=shape,
        columns=columns,
        system=(system or "").strip() if takes_system else "",
        group=group or "",
    )


def reshaped(shape: str, head: pandas.DataFrame, guess: Guess | None, system: str) -> Mapping:
    """The mapping to begin with when a person says that the file has another shape than we thought."""
    known = [guess.mapping, *guess.others] if guess else []
    for mapping in known:
        if mapping.shape == shape:
            return mapping.model_copy(update={"system": system})
    found = SHAPES[shape].recognise(Head(head))
    return found.mapping if found else mapping_of(shape, [], system, None)


def values(mapping: Mapping, guess: Guess | None, head: pandas.DataFrame) -> dict[str, Any]:
    """The drop-downs as a mapping says."""
    columns = choices_of(head)
    roles = roles_of(mapping.shape)
    shown: dict[str, Any] = {
        "shape": mapping.shape,
        "sure": certainty(mapping, guess),
        "system": gr.Textbox(value=mapping.system, visible=SHAPES[mapping.shape].takes_system),
        "group": gr.Dropdown(choices=[("Nothing", ""), *((name, name) for name in head.columns)], value=mapping.group),
    }
    shown["more_roles"] = gr.Accordion(visible=len(roles) > FIRST_ROLES)
    for number in range(ROLES):
        shown[f"role-{number}"] = (
            role_field(roles[number], columns, mapping.columns.get(roles[number].name))
            if number < len(roles)
            else gr.Dropdown(visible=False, value=None, choices=[])
        )
    return {**shown, **template_view.values(mapping, columns, head)}


def unknown() -> dict[str, Any]:
    """The drop-downs while it is not known what the file holds."""
    hidden = {f"role-{number}": gr.Dropdown(visible=False, value=None, choices=[]) for number in range(ROLES)}
    folds = {name: gr.Accordion(visible=False) for name in ("more_roles", "build_text")}
    return {"shape": None, "sure": "", "system": gr.Textbox(visible=False), "group": "", **hidden, **folds}


def role_field(role: Role, columns: list[str], value: str | None) -> Any:
    """One drop-down for one role; what builds text takes a template too."""
    info = role.help
    if role.widget == "template":
        info += " Or write a text with columns in braces: “About {title}: {body}”."
    choices = [("Nothing", ""), *((name, name) for name in columns)] if not role.required else columns
    return gr.Dropdown(
        choices=choices, value=value or ("" if not role.required else None), label=role.title, info=info, visible=True
    )


def choices_of(head: pandas.DataFrame) -> list[str]:
    """Every column, and below nested ones the paths into them."""
    found = []
    for column in head.columns:
        found.append(str(column))
        found += [path for path in paths_in(head, column) if path != column]
    return found[:MOST_CHOICES]

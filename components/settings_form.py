"""The settings form, drawn from a method's settings class: each field is declared once, there."""

import types
import typing
from typing import Any

import gradio as gr
from annotated_types import Ge, Gt, Le, Lt
from gradio.components import Component
from pydantic import BaseModel
from pydantic.fields import FieldInfo

SLIDER_STEPS = 40  # a whole number with at most so many values gets a slider


def build(settings: type[BaseModel]) -> dict[str, Component]:
    """Draw the fields, the advanced ones in an accordion. Returns them by field name."""
    drawn: dict[str, Component] = {}
    simple = {name: info for name, info in settings.model_fields.items() if not extra(info).get("advanced")}
    advanced = {name: info for name, info in settings.model_fields.items() if name not in simple}
    with gr.Row(elem_classes="ts-fields"):
        drawn |= {name: field(name, info) for name, info in simple.items()}
    if advanced:
        with (
            gr.Accordion("Advanced", open=False, elem_classes="ts-advanced"),
            gr.Row(elem_classes="ts-fields"),
        ):
            drawn |= {name: field(name, info) for name, info in advanced.items()}
    return drawn


def field(name: str, info: FieldInfo) -> Component:
    """One field. Limits are only shown here; studio/ checks them when the run is started."""
    kind, optional = kind_of(info)
    common = {
        "label": info.title or name,
        "info": help_of(info),
        "value": info.default,
        "interactive": True,
        "elem_id": f"setting-{name.replace('_', '-')}",
        "min_width": 240,
    }
    if typing.get_origin(kind) is typing.Literal:
        return gr.Dropdown(list(typing.get_args(kind)), **common)
    if kind is bool:
        return gr.Checkbox(**common)
    if kind in (int, float):
        low, high = limits(info)
        if kind is int and not optional and low is not None and high is not None and high - low <= SLIDER_STEPS:
            return gr.Slider(low, high, step=1, buttons=[], **common)
        # No minimum and maximum here: Gradio would refuse with words of its own. `any` lets any fraction through.
        return gr.Number(precision=0 if kind is int else None, step=1 if kind is int else None, **common)
    return gr.Textbox(max_lines=1, **common)


def kind_of(info: FieldInfo) -> tuple[Any, bool]:
    """The field's type without None, and whether None is allowed."""
    kind = info.annotation
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        parts = [part for part in typing.get_args(kind) if part is not types.NoneType]
        return parts[0], len(parts) < len(typing.get_args(kind))
    return kind, False


def limits(info: FieldInfo) -> tuple[float | None, float | None]:
    """Lowest and highest value that the settings class names."""
    low = next((m.ge if isinstance(m, Ge) else m.gt for m in info.metadata if isinstance(m, (Ge, Gt))), None)
    high = next((m.le if isinstance(m, Le) else m.lt for m in info.metadata if isinstance(m, (Le, Lt))), None)
    return low, high  # type: ignore[return-value]


def extra(info: FieldInfo) -> dict[str, Any]:
    return info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}


def help_of(info: FieldInfo) -> str:
    """The help sentence, with the unit where the title does not already say it."""
    unit = str(extra(info).get("unit") or "")
    words = info.description or ""
    said = f"{info.title} {words}".lower()
    return words if not unit or unit.split()[0] in said else f"{words} In {unit}."


def values_of(settings: type[BaseModel], overrides: dict[str, Any]) -> dict[str, Any]:
    """The value of every field: its default, or what a preset or draft says instead."""
    return {
        name: overrides.get(name, info.get_default(call_default_factory=True))
        for name, info in settings.model_fields.items()
    }

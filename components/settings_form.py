"""The settings form, drawn from the methods' settings classes: each field is declared once, there."""

from collections.abc import Callable
from typing import Any

import gradio as gr
from gradio.components import Component

from components import settings_fields as fields
from components.settings_fields import Slot
from studio.methods import Method


def build(after: dict[str, Callable[[], None]] | None = None) -> dict[str, Component]:
    """Draw every field of every method once, the advanced ones in an accordion. Returns them by their keys.

    after: what else is drawn behind the field of a key.
    """
    drawn: dict[str, Component] = {}
    slots = fields.slots()
    wide = [slot for slot in slots.values() if fields.shape(slot.name, slot.info) == "table"]
    simple = [slot for slot in slots.values() if not slot.advanced and slot not in wide]
    advanced = [slot for slot in slots.values() if slot.advanced and slot not in wide]
    with gr.Row(elem_classes="ts-fields"):
        for slot in simple:
            drawn[slot.key] = field(slot)
            if after and slot.key in after:
                after[slot.key]()
    drawn |= {slot.key: table(slot) for slot in wide}
    with (
        gr.Accordion("Advanced", open=False, elem_classes="ts-advanced"),
        gr.Row(elem_classes="ts-fields"),
    ):
        drawn |= {slot.key: field(slot) for slot in advanced}
    return {key: drawn[key] for key in slots}


def table(slot: Slot) -> Component:
    """A field that holds several rows, which take the whole width."""
    from components import reward_rules

    with gr.Column(elem_id=slot.id):
        return reward_rules.build(slot.name, slot.info)


def field(slot: Slot) -> Component:
    """One field. Limits are only shown here; studio/ checks them when the run is started."""
    info = slot.info
    kind, optional = fields.kind_of(info)
    common = {
        "label": info.title or slot.name,
        "info": fields.help_of(info),
        "value": fields.default_of(info),
        "interactive": True,
        "elem_id": slot.id,
        "min_width": 240,
    }
    shape = fields.shape(slot.name, info)
    if shape == "choice":
        # Other methods may offer other choices, and Gradio would refuse what is not among those it began with.
        varied = slot.key in fields.differing()
        return gr.Dropdown(
            fields.choices_of(slot.name, info, slot.method.settings), allow_custom_value=varied, **common
        )
    if shape == "run":
        return gr.Dropdown([("None", "")], allow_custom_value=True, **common)
    if shape == "switch":
        return gr.Checkbox(**common)
    if shape == "slider":
        low, high = fields.limits(info)
        return gr.Slider(low, high, step=1, buttons=[], **common)
    if shape in ("whole", "number"):
        # No minimum and maximum here: Gradio would refuse with words of its own. `any` lets any fraction through.
        empty = {"placeholder": "empty"} if optional else {}
        return gr.Number(precision=0 if kind is int else None, step=1 if kind is int else None, **empty, **common)
    return gr.Textbox(max_lines=1, **common)


def filled(method: Method, values: dict[str, Any], hidden: int = 0) -> dict[str, Any]:
    """Updates by key that bring the form to a method with these values, which are by the settings' names.

    hidden: the hidden size of the chosen model.
    """
    updates = {}
    for name, value in values.items():
        key = fields.slot_of(method, name).key
        words = fields.wording(name, method) if key in fields.differing() else {}
        if name == fields.RATE:
            words = rate(method, values.get("adapt"), hidden)
        updates[key] = gr.update(value=value, **words)
    return updates


def rate(method: Method, adapt: Any, hidden: int = 0) -> dict[str, Any]:
    """What the field of the learning rate says for this way of training and a model of this hidden size."""
    words, number = fields.rate_words(method.settings, adapt, hidden)
    return {"info": words, "placeholder": number}

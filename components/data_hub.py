"""A dataset of the Hugging Face hub, by its name: what it offers is asked first, then one part of it is brought."""

import json
from collections.abc import Callable
from typing import Any

import gradio as gr

from components import data_views as views
from components.data_choice import Choice
from components.data_incoming import Incoming
from components.data_wiring import Values, Wiring
from components.html import count, escape, html
from studio.errors import StudioError

HELP = (
    "This needs the internet, and is the only way on this page that uses it. The hub learns the name that you ask for; "
    "nothing of yours is sent."
)


def build(parts: dict[str, Any]) -> None:
    with gr.Accordion("Or a Hugging Face dataset", open=False, elem_id="hub", elem_classes="ts-fold"):
        parts["hub_name"] = gr.Textbox(
            label="Name of the dataset, or the address of its page",
            info=HELP,
            placeholder="owner/name",
            max_lines=1,
            interactive=True,
            elem_id="hub-name",
        )
        parts["ask_hub"] = gr.Button("Look it up", size="md", elem_id="ask-hub", elem_classes="ts-fit")
        parts["hub_offer"] = html(elem_id="hub-offer")
        parts["hub_part"] = gr.Dropdown(
            choices=[],
            label="Which part of it",
            visible=False,
            interactive=True,
            allow_custom_value=True,
            elem_id="hub-part",
        )
        parts["bring_hub"] = gr.Button(
            "Bring these rows", visible=False, size="md", elem_id="bring-hub", elem_classes="ts-fit"
        )


def offered(offer: dict[str, Any]) -> Values:
    """What the hub offers, as `studio.datasets.reading.Reading.look_hub` tells it, to choose from."""
    common = {"name": offer["name"], "revision": offer["revision"]}
    choices, chosen = [], None
    for table in offer["configurations"]:
        for part in table["splits"]:
            value = json.dumps({**common, "configuration": table["name"], "split": part["name"]})
            rows = f"{count(part['rows'], 'row')}, " if part["rows"] is not None else ""
            choices.append((f"{table['name']}, {part['name']} ({rows}{views.size(part['bytes'])})", value))
            if (table["name"], part["name"]) == (offer["configuration"], offer["split"]):
                chosen = value
    licence = f"Licence: {offer['licence']}." if offer["licence"] else "No licence is named, so ask before you use it."
    said = f"<p><b>{escape(offer['name'])}</b></p><p class='ts-help'>{escape(licence)} {escape(offer['summary'])}</p>"
    return {
        "hub_offer": said,
        "hub_part": gr.Dropdown(choices=choices, value=chosen, visible=True),
        "bring_hub": gr.Button(visible=True),
    }


def wire(wiring: Wiring, incoming: Incoming, begun: Callable[[str], Values]) -> None:
    parts = wiring.parts

    def ask(choice: Choice, name: str) -> Values:
        gone = {"hub_offer": "", "hub_part": gr.Dropdown(visible=False), "bring_hub": gr.Button(visible=False)}
        try:
            return {**gone, **begun(incoming.ask_hub(named(name)))}
        except StudioError as error:
            return {"drop_problem": views.problem(error), **gone}

    def bring(choice: Choice, part: str) -> Values:
        try:
            return begun(incoming.start_hub(**told(part)))
        except StudioError as error:
            return {"drop_problem": views.problem(error)}

    wiring.show(parts["hub_name"].submit, ask, "hub_name")
    wiring.show(parts["ask_hub"].click, ask, "hub_name")
    wiring.show(parts["bring_hub"].click, bring, "hub_part")


def told(part: str | None) -> dict[str, str]:
    """What the list of parts says. Raises StudioError for what is not in it."""
    try:
        known = json.loads(part or "")
        return {name: str(known[name]) for name in ("name", "configuration", "split", "revision")}
    except (ValueError, KeyError, TypeError):
        raise StudioError("That part is not in the dataset.", "Choose one out of the list.") from None


def named(name: str) -> str:
    if not (name or "").strip():
        raise StudioError("There is no name yet.", "Write it as owner/name first.")
    return name.strip()

"""The Data tab: bring a file, say which column is which, and see what the model will really see."""

from functools import partial
from typing import Any

import gradio as gr

from components import (
    data_augment,
    data_hand,
    data_health,
    data_mapping,
    data_rows,
    data_shares,
    data_sources,
    data_template,
    data_versions,
    draft,
    xray_view,
)
from components import data_views as views
from components.data_choice import Choice
from components.data_reading import Reading
from components.data_wiring import Values, Wiring
from components.data_xray import Examiner
from components.health_watch import Watch
from components.html import head, hidden, html, moved, title
from components.page import LATEST, PICKED, POLL, Page

LEAD = (
    "A model learns from examples: a question, and the answer your team would give. "
    "Bring a file with a column for each."
)


def build_unseen(page: Page) -> None:
    """What works while the tab has never been opened, for the tabs that wait for the data."""
    parts: dict[str, Any] = {}
    page.parts["data_tab"] = parts
    # One for what is on its way in and one for what is worked out about the rows: neither can stop the other.
    parts["coming"], parts["waiting"] = gr.Timer(0.5, active=False), gr.Timer(0.5, active=False)
    parts["rewriting_timer"] = gr.Timer(1, active=False)
    parts["data"] = page.choices["data"] = hidden("Dataset and what is done to it")
    parts["went_back"] = hidden("Version gone back to")


def build(page: Page) -> None:
    parts: dict[str, Any] = page.parts["data_tab"]
    html(head("Show it what a good answer looks like", LEAD))
    data_sources.build(parts)
    data_sources.build_incoming(parts)
    parts["empty"] = html(views.EMPTY)
    with gr.Column(visible=False, elem_classes="ts-found") as parts["found"]:
        columns(parts)
        with gr.Column(visible=False, elem_classes="ts-found") as parts["usable"]:
            data_health.build(parts)
            xray(parts)
            data_shares.build(parts)
            data_augment.build(parts)
            data_versions.build(parts)
    with gr.Row(elem_classes="ts-next"):
        parts["next"] = gr.Button(
            "Next: choose a model",
            variant="primary",
            interactive=False,
            elem_id="next-model",
            elem_classes="ts-fit",
        )
        parts["next_note"] = html("Choose your data first.", classes=["ts-next-note"])
    page.choices["dataset"] = parts["dataset"]


def columns(parts: dict[str, Any]) -> None:
    """What was found in the file, how a row is read, and the first rows."""
    parts["found_title"] = html(classes=["ts-section"])
    with gr.Column(elem_classes="ts-card"):
        parts["facts"] = html(elem_id="facts")
        parts["dropped"] = gr.DownloadButton(
            "Download", visible=False, size="md", elem_id="dropped", elem_classes="ts-fit"
        )
        parts["sheet"] = gr.Dropdown(
            choices=[],
            label="Sheet of the workbook",
            visible=False,
            interactive=True,
            allow_custom_value=True,
            elem_id="sheet",
        )
        with gr.Row(elem_classes="ts-mapping"):
            with gr.Column(scale=5, min_width=300):
                data_mapping.build(parts)
                data_template.build(parts)
            with gr.Column(scale=6, min_width=300):
                parts["reading"] = html(elem_id="reading")
    with gr.Column(elem_classes=["ts-card", "ts-first"]):
        html("<h3>The first rows</h3>")
        parts["first_rows"] = gr.Dataframe(
            interactive=False,
            wrap=True,
            label="The first rows",
            show_label=False,
            max_height=760,
            buttons=[],
            elem_id="first-rows",
            elem_classes="ts-table",
        )


def xray(parts: dict[str, Any]) -> None:
    """One example as tokens, with the row to show and the counts beside it."""
    html(
        title(
            "X-ray: what the model really sees",
            "Text reaches a model as tokens, small pieces of words. It reads all of them, but learns only from the "
            "coloured ones.",
        ),
        classes=["ts-section"],
    )
    with gr.Row(elem_classes=["ts-side", "ts-xray-row"]):
        with gr.Column(scale=7):
            data_rows.build(parts)
            with gr.Column(elem_classes="ts-card"):
                parts["xray"] = html(elem_id="xray")
            data_rows.build_editor(parts)
        with gr.Column(scale=4):
            with gr.Column(elem_classes="ts-card"):
                parts["this_row"] = html(xray_view.SOON)
            with gr.Column(elem_classes="ts-card"):
                parts["all_rows"] = html(xray_view.COUNTING)


def wire(page: Page) -> None:
    wiring = Wiring(page)
    parts, show = wiring.parts, wiring.show
    reading = Reading(page.workspace, Examiner(page.xray, page.inspector), Watch(page.inspector), page.offer)

    wiring.gone_on = reading.gone_on

    def restore(choice: Choice) -> Values:
        shown = reading.open(choice, draft.load(page.workspace).get("dataset"))
        shown.pop("drop_problem", None)  # a file may have been dropped meanwhile, and its trouble be on the page
        return shown

    data_sources.wire(wiring, reading)
    show(parts["shape"].input, reading.reshape, **PICKED)
    for number in range(data_mapping.ROLES):
        show(parts[f"role-{number}"].input, reading.read, trigger_mode="always_last")
    show(parts["system"].blur, reading.read, trigger_mode="always_last")
    data_template.wire(wiring, reading)
    data_shares.wire(wiring, reading)
    data_augment.wire(wiring, reading, page.demo.load)
    data_hand.wire(wiring, reading)
    show(parts["waiting"].tick, reading.wait, **POLL)
    show(parts["row"].input, reading.examine, trigger_mode="always_last")
    show(parts["words"].submit, partial(reading.step, 0), **LATEST)
    show(parts["previous"].click, partial(reading.step, -1), **LATEST)
    show(parts["following"].click, partial(reading.step, 1), **LATEST)
    later = dict(wiring.later)
    chosen = moved(later.pop("model"), later.pop("method"))
    events = [partial(gr.on, [chosen]), *(limit.change for limit in later.values())]
    for event in events:
        show(event, reading.look_again, trigger_mode="multiple")  # Train listens too, see `hidden`
    show(page.demo.load, restore, opens=True)
    went_back = data_versions.wire(page)
    show(
        partial(gr.on, [went_back]),
        lambda choice, went_back: reading.open(choice, went_back.split()[0]),
        "went_back",
        opens=True,
        trigger_mode="always_last",
    )
    health = data_health.wire(wiring, reading)
    show(partial(gr.on, [health.changed]), reading.examine, trigger_mode="always_last")
    show(partial(gr.on, [health.rows_asked]), partial(reading.step, 0), trigger_mode="always_last")
    page.go(parts["next"], "model")

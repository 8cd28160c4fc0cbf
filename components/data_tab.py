"""The Data tab: bring a file, say which column is which, and see what the model will really see."""

from collections.abc import Callable
from functools import partial
from typing import Any

import gradio as gr
from gradio.components import Component

from components import data_health, data_mapping, data_rows, data_versions, draft, xray_view
from components import data_views as views
from components.data_reading import Choice, Reading, Values
from components.data_xray import Examiner
from components.health_watch import Watch
from components.html import head, hidden, html, title
from components.page import POLL, QUICK, Page
from components.speak import plain
from studio.datasets.store import SAMPLES
from studio.methods import METHODS

LEAD = (
    "A model learns from examples: a question, and the answer your team would give. "
    "Bring a file with a column for each."
)
NAMES = ("dataset", *data_mapping.FIELDS, "test", "validation")
ALL = (*NAMES, *data_rows.FIELDS)


def build(page: Page) -> None:
    parts: dict[str, Any] = {}
    page.parts["data_tab"] = parts
    html(head("Show it what a good answer looks like", LEAD))
    with gr.Row(elem_classes="ts-sources"):
        sources(parts)
    with gr.Accordion("Or paste rows", open=False, elem_id="paste"):
        parts["pasted"] = gr.Textbox(
            label="Rows, the first with the names of the columns",
            info="Copied from a spreadsheet, or separated by commas, or one JSON object a line.",
            lines=5,
            max_lines=12,
            interactive=True,
            elem_id="pasted",
        )
        parts["take_pasted"] = gr.Button("Use these rows", size="md", elem_id="take-pasted", elem_classes="ts-fit")
    parts["drop_problem"] = html(elem_id="drop-problem")
    parts["incoming"] = html(elem_id="incoming")
    parts["cancel"] = gr.Button("Cancel", visible=False, size="md", elem_id="cancel-reading", elem_classes="ts-fit")
    parts["empty"] = html(views.EMPTY)
    with gr.Column(visible=False, elem_classes="ts-found") as parts["found"]:
        columns(parts)
        with gr.Column(visible=False, elem_classes="ts-found") as parts["usable"]:
            data_health.build(parts)
            xray(parts)
            shares(parts)
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
    parts["waiting"] = gr.Timer(0.5, active=False)
    parts["steps"] = hidden("What is done to the data")
    parts["went_back"] = hidden("Version gone back to")
    page.choices.update({"dataset": parts["dataset"], "steps": parts["steps"]})


def sources(parts: dict[str, Any]) -> None:
    """Three ways to data: drop a file, take a sample, go on with an earlier one."""
    with gr.Column(scale=5, min_width=280, elem_classes="ts-drop"):
        parts["drop"] = gr.File(
            label="Drop a file here or choose one",
            show_label=False,
            interactive=True,
            elem_id="drop",
            height=150,
        )
        html(f'<p class="ts-help">{views.DROP_HELP}</p>')
    with gr.Column(scale=4, min_width=240, elem_classes=["ts-card", "ts-samples"]):
        html("<h3>No file yet? Try a sample</h3>")
        for number, sample in enumerate(SAMPLES):
            parts[f"sample-{number}"] = gr.Button(sample.title, elem_id=f"sample-{number}", elem_classes="ts-sample")
            html(views.sample_line(sample))
    with gr.Column(scale=4, min_width=240, elem_classes=["ts-card", "ts-datasets"]):
        html("<h3>Your datasets</h3>")
        parts["no_datasets"] = html(views.NO_DATASETS)
        parts["dataset"] = gr.Radio(
            choices=[],
            label="Your datasets",
            show_label=False,
            container=False,
            interactive=True,
            elem_id="dataset",
            elem_classes="ts-list",
        )


def columns(parts: dict[str, Any]) -> None:
    """What was found in the file, how a row is read, and the first rows."""
    parts["found_title"] = html(classes=["ts-section"])
    with gr.Column(elem_classes="ts-card"):
        parts["facts"] = html(elem_id="facts")
        parts["sheet"] = gr.Dropdown(
            choices=[], label="Sheet of the workbook", visible=False, interactive=True, elem_id="sheet"
        )
        with gr.Row(elem_classes="ts-mapping"):
            with gr.Column(scale=5, min_width=300):
                data_mapping.build(parts)
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


def shares(parts: dict[str, Any]) -> None:
    """How the rows are divided, and the fields that change it."""
    html(
        title(
            "Training, check, test",
            "Rows that the model never practises on are the only honest way to see whether it learned.",
        ),
        classes=["ts-section"],
    )
    with gr.Column(elem_classes="ts-card"):
        parts["split"] = html(elem_id="split")
        with gr.Accordion("Change the shares", open=False, elem_id="shares"), gr.Row():
            for name, label in (("validation", "Check rows"), ("test", "Test rows")):
                parts[name] = gr.Number(
                    label=label,
                    info="A number of rows, or a share such as 0.1. Left empty, the studio decides.",
                    minimum=0,
                    interactive=True,
                    elem_id=f"{name}-rows",
                )
            parts["group"] = gr.Dropdown(
                choices=[("Nothing", "")],
                label="Keep rows together by",
                info="Rows with the same value here never stand on both sides, such as one customer’s.",
                interactive=True,
                elem_id="group",
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
    parts = page.parts["data_tab"]
    reading = Reading(page.workspace, Examiner(page.xray, page.inspector), Watch(page.inspector))
    limits = {f"{name}.max_length": page.choices[f"{name}.max_length"] for name in METHODS}
    reader = page.inputs("model", "method") | limits

    def show(event: Callable[..., Any], handler: Callable[..., Values], *names: str, **options: Any) -> None:
        """Let an event show what `handler` finds; it gets these parts and, by name, what is set on later tabs."""
        event(
            partial_values(parts, handler),
            inputs=[parts[name] for name in names],
            inputs_kwargs=reader,
            outputs=list(parts.values()),
            **{**QUICK, **options},
        )

    def choose(dataset: str | None, **later: Any) -> Values:
        return reading.choose(dataset, *model_and_limit(later))

    def asked(look: Callable[[Choice, str, int], Values]) -> Callable[..., Values]:
        return lambda *choice, **later: look(Choice.of(*choice), *model_and_limit(later))

    def step(by: int, *choice: Any, **later: Any) -> Values:
        return reading.step(by, Choice.of(*choice), *model_and_limit(later))

    def restore(**later: Any) -> Values:
        shown = reading.choose(draft.load(page.workspace).get("dataset"), *model_and_limit(later))
        shown.pop("drop_problem", None)  # a file may have been dropped meanwhile, and its trouble be on the page
        return shown

    show(parts["drop"].upload, lambda path, **later: reading.bring(path, *model_and_limit(later)), "drop")
    for number, sample in enumerate(SAMPLES):
        take = partial(reading.bring, str(sample.path))
        show(parts[f"sample-{number}"].click, lambda take=take, **later: take(*model_and_limit(later)))
    show(parts["take_pasted"].click, lambda text, **later: reading.paste(text, *model_and_limit(later)), "pasted")
    show(parts["sheet"].input, asked(reading.open_sheet), *ALL, "sheet")
    show(parts["dataset"].input, choose, "dataset")
    show(parts["shape"].input, asked(reading.reshape), *ALL)
    for name in NAMES[2:]:
        event = parts[name].blur if name == "system" else parts[name].input
        show(event, asked(reading.read), *ALL, trigger_mode="always_last")
    show(parts["row"].input, asked(reading.examine), *ALL, trigger_mode="always_last")
    show(parts["words"].submit, partial(step, 0), *ALL)
    show(parts["leave_out"].click, asked(reading.leave_out), *ALL)
    show(parts["undo_edit"].click, asked(reading.undo_edit), *ALL)
    show(
        parts["save_edit"].click,
        lambda prompt, reply, *choice, **later: reading.edit(
            prompt, reply, Choice.of(*choice), *model_and_limit(later)
        ),
        "edit_prompt",
        "edit_reply",
        *ALL,
    )
    show(parts["previous"].click, partial(step, -1), *ALL)
    show(parts["following"].click, partial(step, 1), *ALL)
    for later in reader.values():
        show(later.change, asked(reading.look_again), *ALL)
    show(parts["waiting"].tick, asked(reading.wait), *ALL, **POLL)
    show(parts["cancel"].click, reading.cancel)
    show(page.demo.load, restore)
    went_back = data_versions.wire(page, reading)
    show(partial(gr.on, [went_back]), choose, "dataset", trigger_mode="always_last")
    health = data_health.wire(page, reading)
    show(partial(gr.on, [health.changed]), asked(reading.examine), *ALL, trigger_mode="always_last")
    show(partial(gr.on, [health.rows_asked]), partial(step, 0), *ALL, trigger_mode="always_last")
    page.go(parts["next"], "model")


def partial_values(parts: dict[str, Component], handler: Callable[..., Values]) -> Callable[..., Any]:
    """The handler's values, which are by name, as Gradio wants them: by component."""

    @plain
    def handle(*inputs: Any, **later: Any) -> dict[Component, Any]:
        return {parts[name]: value for name, value in handler(*inputs, **later).items()}

    return handle


def model_and_limit(later: dict[str, Any]) -> tuple[str, int]:
    """The model chosen and the method's longest example, in tokens, from what the later tabs sent."""
    limit = later.get(f"{later['method']}.max_length")
    return later["model"], max(int(limit or 1), 1)

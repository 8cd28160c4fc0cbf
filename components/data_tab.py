"""The Data tab: bring a file, say which column is which, and see what the model will really see."""

from collections.abc import Callable
from functools import partial
from typing import Any

import gradio as gr
from gradio.components import Component

from components import data_views as views
from components import draft, xray_view
from components.data_reading import Choice, Reading, Values
from components.data_xray import Examiner
from components.html import head, html, title
from components.page import POLL, QUICK, Page
from components.speak import plain
from studio.datasets.store import SAMPLES
from studio.methods import METHODS

LEAD = (
    "A model learns from examples: a question, and the answer your team would give. "
    "Bring a file with a column for each."
)
NAMES = ("dataset", "prompt", "reply", "system")


def build(page: Page) -> None:
    parts: dict[str, Any] = {}
    page.parts["data_tab"] = parts
    html(head("Show it what a good answer looks like", LEAD))
    with gr.Row(elem_classes="ts-sources"):
        sources(parts)
    parts["drop_problem"] = html(elem_id="drop-problem")
    parts["empty"] = html(views.EMPTY)
    with gr.Column(visible=False, elem_classes="ts-found") as parts["found"]:
        columns(parts)
        with gr.Column(visible=False, elem_classes="ts-found") as parts["usable"]:
            xray(parts)
            html(
                title(
                    "Training, check, test",
                    "Rows that the model never practises on are the only honest way to see whether it learned.",
                ),
                classes=["ts-section"],
            )
            with gr.Column(elem_classes="ts-card"):
                parts["split"] = html(elem_id="split")
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
    page.choices.update({name: parts[name] for name in NAMES})


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
    """What was found in the file, which column is which, and the first rows."""
    parts["found_title"] = html(classes=["ts-section"])
    with gr.Column(elem_classes="ts-card"):
        parts["facts"] = html(elem_id="facts")
        with gr.Row(elem_classes="ts-mapping"):
            with gr.Column(scale=5, min_width=300):
                html(
                    "<h3>Which column is which?</h3>"
                    '<p class="ts-help">These are our guesses. Change any that are wrong.</p>'
                )
                for name, label, info in (
                    ("prompt", "Question", "what people ask"),
                    ("reply", "Answer", "what the model should say"),
                ):
                    with gr.Row(elem_classes="ts-map"):
                        parts[name] = gr.Dropdown(
                            choices=[],
                            label=label,
                            info=info,
                            interactive=True,
                            elem_id=f"{name}-column",
                            min_width=180,
                        )
                        parts[f"{name}_sure"] = html(min_width=90)
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
            with gr.Row(elem_classes="ts-row-picker"):
                parts["previous"] = gr.Button("Previous row", size="md", elem_id="xray-previous", elem_classes="ts-fit")
                parts["row"] = gr.Number(
                    1,
                    label="Row of the file",
                    precision=0,
                    interactive=True,
                    elem_id="xray-row",
                    min_width=150,
                )
                parts["row_of"] = html(classes=["ts-fit-html"])
                parts["following"] = gr.Button("Next row", size="md", elem_id="xray-next", elem_classes="ts-fit")
            with gr.Column(elem_classes="ts-card"):
                parts["xray"] = html(elem_id="xray")
        with gr.Column(scale=4):
            with gr.Column(elem_classes="ts-card"):
                parts["this_row"] = html(xray_view.SOON)
            with gr.Column(elem_classes="ts-card"):
                parts["all_rows"] = html(xray_view.COUNTING)


def wire(page: Page) -> None:
    parts = page.parts["data_tab"]
    reading = Reading(page.workspace, Examiner(page.xray))
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

    def read(*choice: Any, **later: Any) -> Values:
        return reading.read(Choice(*choice), *model_and_limit(later))

    def examine(*choice: Any, **later: Any) -> Values:
        return reading.examine(Choice(*choice), *model_and_limit(later))

    def step(by: int, *choice: Any, **later: Any) -> Values:
        moved = (*choice[:-1], (choice[-1] or 1) + by)
        return reading.examine(Choice(*moved), *model_and_limit(later))

    show(parts["drop"].upload, lambda path, **later: reading.bring(path, *model_and_limit(later)), "drop")
    for number, sample in enumerate(SAMPLES):
        take = partial(reading.bring, str(sample.path))
        show(parts[f"sample-{number}"].click, lambda take=take, **later: take(*model_and_limit(later)))
    show(parts["dataset"].input, choose, "dataset")
    for event in (parts["prompt"].input, parts["reply"].input, parts["system"].blur):
        show(event, read, *NAMES, "row")
    show(parts["row"].input, examine, *NAMES, "row", trigger_mode="always_last")
    show(parts["previous"].click, partial(step, -1), *NAMES, "row")
    show(parts["following"].click, partial(step, 1), *NAMES, "row")
    for later in reader.values():
        show(later.change, examine, *NAMES, "row")
    show(parts["waiting"].tick, examine, *NAMES, "row", **POLL)
    show(
        page.demo.load,
        lambda **later: reading.choose(draft.load(page.workspace).get("dataset"), *model_and_limit(later)),
    )
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

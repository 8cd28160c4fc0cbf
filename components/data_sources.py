"""Ways to data: drop a file, take a sample, go on with an earlier one, paste rows or type them."""

import time
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
import pandas

from components import data_hub, data_incoming, data_merge
from components import data_views as views
from components.data_choice import Choice
from components.data_incoming import Incoming
from components.data_merge import Merger
from components.data_reading import Reading
from components.data_wiring import Values, Wiring
from components.html import hidden, html
from components.page import PICKED, POLL
from studio.datasets.store import SAMPLES, add_file, load_dataset
from studio.errors import StudioError

TYPED = ["question", "answer"]
EMPTY_LINES = 4


def build(parts: dict[str, Any]) -> None:
    with gr.Row(elem_classes="ts-sources"):
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
                parts[f"sample-{number}"] = gr.Button(
                    sample.title, elem_id=f"sample-{number}", elem_classes="ts-sample"
                )
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
    with gr.Column(elem_classes="ts-more-ways"):
        paste(parts)
        table(parts)
        data_hub.build(parts)
        data_merge.build(parts)


def paste(parts: dict[str, Any]) -> None:
    with gr.Accordion("Or paste rows", open=False, elem_id="paste", elem_classes="ts-fold"):
        parts["pasted"] = gr.Textbox(
            label="Rows, the first with the names of the columns",
            info="Copied from a spreadsheet, or separated by commas, or one JSON object a line.",
            lines=5,
            max_lines=12,
            interactive=True,
            elem_id="pasted",
        )
        parts["take_pasted"] = gr.Button("Use these rows", size="md", elem_id="take-pasted", elem_classes="ts-fit")


def table(parts: dict[str, Any]) -> None:
    with gr.Accordion("Or type rows", open=False, elem_id="type", elem_classes="ts-fold"):
        html('<p class="ts-help">One example a row. Press a cell twice, or type into it; names of columns, too.</p>')
        parts["typed"] = gr.Dataframe(
            value=no_rows(),
            label="One example a row",
            show_label=False,
            interactive=True,
            wrap=True,
            column_count=(2, "dynamic"),
            buttons=[],
            max_height=420,
            elem_id="typed",
            elem_classes="ts-table",
        )
        with gr.Row():
            parts["take_typed"] = gr.Button("Use these rows", size="md", elem_id="take-typed", elem_classes="ts-fit")
            parts["more_lines"] = gr.Button("More lines", size="md", elem_id="more-lines", elem_classes="ts-fit")


def build_incoming(parts: dict[str, Any]) -> None:
    """What is on its way in, and why something could not be taken."""
    parts["drop_problem"] = html(elem_id="drop-problem")
    parts["incoming"] = html(elem_id="incoming")
    parts["job"] = hidden("What this page waits for")
    parts["cancel"] = gr.Button("Cancel", visible=False, size="md", elem_id="cancel-reading", elem_classes="ts-fit")


def no_rows() -> pandas.DataFrame:
    return pandas.DataFrame([["", ""]] * EMPTY_LINES, columns=TYPED)


def more_lines(choice: Choice, table: pandas.DataFrame) -> Values:
    """The table as it is typed so far, with empty lines at its end."""
    empty = [[""] * len(table.columns)] * EMPTY_LINES
    return {"typed": pandas.DataFrame(table.fillna("").to_numpy().tolist() + empty, columns=table.columns)}


class Sources:
    """Takes data in and shows it."""

    def __init__(self, reading: Reading) -> None:
        self.reading, self.workspace = reading, reading.workspace
        self.incoming = Incoming(reading.workspace)
        self.merger = Merger(reading, self.begun)
        self.job = ""  # what is on its way in belongs to the page that knows this word

    @property
    def expected(self) -> bool:
        return self.incoming.expected or self.merger.merging.expected

    def begun(self, shown: str) -> Values:
        """Something is on its way in, and belongs to this page."""
        self.job = f"job {time.monotonic()}"
        return {**data_incoming.values(shown), "drop_problem": "", "job": self.job}

    def adopt(self, choice: Choice) -> Values:
        """A page that was just opened takes over what another one had begun: mostly it is the same, loaded again."""
        return {"job": self.job, "coming": gr.Timer(active=True)} if self.expected else {}

    def bring(self, choice: Choice, path: str) -> Values:
        """A file was dropped: take it in and show it, or say why not and leave everything as it was."""
        try:
            if self.incoming.takes(path):
                return {"drop": None, **self.begun(self.incoming.start(path))}
            dataset = add_file(self.workspace, path)
        except StudioError as error:
            return {"drop": None, "drop_problem": views.problem(error)}
        return {"drop": None, **self.reading.open(choice, dataset.id)}

    def sample(self, path: Path, choice: Choice) -> Values:
        return self.bring(choice, str(path))

    def paste(self, choice: Choice, text: str) -> Values:
        """Rows were pasted: take them in like a file."""
        try:
            shown = self.bring(choice, data_incoming.paste(self.workspace, text or ""))
        except StudioError as error:
            return {"drop_problem": views.problem(error)}
        return {**shown, "pasted": ""} if "found" in shown else shown  # kept until the rows are there

    def type_in(self, choice: Choice, table: pandas.DataFrame) -> Values:
        """Rows were typed: take those in which something stands in like a file."""
        try:
            shown = self.bring(choice, data_incoming.typed(self.workspace, table))
        except StudioError as error:
            return {"drop_problem": views.problem(error)}
        return {**shown, "typed": no_rows()} if "found" in shown else shown

    def open_sheet(self, choice: Choice, sheet: str) -> Values:
        """Another sheet of the workbook: a dataset of its own, from the same file."""
        dataset = load_dataset(self.workspace, choice.dataset or "")
        return self.begun(self.incoming.start(str(dataset.raw), dataset.name, sheet))

    def wait(self, choice: Choice, job: str) -> Values:
        """What has come since the last look: of datasets put together, or of the file that is read."""
        if not self.expected:
            return {**data_incoming.values(""), **self.reading.list_of(choice.dataset)}
        if job != self.job:  # another page's, or this one does not know yet what it has just begun
            return {}
        if self.merger.merging.expected:
            return self.merger.wait(choice)
        try:
            news = self.incoming.look()
        except StudioError as error:
            return {"drop_problem": views.problem(error), **data_incoming.values("")}
        if news.shown:
            return data_incoming.values(news.shown)
        come = data_hub.offered(news.offer) if news.offer else self.reading.open(choice, news.dataset)
        return {**data_incoming.values(""), **come}

    def cancel(self, choice: Choice) -> Values:
        """Read the file, or the datasets that are put together, no further; nothing of it is kept."""
        if self.merger.merging.expected:
            self.merger.merging.cancel()
        self.incoming.cancel()
        return data_incoming.values("")


def wire(wiring: Wiring, reading: Reading) -> None:
    parts, sources = wiring.parts, Sources(reading)
    wiring.show(parts["drop"].upload, sources.bring, "drop", opens=True)
    for number, sample in enumerate(SAMPLES):
        wiring.show(parts[f"sample-{number}"].click, partial(sources.sample, sample.path), opens=True)
    wiring.show(parts["take_pasted"].click, sources.paste, "pasted", opens=True)
    wiring.show(parts["take_typed"].click, sources.type_in, "typed", opens=True)
    wiring.show(parts["more_lines"].click, more_lines, "typed")
    data_hub.wire(wiring, sources.incoming, sources.begun)
    data_merge.wire(wiring, sources.merger)
    wiring.show(parts["sheet"].input, sources.open_sheet, "sheet", **PICKED)
    wiring.show(parts["dataset"].input, lambda choice: reading.open(choice, choice.dataset), opens=True, **PICKED)
    wiring.show(parts["coming"].tick, sources.wait, "job", opens=True, **POLL)
    wiring.show(wiring.page.demo.load, sources.adopt, opens=True)
    wiring.show(parts["cancel"].click, sources.cancel)

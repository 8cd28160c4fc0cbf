"""History: every run in a table with search and filters; the one that is picked there is on show everywhere."""

from typing import Any

import gradio as gr

from components import history_details, history_overlay, history_table
from components.html import hidden, html, moved
from components.page import LATEST, PICKED, Page
from components.speak import plain
from studio.training.run import load_run, overview

ON_TABLE = """
window.tunesmithRuns(element, watch, (run) => trigger('opened', { run }), (runs) => trigger('ticked', { runs }));
"""
ON_TOOLS = "window.tunesmithRunTools(element);"


def build(page: Page) -> None:
    parts = page.parts
    parts["history.stamp"] = hidden("Table of runs as it was drawn last")
    with gr.Column(elem_classes="ts-card"):
        html(history_table.TOOLS, elem_id="run-tools", js_on_load=ON_TOOLS)
        parts["history.table"] = html(history_table.EMPTY, elem_id="history", js_on_load=ON_TABLE)
    history_overlay.build(page)
    history_details.build(page)


def wire(page: Page) -> None:
    parts = page.parts
    table = parts["history.table"]

    def show(run_id: str, drawn: str) -> Any:
        runs = overview(page.workspace)
        now = history_table.stamp(runs, run_id)
        return gr.skip() if now == drawn else (now, history_table.draw(runs, run_id))

    def opened(event: gr.EventData) -> str:
        return load_run(page.workspace, str(event.run)).id

    gr.on(
        [moved(page.roster, page.run, where="#run-tools")],
        plain(show),
        [page.run, parts["history.stamp"]],
        [parts["history.stamp"], table],
        **LATEST,
    )
    table.opened(plain(opened), outputs=page.run, **PICKED)
    parts["history.facts"].opened(plain(opened), outputs=page.run, **PICKED)
    history_overlay.wire(page)
    history_details.wire(page)

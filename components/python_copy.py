"""“Copy as Python” where a run is on show: a button, the script that comes of it, and the download with the rows."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from components import python_view as views
from components.export_views import COPY
from components.html import hidden, html
from components.page import QUICK, Page
from components.runs import digest, find
from components.speak import plain
from studio.export.python.bundle import copy_state, start_copy
from studio.training.run import load_run


@dataclass
class PythonPart:
    """The components. drawn: hidden, tells what is on show by now."""

    drawn: gr.HTML
    make: gr.Button
    download: gr.DownloadButton
    status: gr.HTML
    shown: gr.HTML

    @property
    def outputs(self) -> list[Any]:
        return [self.drawn, self.make, self.download, self.status, self.shown]


def build(place: str) -> PythonPart:
    """place: "export" or "history", for the names of the parts in the browser."""
    html(views.about())
    drawn = hidden(f"Copy that is drawn in {place}")
    with gr.Row(elem_classes="ts-proof"):
        status = html(elem_id=f"python-status-{place}")
        make = gr.Button("Copy as Python", elem_id=f"copy-python-{place}", elem_classes="ts-fit")
        download = gr.DownloadButton(
            "Download script and rows", visible=False, elem_id=f"download-python-{place}", elem_classes="ts-fit"
        )
    shown = html(elem_id=f"python-script-{place}", js_on_load=COPY)
    return PythonPart(drawn, make, download, status, shown)


def wire(page: Page, part: PythonPart, chosen: Any) -> None:
    """Only the button; whoever has built the part draws it with `values`. chosen: the component with the run's id."""

    def make(run_id: str) -> dict[Any, Any]:
        start_copy(load_run(page.workspace, run_id))
        return values(page, part, run_id, "")

    part.make.click(plain(make), inputs=chosen, outputs=part.outputs, **QUICK)


def values(page: Page, part: PythonPart, run_id: str | None, drawn: str) -> dict[Any, Any]:
    """What the components become; nothing when that is on show already."""
    run = find(page.workspace, run_id)
    if run is None:
        return {}
    state = copy_state(run)
    now = digest([(run.id, state)])
    if now == drawn:
        return {}
    ready = state.status == "ready" and state.zip is not None and state.zip.is_file()
    if ready and state.zip is not None:
        page.offer(state.zip.parent)
    again = "Write it anew" if state.status in ("ready", "failed") else "Copy as Python"
    return {
        part.drawn: now,
        part.make: gr.Button(again, interactive=state.status != "working"),
        part.download: gr.DownloadButton(value=str(state.zip) if ready else None, visible=ready),
        part.status: views.status(state),
        part.shown: views.shown(state),
    }

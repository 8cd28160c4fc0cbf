"""The Export tab: what a run kept as a checked download, and the model card that goes with it."""

from typing import Any

import gradio as gr

from components import draft, python_copy
from components import export_views as views
from components.compare_runs import follow, offer, on_offer, picker
from components.html import head, hidden, html, moved, title
from components.page import LATEST, QUICK, Page
from components.runs import digest, find
from components.speak import plain
from studio.export.bundle import export_state, start_export
from studio.export.python.bundle import copy_state
from studio.training.run import Run, list_runs, load_run

LEAD = (
    "The download is loaded again in a fresh program and asked the same as at the end of training. "
    "You see “verified” only if it says the same again."
)
IN_SIGHT = "#tab-export-button[aria-selected=true]"
Values = dict[str, Any]


def build(page: Page) -> None:
    parts: dict[str, Any] = {}
    page.parts["export_tab"] = parts
    html(head("Take it with you", LEAD))
    parts["empty"] = html(views.EMPTY)
    parts["offered"] = hidden("Runs on offer in Export")  # see Compare
    parts["drawn"] = hidden("Drawn")  # so that a tick that finds nothing new sends nothing
    with gr.Column(visible=False, elem_classes="ts-found") as parts["body"]:
        with gr.Column(elem_classes=["ts-card", "ts-export-run"]):
            parts["run"] = picker("export-run")
        with gr.Column(elem_classes=["ts-card", "ts-adapter"]):
            parts["what"] = html()
            with gr.Row(elem_classes="ts-proof"):
                parts["status"] = html(elem_id="export-status")
                parts["again"] = gr.Button("Prepare again", elem_id="prepare-again", elem_classes="ts-fit")
                parts["download"] = gr.DownloadButton(
                    "Download adapter.zip",
                    variant="primary",
                    interactive=False,
                    elem_id="download",
                    elem_classes="ts-fit",
                )
            parts["snippet"] = html(elem_id="snippet", js_on_load=views.COPY)
        with gr.Column(elem_classes=["ts-card", "ts-python"]):
            page.parts["export.python"] = python_copy.build("export")
        with gr.Column(visible=False, elem_classes="ts-found") as parts["card_box"]:
            html(
                title(
                    "Model card",
                    "A one-page description that goes into the download. It says only what the run recorded.",
                ),
                classes=["ts-section"],
            )
            with gr.Column(elem_classes="ts-card"):
                parts["card"] = gr.Markdown(elem_id="model-card", elem_classes="ts-markdown", container=False)


def wire(page: Page) -> None:
    parts: dict[str, Any] = page.parts["export_tab"]
    python: python_copy.PythonPart = page.parts["export.python"]
    outputs = [*parts.values(), *python.outputs]
    quick: dict[str, Any] = {"outputs": outputs, **QUICK}

    def shown(values: Values) -> dict[Any, Any]:
        return {parts[name]: value for name, value in values.items()}

    def refresh(finished: str, on_show: str, current: str | None, offered: str) -> Any:
        choices, chosen = offer(page.workspace, finished, on_show, current)
        now = on_offer(page.workspace, choices, chosen)
        if now == offered:
            return gr.skip()
        return python_copy.values(page, python, chosen, "") | shown(
            {
                "offered": now,
                "empty": gr.HTML(visible=not choices),
                "body": gr.Column(visible=bool(choices)),
                "run": gr.Dropdown(choices=choices, value=chosen),
                **state_values(page, chosen, ""),
            }
        )

    def look(run_id: str | None, drawn: str, copied: str) -> Any:
        found = shown(state_values(page, run_id, drawn)) | python_copy.values(page, python, run_id, copied)
        return found or gr.skip()

    def again(run_id: str) -> dict[Any, Any]:
        start_export(load_run(page.workspace, run_id))
        return shown(state_values(page, run_id, ""))

    gr.on(
        [moved(page.finished, page.roster, page.run, where=IN_SIGHT)],
        plain(refresh),
        inputs=[page.finished, page.run, parts["run"], parts["offered"]],
        **quick | LATEST,
    )
    gr.on([parts["run"].input], plain(lambda run: look(run, "", "")), inputs=parts["run"], **quick | LATEST)
    follow(page, parts["run"])
    page.looks["exports"] = lambda: digest(
        [(run.id, export_state(run), copy_state(run)) for run in list_runs(page.workspace)]
    )
    gr.on(
        [moved(page.news["exports"], where=IN_SIGHT)],
        plain(look),
        inputs=[parts["run"], parts["drawn"], python.drawn],
        **quick | LATEST,
    )
    python_copy.wire(page, python, parts["run"])
    parts["again"].click(plain(again), inputs=parts["run"], **quick)
    parts["download"].click(plain(lambda run: draft.remember(page.workspace, taken=run)), parts["run"], **QUICK)


def state_values(page: Page, run_id: str | None, drawn: str) -> Values:
    """The state of a run's export; nothing when that is what is drawn already."""
    run: Run | None = find(page.workspace, run_id)
    if run is None:
        return {}
    state = export_state(run)
    now = f"{run.id} {state.status} {state.phase} {state.megabytes} {state.same} {state.error}"
    if now == drawn:
        return {}
    page.offer(run.folder / "export")
    ready = state.status == "ready" and state.zip is not None and state.zip.is_file()
    return {
        "drawn": now,
        "what": views.download(state),
        "status": views.status(state),
        "again": gr.Button(
            "Prepare it" if state.status == "none" else "Prepare again",
            visible=state.status in ("none", "failed") or (ready and state.same != state.asked),
        ),
        "download": gr.DownloadButton(
            f"Download {state.what}.zip", value=str(state.zip) if ready else None, interactive=ready
        ),
        "snippet": views.snippet(state.snippet, state.what),
        "card_box": gr.Column(visible=bool(state.card)),
        "card": views.card_text(state.card),
    }

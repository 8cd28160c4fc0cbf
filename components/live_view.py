"""Live run: one run as it learns, or as it ended. Redrawn whenever something about a run has changed."""

from pathlib import Path
from typing import Any

import gradio as gr
import plotly

from components import live_metrics, live_parts
from components.charts import loss_chart
from components.html import hidden, html, moved, title
from components.page import LATEST, Page
from components.runs import find, has_kept
from components.speak import plain
from studio.training.run import Run, list_runs
from studio.training.view import RunView

PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
CHART = (
    '<div class="ts-plot" role="img" aria-label="Loss" style="height:320px" '
    f'data-plotly="/gradio_api/file={PLOTLY.as_posix()}"></div>'
)
LEGEND = (
    '<div class="ts-legend"><span><svg width="26" height="8" aria-hidden="true"><path d="M0 4h26" '
    'stroke="var(--ts-p1)" stroke-width="3"/></svg>Training rows</span><span><svg width="26" height="12" '
    'aria-hidden="true"><path d="M0 6h26" stroke="var(--ts-p2)" stroke-width="3" stroke-dasharray="7 4"/><path '
    'd="m13 1 5 5-5 5-5-5z" fill="var(--ts-p2)"/></svg>Check rows (validation)</span></div>'
)
LOSS_TITLE = title("Loss", "How far it is from what the rows ask of it. Lower is better.")
# The part's own content is the live region. Gradio's waiting clock stands beside it and is not spoken.
ON_STATUS = "element.setAttribute('role', 'status');"
PARTS = ("head", "status", "end", "chart", "log", "metrics", "numbers")
# Which of the frames are shown, as one text. Gradio makes half the page anew whenever a visibility is sent, even the
# same one, so it is only sent when this text differs.
FRAMES = ("empty", "body", "buttons", "next")


def build(page: Page) -> None:
    parts = page.parts
    with gr.Column(elem_id="live"):
        parts["live.frames"] = hidden("Frames on show")
        parts["live.empty"] = html(live_parts.EMPTY, elem_id="live-empty")
        with gr.Column(visible=False) as parts["live.body"]:
            with gr.Row(elem_classes="ts-live-head"):
                parts["live.head"] = html(elem_id="live-head")
                with gr.Row(elem_classes="ts-live-buttons") as parts["live.buttons"]:
                    keep = gr.Button("Stop and keep", elem_id="stop-keep", elem_classes="ts-fit")
                    away = gr.Button(
                        "Stop and throw away", variant="stop", elem_id="stop-discard", elem_classes="ts-fit"
                    )
            parts["live.status"] = html(elem_id="run-status", js_on_load=ON_STATUS)
            with gr.Row(elem_classes="ts-next", visible=False) as parts["live.next"]:
                compare = gr.Button("Compare the answers", variant="primary", elem_classes="ts-fit")
                export = gr.Button("Take it away", elem_classes="ts-fit")
            parts["live.end"] = html(elem_id="run-end")
            with gr.Row(elem_classes=["ts-side", "ts-live-side"]):
                with gr.Column(elem_classes="ts-card"):
                    html(f'<div class="ts-row ts-between ts-wrapping"><div>{LOSS_TITLE}</div>{LEGEND}</div>')
                    parts["live.chart"] = html(
                        {},
                        elem_id="loss-chart",
                        html_template=CHART,
                        js_on_load="window.tunesmithChart(element, props, watch);",
                    )
                with gr.Column(elem_classes="ts-card"):
                    parts["live.log"] = html(elem_id="run-log")
            parts["live.metrics"] = html(elem_id="run-metrics")
            parts["live.numbers"] = html(elem_id="run-numbers")
    for button, ways in ((keep, "keep"), (away, "discard")):
        button.click(
            None,
            js=f"() => window.tunesmithStop('#live-head [data-run]', '{ways}')",
            api_visibility="private",
        )
    page.go(compare, "compare")
    page.go(export, "export")


def wire(page: Page) -> None:
    parts = page.parts
    shown = [parts[f"live.{name}"] for name in PARTS]
    frames = [parts["live.frames"], *(parts[f"live.{name}"] for name in FRAMES)]

    def arrange(old: str, run: Run | None, view: RunView | None) -> list[Any]:
        """Updates of `frames`: nothing when the same ones are to be seen as before."""
        going = view is not None and (view.live or view.status == "waiting") and view.status != "stopping"
        kept = run is not None and view is not None and has_kept(run, view)
        wanted = dict(zip(FRAMES, (run is None, run is not None, going, kept), strict=True))
        new = " ".join(name for name, on in wanted.items() if on)
        return [gr.skip()] * len(frames) if new == old else [new, *(gr.update(visible=on) for on in wanted.values())]

    def show(run_id: str, frames_now: str, *old: Any) -> Any:
        run = find(page.workspace, run_id)
        if run is None:
            return [*([gr.skip()] * len(PARTS)), *arrange(frames_now, None, None)]
        view = run.view()
        new = [
            live_parts.head(run, view),
            live_parts.status(view) + live_parts.held(run, view),
            live_metrics.at_the_end(view),
            loss_chart(run.id, view),
            live_parts.log(view),
            live_metrics.cards(view),
            live_parts.numbers(view),
        ]
        changes = [gr.skip() if before == after else after for before, after in zip(old, new, strict=True)]
        return [*changes, *arrange(frames_now, run, view)]

    gr.on([moved(page.seen), moved(page.run)], plain(show), [page.run, frames[0], *shown], [*shown, *frames],
          **LATEST)  # fmt: skip


def run_on_show(page: Page, remembered: str) -> str:
    """After a reload: the run that is live, else the one looked at last, else the newest; "" when there is none."""
    runs = list_runs(page.workspace)
    live = next((run.id for run in runs if run.view().live), "")
    known = remembered if find(page.workspace, remembered) else ""
    return live or known or (runs[0].id if runs else "")

"""Live run: one run as it learns, or as it ended. Redrawn whenever something about a run has changed."""

from collections.abc import Mapping
from typing import Any

import gradio as gr

from components import (
    coach_view,
    draft,
    ending_view,
    film_view,
    live_charts,
    live_metrics,
    live_parts,
    notify,
    queue_view,
    report_view,
)
from components.html import hidden, html, moved
from components.page import LATEST, QUICK, First, Page
from components.runs import find, has_kept
from components.speak import plain
from studio.training.endings import ask
from studio.training.run import Run, load_run, overview
from studio.training.view import RunView

# The part's own content is the live region. Gradio's waiting clock stands beside it and is not spoken.
ON_STATUS = "element.setAttribute('role', 'status');"
PARTS = ("head", "status", "end", "log")
# Which of the frames are shown, as one text. Gradio makes half the page anew whenever a visibility is sent, even the
# same one, so it is only sent when this text differs.
FRAMES = ("empty", "body", "buttons", "pause", "next")


def build(page: Page) -> None:
    parts = page.parts
    with gr.Column(elem_id="live"):
        parts["live.frames"] = hidden("Frames on show")
        parts["live.empty"] = html(live_parts.EMPTY, elem_id="live-empty")
        with gr.Column(visible=False) as parts["live.body"]:
            with gr.Row(elem_classes="ts-live-head"):
                parts["live.head"] = html(elem_id="live-head")
                with gr.Row(elem_classes="ts-live-buttons") as parts["live.buttons"]:
                    pause = gr.Button("Pause", elem_id="pause-run", elem_classes="ts-fit")
                    parts["live.pause"] = pause
                    keep = gr.Button("Stop and keep", elem_id="stop-keep", elem_classes="ts-fit")
                    away = gr.Button(
                        "Stop and throw away", variant="stop", elem_id="stop-discard", elem_classes="ts-fit"
                    )
            parts["live.status"] = html(elem_id="run-status", js_on_load=ON_STATUS)
            ending_view.build(page)
            with gr.Row(elem_classes="ts-next", visible=False) as parts["live.next"]:
                compare = gr.Button("Compare the answers", variant="primary", elem_classes="ts-fit")
                export = gr.Button("Take it away", elem_classes="ts-fit")
            parts["live.end"] = html(elem_id="run-end")
            queue_view.build(page)
            with gr.Row(elem_classes=["ts-side", "ts-live-side"]):
                with gr.Column(elem_classes="ts-card"):
                    live_charts.build(page)
                    coach_view.build(page)
                with gr.Column(elem_classes="ts-card"):
                    parts["live.log"] = html(elem_id="run-log")
                    html(report_view.LINK)
                    notify.build_switch()
            film_view.build(page)
            live_charts.build_cards(page)
    for button, ways in ((keep, "keep"), (away, "discard")):
        button.click(
            None,
            js=f"() => window.tunesmithStop('#live-head [data-run]', '{ways}')",
            api_visibility="private",
        )
    report_view.build(page)
    page.go(compare, "compare")
    page.go(export, "export")


def wire(page: Page) -> None:
    for part in (live_charts, coach_view, ending_view, film_view, queue_view, report_view):
        part.wire(page)
    parts = page.parts

    def paused(run_id: str) -> None:
        ask(load_run(page.workspace, run_id), "pause")

    parts["live.pause"].click(plain(paused), page.run, **QUICK)
    shown = [parts[f"live.{name}"] for name in PARTS]
    frames = [parts["live.frames"], *(parts[f"live.{name}"] for name in FRAMES)]

    def show(run_id: str, frames_now: str, *old: Any) -> Any:
        run = find(page.workspace, run_id)
        view = run.view() if run else None
        new = texts(run, view) if run and view else old
        changes = [gr.skip() if before == after else after for before, after in zip(old, new, strict=True)]
        wanted = frames_of(run, view)
        names = " ".join(name for name, on in wanted.items() if on)
        if names == frames_now:
            return [*changes, *([gr.skip()] * len(frames))]
        return [*changes, names, *(gr.update(visible=on) for on in wanted.values())]

    def first(asked: Mapping[str, str]) -> First:
        run = find(page.workspace, run_on_show(page))
        view = run.view() if run else None
        wanted = frames_of(run, view)
        names = " ".join(name for name, on in wanted.items() if on)
        written = dict(zip(shown, texts(run, view), strict=True)) if run and view else {}
        return {
            page.run: {"value": run.id if run else ""},
            frames[0]: {"value": names},
            **{part: {"value": text} for part, text in written.items()},
            **{part: {"visible": on} for part, on in zip(frames[1:], wanted.values(), strict=True)},
        }

    page.first.append(first)
    gr.on([moved(page.seen, page.run)], plain(show), [page.run, frames[0], *shown], [*shown, *frames],
          **LATEST)  # fmt: skip


def texts(run: Run, view: RunView) -> list[str]:
    """What stands in PARTS."""
    return [
        live_parts.head(run, view),
        ending_view.status(run, view)
        or live_parts.status(view, bool(coach_view.findings(run, view))) + live_parts.held(run, view),
        live_metrics.at_the_end(view),
        live_parts.log(view),
    ]


def frames_of(run: Run | None, view: RunView | None) -> dict[str, bool]:
    """Which of FRAMES are to be seen."""
    going = view is not None and (view.live or view.status == "waiting") and view.status != "stopping"
    begun = view is not None and view.live and view.status != "stopping"
    kept = run is not None and view is not None and has_kept(run, view)
    return dict(zip(FRAMES, (run is None, run is not None, going, begun, kept), strict=True))


def run_on_show(page: Page) -> str:
    """After a reload: the run that is live, else the one looked at last, else the newest; "" when there is none."""
    runs = overview(page.workspace)
    live = next((run.id for run, view in runs if view.live), "")
    remembered = str(draft.load(page.workspace).get("run", ""))
    known = remembered if find(page.workspace, remembered) else ""
    return live or known or (runs[0][0].id if runs else "")

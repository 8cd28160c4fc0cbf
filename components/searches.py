"""Searches: how each stands, live, with its pictures and runs; stopping it, and training the best settings fully."""

from typing import Any

import gradio as gr

from components import search_plots, search_view
from components.dialogs import ON_DECIDED, question
from components.html import escape, hidden, html, moved, title
from components.page import LATEST, PICKED, QUICK, Page
from components.runs import digest
from components.search_words import words_of
from components.speak import plain
from studio.sweeps.conductor import stop_sweep, train_best
from studio.sweeps.standing import stamp, standing
from studio.sweeps.sweep import Sweep, delete_sweep, list_sweeps, load_sweep
from studio.training.run import load_run

CONFIRM = question(
    "delete-search",
    "Delete this search?",
    ("", "keep", "Keep it"),
    ("search", "only", "Delete it, keep its runs"),
    ("runs", "away", "Delete it with its runs"),
)
ON_LINKS = "window.tunesmithLinks(element, (run) => trigger('opened', { run }));"
LINES_HELP = (
    "Each line is a run: from its settings on the left to its figure on the right. The table below has the same."
)
IN_SIGHT = "#searches-head"


def build(page: Page) -> None:
    parts = page.parts
    for name, words in (("shown", "Search on show"), ("frame", "Which parts of Searches are on show")):
        parts[f"searches.{name}"] = hidden(words)
    parts["searches.confirm"] = html(CONFIRM, elem_id="confirm-delete-search", classes=["ts-dialog"],
                                     js_on_load=ON_DECIDED)  # fmt: skip
    parts["searches.said"] = html(elem_id="searches-said", js_on_load="element.setAttribute('role', 'status');")
    parts["searches.list"] = html(search_view.EMPTY, elem_id="searches-list", js_on_load=ON_LINKS)
    with gr.Column(visible=False) as parts["searches.view"]:
        with gr.Column(elem_classes="ts-card", elem_id="search-facts"):
            parts["searches.heading"] = html(elem_id="search-heading")
            with gr.Row(elem_classes="ts-next"):
                parts["searches.best"] = gr.Button(
                    "Train the best one fully", variant="primary", elem_id="train-best", elem_classes="ts-fit"
                )
                parts["searches.stop"] = gr.Button("Stop the search", elem_id="stop-search", elem_classes="ts-fit")
                parts["searches.delete"] = gr.Button(
                    "Delete", variant="stop", elem_id="delete-search", elem_classes="ts-fit"
                )
        with gr.Column(elem_classes="ts-card"):
            html(title("How the runs came out", LINES_HELP))
            parts["searches.lines"] = html(elem_id="search-lines")
        with gr.Column(elem_classes="ts-card"):
            html(title("Which setting mattered"))
            parts["searches.shares"] = html(elem_id="search-shares")
        with gr.Column(elem_classes="ts-card"):
            html(title("Its runs", "Each opens in Live run, and stands in History like any other."))
            parts["searches.trials"] = html(elem_id="search-trials", js_on_load=ON_LINKS)
    ask = "() => window.tunesmithDelete('#search-facts', 'delete-search')"
    parts["searches.delete"].click(None, js=ask, api_visibility="private")


def wire(page: Page) -> None:
    parts = page.parts
    names = ("frame", "list", "view", "heading", "best", "stop", "delete", "lines", "shares", "trials")
    outputs = [parts[f"searches.{name}"] for name in names]
    known = [parts["searches.shown"], parts["searches.frame"]]
    said = parts["searches.said"]

    def look() -> str:
        return digest(stamp(page.workspace))

    def show(shown: str, frame: str) -> list[Any]:
        sweeps = list_sweeps(page.workspace)
        sweep = next((one for one in sweeps if one.id == shown), sweeps[0] if sweeps else None)
        now = "shown" if sweep else "empty"
        visible = gr.skip() if frame == now else gr.Column(visible=sweep is not None)
        if sweep is None:
            return [now, search_view.EMPTY, visible, *[gr.skip()] * (len(names) - 3)]
        return [now, search_view.list_of(sweeps, sweep.id), visible, *draw(sweep)]

    def opened(event: gr.EventData, frame: str) -> Any:
        sweep = load_sweep(page.workspace, str(event.run))
        return [sweep.id, *show(sweep.id, frame)]

    def chosen(shown: str) -> Sweep:
        """The one on show: that which was picked, else the newest."""
        sweeps = list_sweeps(page.workspace)
        return next((one for one in sweeps if one.id == shown), sweeps[0]) if sweeps else load_sweep(page.workspace, "")

    def stop(shown: str, frame: str) -> Any:
        stop_sweep(chosen(shown))
        return [
            spoken("The search was stopped. A run that was under way keeps what it has learned."),
            *show(shown, frame),
        ]

    def best(shown: str) -> Any:
        run = train_best(chosen(shown))
        return run.id, gr.Tabs(selected="live")

    def open_run(event: gr.EventData) -> Any:
        return load_run(page.workspace, str(event.run)).id, gr.Tabs(selected="live")

    def decided(event: gr.EventData, frame: str) -> Any:
        sweep = load_sweep(page.workspace, str(event.run))
        total = len(sweep.trials())
        gone = delete_sweep(sweep, runs=event.what == "runs")
        words = (
            f"The search was deleted, and {gone} of its {total} runs with it." if gone else "The search was deleted."
        )
        return [spoken(words), "", *show("", frame)]

    page.looks["searches"] = look
    gr.on([moved(page.news["searches"], where=IN_SIGHT)], plain(show), known, outputs, **LATEST)
    parts["searches.list"].opened(plain(opened), known[1], [known[0], *outputs], **PICKED)
    parts["searches.trials"].opened(plain(open_run), outputs=[page.run, parts["train_tabs"]], **PICKED)
    parts["searches.stop"].click(plain(stop), known, [said, *outputs], **QUICK)
    parts["searches.best"].click(plain(best), known[0], [page.run, parts["train_tabs"]], **QUICK)
    parts["searches.confirm"].decided(plain(decided), known[1], [said, known[0], *outputs], **PICKED)


def draw(sweep: Sweep) -> list[Any]:
    """Of heading, best, stop, delete, lines, shares and trials."""
    now, words = standing(sweep), words_of(sweep)
    going = not sweep.ended
    return [
        search_view.heading(sweep, now, words),
        gr.Button(interactive=now.best is not None),
        gr.Button(interactive=going),
        gr.Button(interactive=not going),
        search_plots.parallel(sweep.search(), now, words, search_view.figure_of(now)),
        search_plots.shares(now, words.titles),
        search_view.trials(now, words),
    ]


def spoken(words: str) -> str:
    return f'<p class="ts-help">{escape(words)}</p>'

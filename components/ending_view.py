"""What a run that is paused or has failed says, and the one thing to do next, as the part below its verdict."""

from typing import Any

import gradio as gr

from components.html import count, escape, html, moved, notice
from components.page import LATEST, PICKED, Page
from components.runs import find
from components.speak import plain
from studio.errors import StudioError
from studio.training.again import more_carefully
from studio.training.checkpoints import points
from studio.training.endings import Offer, offers
from studio.training.failures import kind_of
from studio.training.queue import go_on
from studio.training.run import BAD_BATCH, Run, load_run
from studio.training.view import RunView
from studio.workspace import read_json

# What is asked of the server goes there once for each drawing; the rest is done in the browser (assets/js/ending.js).
# refill: its settings are to be filled in again in Set up (components/history_copy.py).
ON_ENDING = """
const ask = { act: (what) => trigger('acted', what), refill: (what) => trigger('refill', what) };
window.tunesmithEnding(element, ask, watch);
"""


def build(page: Page) -> None:
    page.parts["ending"] = html("", elem_id="run-ending", js_on_load=ON_ENDING)


def wire(page: Page) -> None:
    part = page.parts["ending"]

    def show(run_id: str, old: str) -> Any:
        run = find(page.workspace, run_id)
        new = draw(run, run.view()) if run else ""
        return gr.skip() if new == old else new

    def acted(event: gr.EventData) -> Any:
        return act(load_run(page.workspace, str(event.run)), str(event.action))

    gr.on([moved(page.seen, page.run)], plain(show), [page.run, part], part, **LATEST)
    part.acted(plain(acted), outputs=page.run, **PICKED)


def act(run: Run, action: str) -> Any:
    """Do what was chosen; the id of the run that is to be shown, where it is another one. Raises StudioError."""
    if action in ("continue", "keep"):
        go_on(run, "keep" if action == "keep" else "continue")
        return gr.skip()
    if action == "smaller_rate":
        return more_carefully(run).id
    raise StudioError("That cannot be done with this run.", "Load the page again.")


def status(run: Run, view: RunView) -> str:
    """The verdict on a run that is paused, pausing or has failed; "" for any other. It is spoken when it changes."""
    if view.status == "paused":
        where = f"Paused at step {view.step} of {view.steps}." if view.step else "Paused before its first step."
        return notice("info", where, paused_words(run, view))
    if view.status == "stopping" and run.stop_requested() == "pause":
        return notice("info", "Pausing.", "It finishes the step it is at, and writes down where it is.")
    if view.status == "failed" and view.error:
        title = kind_of(view.error.cause).title
        message = view.error.message.removeprefix(title).strip()
        return notice("bad", title, message or view.error.hint)
    return ""


def paused_words(run: Run, view: RunView) -> str:
    saved = [point.step for point in points(run.checkpoints)]
    if saved and saved[-1] >= view.step:
        return "Nothing is lost: it goes on from there as if it had never stopped."
    if saved:
        return f"What was saved last is step {saved[-1]}, so it goes on from there."
    return "Nothing had been saved yet, so it begins again from the start."


def draw(run: Run, view: RunView) -> str:
    """Evidence, what to do, the buttons, and the last line of the log folded away; "" for a run that goes well."""
    found = offers(run, view)
    if not found:
        return ""
    buttons = "".join(button(offer, main=place == 0) for place, offer in enumerate(found))
    answers = f'<div class="ts-ending-buttons">{buttons}</div>'
    error = view.error
    if error is None:
        return f'<div class="ts-ending" data-run="{escape(run.id)}">{answers}</div>'
    told = [("How we know", error.evidence), ("What to do", error.hint)]
    facts = "".join(f"<div><dt>{name}</dt><dd>{escape(words)}</dd></div>" for name, words in told if words)
    last = (
        f"<details><summary>The last line of its log</summary><p><code>{escape(error.last_line)}</code></p></details>"
        if error.last_line
        else ""
    )
    return f'<div class="ts-ending" data-run="{escape(run.id)}"><dl>{facts}</dl>{answers}{bad_batch(run)}{last}</div>'


def bad_batch(run: Run) -> str:
    """The examples of a step whose loss or gradients were no number, folded away; "" where none were kept."""
    kept = read_json(run.folder / BAD_BATCH)
    if not isinstance(kept, dict) or not kept.get("rows"):
        return ""
    rows = "".join(f"<li>{escape(text)}</li>" for text in kept["rows"])
    told = f"The {count(len(kept['rows']), 'example')} of step {kept['step']}, as the model read them"
    return f'<details><summary>{told}</summary><ol class="ts-batch">{rows}</ol></details>'


def button(offer: Offer, main: bool) -> str:
    kind = ' class="ts-primary"' if main else ' class="ts-stop"' if offer.action == "discard" else ""
    return f'<button type="button"{kind} data-action="{offer.action}">{escape(offer.label)}</button>'

"""The runs that wait for their turn, in Live run: their order, when the next one begins, and buttons to change it."""

from html import unescape
from typing import Any

import gradio as gr

from components.html import about, count, escape, html, moved, title
from components.page import LATEST, PICKED, Page
from components.runs import digest, recipe_of
from components.speak import plain
from studio.errors import StudioError
from studio.training.queue import cancel, move
from studio.training.run import Run, load_run
from studio.training.view import RunView
from studio.training.waiting import in_order, not_ended
from studio.workspace import Workspace

ON_QUEUE = "window.tunesmithQueue(element, (pressed) => trigger('changed', pressed), watch);"
OUT = "out"
PLACES = ("up", "down", "first")


def build(page: Page) -> None:
    page.parts["queue"] = html(elem_id="queue", js_on_load=ON_QUEUE)


def wire(page: Page) -> None:
    part = page.parts["queue"]

    def look() -> str:
        live, queue = standing(page.workspace)
        return digest([(live[0].id if live else "",), *((run.id, view.held_up) for run, view in queue)])

    def show(old: str) -> Any:
        new = draw(page.workspace, said_in(old))  # it is spoken once, when it comes
        return gr.skip() if new == old else new

    def changed(event: gr.EventData) -> Any:
        return draw(page.workspace, change(page.workspace, str(event.run), str(event.to)))

    page.looks["queue"] = look
    gr.on([moved(page.news["queue"], page.seen)], plain(show), part, part, **LATEST)
    part.changed(plain(changed), outputs=part, **PICKED)


def change(workspace: Workspace, run_id: str, to: str) -> str:
    """Move a run, or take it out; returns what has become of it. Raises StudioError when it waits no longer."""
    run = load_run(workspace, run_id)
    name = recipe_of(run).name
    if to == OUT:
        cancel(run)
        return f"“{name}” was taken out of the queue."
    if to not in PLACES:
        raise StudioError("There is no such place in the queue.", "Use the buttons beside the run.")
    move(run, to)  # type: ignore[arg-type]
    ids = [other.id for other, _ in standing(workspace)[1]]
    return f"“{name}” is now number {ids.index(run.id) + 1} of {len(ids)}." if run.id in ids else f"“{name}” begins."


def standing(workspace: Workspace) -> tuple[tuple[Run, RunView] | None, list[tuple[Run, RunView]]]:
    """The run at work, if any, and those that wait, the next one first."""
    found = not_ended(workspace)
    views = {run.id: view for run, view in found}
    queue = in_order(workspace, [run for run, view in found if view.status == "waiting"])
    return next((pair for pair in found if pair[1].live), None), [(run, views[run.id]) for run in queue]


def draw(workspace: Workspace, said: str = "") -> str:
    """The card; "" while nothing waits behind another. said: what a press has done, for those who do not see it."""
    live, queue = standing(workspace)
    if len(queue) + bool(live) < 2 or not queue:
        return spoken(said)
    rows, before = "", live
    for place, (run, view) in enumerate(queue):
        rows += row(run, begins(view, before), place, len(queue))
        before = (run, view)
    number = count(len(queue), "run waits", "runs wait")
    return (
        f'<div class="ts-queue">{title("Waiting for their turn", f"{number}. One trains at a time.")}'
        f"<ol>{rows}</ol></div>{spoken(said)}"
    )


def spoken(said: str) -> str:
    return f'<p class="ts-sr" role="status">{escape(said)}</p>'


def said_in(drawn: str) -> str:
    """What a drawn card says; nothing else in it has this mark."""
    return unescape(drawn.rpartition('role="status">')[2].removesuffix("</p>"))


def begins(view: RunView, before: tuple[Run, RunView] | None) -> str:
    """When a waiting run begins, as far as that is known."""
    if view.held_up:
        return f"{view.phase}."
    if before is None:
        return "It is next."
    run, at_work = before
    left = at_work.seconds_left
    # Its steps can be foretold; what comes after the last one, saving and testing, takes part of a minute more.
    soon = "" if left is None else ", soon" if left < 60 else f", {about(left)} from now"
    return f"Begins when “{recipe_of(run).name}” has ended{soon}."


def row(run: Run, words: str, place: int, number: int) -> str:
    name, id = escape(recipe_of(run).name), escape(run.id)

    def button(to: str, text: str, spoken: str, off: bool = False) -> str:
        disabled = ' aria-disabled="true"' if off else ""  # not `disabled`, which would lose the keyboard
        return (
            f'<button type="button" class="ts-button" data-run="{id}" data-to="{to}" aria-label="{spoken}"{disabled}>'
            f"{text}</button>"
        )

    buttons = [
        button("first", "First", f"Move {name} first") if place > 1 else "",
        button("up", "Up", f"Move {name} up", place == 0),
        button("down", "Down", f"Move {name} down", place == number - 1),
        button(OUT, "Take out", f"Take out {name}"),
    ]
    return (
        f'<li id="queue-{id}"><span class="ts-queue-name"><b>{name}</b><span class="ts-help">{escape(words)}</span>'
        f'</span><span class="ts-queue-buttons">{"".join(buttons)}</span></li>'
    )


def note(workspace: Workspace) -> str:
    """What Set up says beside Start: whether a new run would wait, and for what; "" when it would begin at once."""
    live, queue = standing(workspace)
    if not live and not queue:
        return ""
    going = "A run is going on." if live else ""
    wait = f"{count(len(queue), 'run waits', 'runs wait')} for {'its' if len(queue) == 1 else 'their'} turn."
    after = "that one has ended" if live and not queue else "its turn has come"
    words = " ".join(
        filter(None, [going, wait if queue else "", f"This one will wait and start by itself when {after}."])
    )
    return f'<p class="ts-help">{escape(words)}</p>'

"""The news of a run's end, on whatever tab one is: a strip that is spoken, the page's title, a desktop notification.

A page out of sight gets no ticks of the timer, so it asks by itself (assets/js/notify.js), by `end_of`.
"""

from typing import Any

import gradio as gr

from components import draft, search_view
from components.html import duration, html
from components.live_parts import verdict_of
from components.page import PICKED, Page
from components.runs import find, recipe_of
from components.speak import plain
from studio.errors import StudioError
from studio.sweeps.conductor import conduct
from studio.sweeps.sweep import load_sweep
from studio.training.queue import active_run
from studio.training.view import FINAL, RunView
from studio.workspace import Workspace

# The strip is written by the browser, which knows which run was live when it last looked.
STRIP = """
<div class="ts-ended"><p role="status" data-is="news"></p>
<span hidden data-is="doing"><button type="button" class="ts-link" data-do="open">Show it</button>
<button type="button" class="ts-link" data-do="away">Put this away</button></span></div>
"""
SWITCH = """
<div class="ts-tell"><button type="button" role="switch" aria-checked="false" data-is="switch">
<i aria-hidden="true"></i><span>Tell me when it ends</span></button>
<p class="ts-help" role="status" data-is="refused"></p></div>
"""
WORDS = {
    "finished": "Finished",
    "stopped": "Stopped",
    "discarded": "Stopped",
    "failed": "Failed",
    "paused": "Paused",
}


def build(page: Page) -> None:
    """Outside the tabs, below the run bar."""

    def end_of(run_id: str) -> dict[str, Any]:
        """For the browser: how that run ended, if it has, and which one is live now. Cheap: asked every few seconds."""
        run, live = find(page.workspace, str(run_id)), active_run(page.workspace)
        view = run.view() if run else None
        news = None
        if run and view and view.status in FINAL:
            recipe = recipe_of(run)
            news = told_of_search(page.workspace, recipe.trial.sweep) if recipe.trial else told(recipe.name, view)
        return {"live": live.id if live else "", "news": news}

    page.parts["ended"] = html(
        {},
        elem_id="ended",
        html_template=STRIP,
        js_on_load="window.tunesmithNews.begin(element, (run) => trigger('opened', { run }), server);",
        server_functions=[end_of],
    )


def build_switch() -> None:
    """“Tell me when it ends”, remembered in this browser."""
    html({}, elem_id="tell-me", html_template=SWITCH, js_on_load="window.tunesmithNews.offer(element);")


def wire(page: Page) -> None:
    def opened(event: gr.EventData) -> Any:
        draft.remember(page.workspace, tab="train")
        run = find(page.workspace, str(event.run))
        inner = "searches" if run and recipe_of(run).trial else "live"
        return str(event.run), gr.Tabs(selected="train"), gr.Tabs(selected=inner)

    page.parts["ended"].opened(plain(opened), outputs=[page.run, page.tabs, page.parts["train_tabs"]], **PICKED)


def told_of_search(workspace: Workspace, id: str) -> dict[str, str] | None:
    """Of a search, after one of its runs has ended: nothing before its last."""
    conduct(workspace)  # or nobody would know yet that it was the last
    try:
        sweep = load_sweep(workspace, id)
    except StudioError:
        return None
    return search_view.news(sweep) if sweep.ended else None


def told(name: str, view: RunView) -> dict[str, str]:
    """ "Finished · NAME" for the title, and a sentence more for the strip and the notification."""
    if view.status == "failed" and view.error:
        words = view.error.message
    elif view.status == "paused":
        words = f"Paused at step {view.step} of {view.steps}. It can go on from there."
    else:
        _, _, reason, _ = verdict_of(view)
        words = f"It took {duration(view.elapsed)}. {reason}"
    return {"title": f"{WORDS[view.status]} · {name}", "words": words}

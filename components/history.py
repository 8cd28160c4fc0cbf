"""History: every run in a plain table, and the choice of the one that Live run, Compare and Export show."""

from typing import Any

import gradio as gr

from components import earlier_choice
from components.html import escape, html, loss, moved, title
from components.live_metrics import figure, watched_title
from components.live_parts import clock, links_of, method_title, state_badge
from components.page import LATEST, PICKED, Page
from components.runs import recipe_of, steps_words
from components.speak import plain
from studio.training.chain import title_of
from studio.training.run import Run, list_runs
from studio.training.view import RunView

EMPTY = '<div class="ts-empty"><p>No runs yet. The first one appears here as soon as you start it in Set up.</p></div>'


def build(page: Page) -> None:
    with gr.Column(elem_classes="ts-card"):
        page.parts["history.pick"] = gr.Dropdown(
            [],
            label="Run on show",
            info="This one is shown in Live run, Compare and Export.",
            elem_id="run-on-show",
            interactive=True,
            filterable=False,
            visible=False,
        )
        page.parts["history.table"] = html(EMPTY, elem_id="history")


def wire(page: Page) -> None:
    pick, table = page.parts["history.pick"], page.parts["history.table"]

    def show(run_id: str, old: str) -> Any:
        runs = [(run, run.view()) for run in list_runs(page.workspace)]
        new = draw(runs, run_id)
        if new == old:
            return gr.skip()
        choices = [(f"{recipe_of(run).name}, {clock_of(view)}", run.id) for run, view in runs]
        known = run_id if any(run.id == run_id for run, _ in runs) else None
        return gr.Dropdown(choices, value=known, visible=bool(runs)), new

    gr.on(
        [moved(page.roster), moved(page.run), page.parts["history.tab"].select],
        plain(show),
        [page.run, table],
        [pick, table],
        **LATEST,
    )
    pick.input(lambda run_id: run_id, pick, page.run, **PICKED)


def draw(runs: list[tuple[Run, RunView]], shown: str) -> str:
    if not runs:
        return EMPTY
    rows = "".join(row(run, view, run.id == shown) for run, view in runs)
    return (
        title("Your runs")
        + '<div class="ts-scroll" tabindex="0" role="region" aria-label="Your runs"><table><thead><tr><th>Run</th>'
        '<th>Method</th><th>Model</th><th class="ts-n">Steps</th><th>Best on check rows</th><th>State</th><th>When</th>'
        f"</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def row(run: Run, view: RunView, shown: bool) -> str:
    recipe = recipe_of(run)
    mark = '<br><span class="ts-help">on show</span>' if shown else ""
    model = earlier_choice.words(links_of(run), recipe.name) or escape(title_of(run.workspace, recipe.model.name))
    return (
        f"<tr><td><b>{escape(recipe.name)}</b>{mark}</td><td>{escape(method_title(recipe.method.name))}</td>"
        f'<td>{model}</td><td class="ts-n ts-nowrap">{steps_words(view)}</td><td>{best_words(view)}</td>'
        f'<td>{state_badge(view)}</td><td class="ts-nowrap">{clock_of(view)}</td></tr>'
    )


def best_words(view: RunView) -> str:
    """ "loss 1.62", or the metric by which the best point is kept."""
    if view.best_value is None:
        return "none yet"
    value = loss(view.best_value) if view.best == "loss" else figure(view.best_value)
    return f'{value} <span class="ts-help">{escape(watched_title(view))}</span>'


def clock_of(view: RunView) -> str:
    return clock(view.started) if view.started else "not started"

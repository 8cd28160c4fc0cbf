"""The run bar on every tab, the one timer behind all live views, and the question before a run is stopped."""

from typing import Any

import gradio as gr

from components import draft, topbar
from components.html import about, escape, html, loss
from components.page import PICKED, POLL, QUICK, Page
from components.runs import digest, has_kept, recipe_of, stake
from components.speak import plain
from studio.training.queue import advance
from studio.training.run import Run, list_runs, load_run
from studio.training.view import RunView

CONFIRM = """
<dialog aria-labelledby="confirm-title" aria-describedby="confirm-text">
  <form method="dialog">
    <h2 id="confirm-title">Stop this run?</h2>
    <p id="confirm-text"></p>
    <div class="ts-answers">
      <button type="submit" value="" class="ts-primary" id="confirm-cancel" autofocus>Keep training</button>
      <button type="submit" value="keep" id="confirm-keep">Stop and keep</button>
      <button type="submit" value="discard" class="ts-stop" id="confirm-discard">Stop and throw away</button>
    </div>
  </form>
</dialog>
"""
ON_CONFIRM = """
const dialog = element.querySelector('dialog');
dialog.addEventListener('close', () => {
  if (dialog.returnValue) trigger('decided', { run: dialog.dataset.run, keep: dialog.returnValue === 'keep' });
});
"""
# The page's title tells how far it is, also from another browser tab; the name of the run leads to it.
ON_BAR = """
const title = () => { document.title = element.querySelector('[data-title]')?.dataset.title ?? 'Tunesmith'; };
watch('value', title);
title();
element.addEventListener('click', (event) => {
  const name = event.target.closest('[data-open]');
  if (name) trigger('opened', { run: name.dataset.open });
});
"""


def build(page: Page) -> None:
    with gr.Row(elem_id="runbar", equal_height=True):
        page.parts["bar"] = html("", js_on_load=ON_BAR)
        stop = gr.Button("Stop", variant="stop", size="sm", elem_id="runbar-stop")
    stop.click(None, js="() => window.tunesmithStop('#runbar [data-run]', 'either')", api_visibility="private")
    page.parts["confirm"] = html(CONFIRM, elem_id="confirm", js_on_load=ON_CONFIRM)


def wire(page: Page) -> None:
    def tick(seen: str, roster: str, finished: str, bar: str, chip: str, *told: str) -> Any:
        runs = [(run, run.view()) for run in list_runs(page.workspace)]
        if any(view.status == "waiting" for _, view in runs) and not any(view.live for _, view in runs):
            advance(page.workspace)
        for run, _ in runs:
            page.offer(run.folder / "export")
        live = next((pair for pair in runs if pair[1].live), None)
        news = [
            (seen, state_of(runs)),
            (roster, digest([(run.id, view.status) for run, view in runs])),
            (finished, ",".join(run.id for run, view in runs if has_kept(run, view))),
            (bar, draw(*live) if live else ""),
            (chip, topbar.chip()),
            *((old, page.looks[name]()) for old, name in zip(told, page.news, strict=True)),
        ]
        changes = [gr.skip() if old == new else new for old, new in news]
        return gr.skip() if all(old == new for old, new in news) else changes

    def decided(event: gr.EventData) -> Any:
        load_run(page.workspace, str(event.run)).request_stop(keep=bool(event.keep))

    def opened(event: gr.EventData) -> Any:
        draft.remember(page.workspace, tab="train")
        return str(event.run), gr.Tabs(selected="train"), gr.Tabs(selected="live")

    known = [page.seen, page.roster, page.finished, page.parts["bar"], page.parts["chip"], *page.news.values()]
    gr.on([page.timer.tick, page.demo.load], plain(tick), known, known, queue=False, **POLL)
    page.parts["confirm"].decided(plain(decided), **QUICK)
    page.parts["bar"].opened(
        plain(opened),
        outputs=[page.run, page.tabs, page.parts["train_tabs"]],
        **PICKED,
    )


def state_of(runs: list[tuple[Run, RunView]]) -> str:
    """A short text that differs whenever anything about any run does. Before the first step time counts too."""
    facts = [
        (run.id, view.status, view.version, int(view.elapsed) if view.live and not view.step else 0)
        for run, view in runs
    ]
    return digest(facts)


def draw(run: Run, view: RunView) -> str:
    """The bar: name, step of steps, progress, time left, loss; in its data the title of the page and the stake."""
    name = escape(recipe_of(run).name)
    share = 100 * view.step / view.steps if view.steps else 0
    facts = [f"<b>{view.step}</b> of {view.steps} steps" if view.steps else escape(view.phase)]
    left = (
        [about(view.seconds_left).replace("about ", "about <b>") + "</b> left"] if view.seconds_left is not None else []
    )
    if view.status == "stopping":
        left = ["stopping after this step"]
    if view.loss is not None:
        left.append(f"loss <b>{loss(view.loss)}</b>")
    how_far = f"{view.step}/{view.steps}" if view.steps else "Starting"
    number = '<span class="ts-num">{}</span>'.format
    progress = (
        f'<span class="ts-track" role="progressbar" aria-label="Progress of {name}" aria-valuemin="0" '
        f'aria-valuemax="100" aria-valuenow="{share:.0f}"><i style="width:{share:.1f}%"></i></span>'
    )
    return (
        f'<div class="ts-runbar" data-title="{how_far} Tunesmith" data-run="{escape(run.id)}" '
        f'data-stake="{escape(stake(view))}"><button type="button" class="ts-name" data-open="{escape(run.id)}">'
        f'<i class="ts-live"></i>{name}</button>'
        f"{''.join(map(number, facts))}{progress}{''.join(map(number, left))}</div>"
    )

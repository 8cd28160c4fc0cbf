"""The run bar on every tab, the one timer behind all live views, and the question before a run is stopped."""

from typing import Any

import gradio as gr

from components import draft, topbar
from components.dialogs import ON_DECIDED, question
from components.html import about, escape, html, loss
from components.page import PICKED, POLL, QUICK, Page
from components.runs import digest, has_kept, name_of, stake, until_first_step
from components.speak import plain
from studio.chat.ahead import Ahead
from studio.training.catching_up import catch_up
from studio.training.endings import ask
from studio.training.queue import cancel
from studio.training.run import Run, load_run, overview
from studio.training.view import RunView

CONFIRM = question(
    "confirm",
    "Stop this run?",
    ("", "cancel", "Keep training"),
    ("pause", "pause", "Pause"),
    ("keep", "keep", "Stop and keep"),
    ("discard", "discard", "Stop and throw away"),
)
# The page's title tells how far it is, also from another browser tab; the name of the run leads to it.
ON_BAR = """
const told = () => {
  const bar = element.querySelector('[data-title]');
  window.tunesmithNews.bar(bar?.dataset.run ?? '', bar?.dataset.title ?? '');
};
watch('value', told);
told();
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
    page.parts["confirm"] = html(CONFIRM, elem_id="confirm", classes=["ts-dialog"], js_on_load=ON_DECIDED)


def wire(page: Page) -> None:
    known = [page.seen, page.roster, page.finished, page.parts["bar"], page.parts["chip"], *page.news.values()]

    ahead = Ahead(page.chat)

    def now() -> list[str]:
        """What each of the known parts has to say at this moment."""
        runs = overview(page.workspace)
        catch_up(page.workspace, {run.folder for run, view in runs if view.hasty})
        ahead.look(runs)
        for run, _ in runs:
            page.offer(run.folder / "export")
        live = next((pair for pair in runs if pair[1].live), None)
        live = live or next((pair for pair in runs if pair[1].held_up and pair[1].status == "waiting"), None)
        behind = sum(view.status == "waiting" for run, view in runs if not live or run != live[0])
        return [
            state_of(runs),
            digest([(run.id, view.status, run.about) for run, view in runs]),
            ",".join(run.id for run, view in runs if has_kept(run, view)),
            draw(*live, behind) if live else "",
            topbar.chip(),
            *(page.looks[name]() for name in page.news),
        ]

    def tick(*before: str) -> Any:
        news = list(zip(before, now(), strict=True))
        changes = [gr.skip() if old == new else new for old, new in news]
        return gr.skip() if all(old == new for old, new in news) else changes

    def decided(event: gr.EventData) -> Any:
        run = load_run(page.workspace, str(event.run))
        if run.glance().status == "waiting":
            cancel(run)  # there is nothing to stop, and what it learned in earlier turns stays
        else:
            ask(run, "keep" if event.what == "keep" else "pause" if event.what == "pause" else "discard")

    def opened(event: gr.EventData) -> Any:
        draft.remember(page.workspace, tab="train")
        return str(event.run), gr.Tabs(selected="train"), gr.Tabs(selected="live")

    page.first.append(lambda asked: {part: {"value": value} for part, value in zip(known, now(), strict=True)})
    page.timer.tick(plain(tick), known, known, queue=False, **POLL)
    page.parts["confirm"].decided(plain(decided), **QUICK)
    page.parts["bar"].opened(
        plain(opened),
        outputs=[page.run, page.tabs, page.parts["train_tabs"]],
        **PICKED,
    )


def state_of(runs: list[tuple[Run, RunView]]) -> str:
    """A short text that differs whenever anything about any run does. Before the first step time counts too."""
    facts = [
        (run.id, view.status, view.version, run.about, int(view.elapsed) if view.live and not view.step else 0)
        for run, view in runs
    ]
    return digest(facts)


def draw(run: Run, view: RunView, behind: int = 0) -> str:
    """The bar: name, step of steps, progress, time left, loss; in its data the title of the page and the stake.

    behind: how many runs wait for their turn.
    """
    name = escape(name_of(run))
    share = 100 * view.step / view.steps if view.steps else 0
    facts = [f"<b>{view.step}</b> of {view.steps} steps" if view.steps else escape(view.phase)]
    left = (
        [about(view.seconds_left).replace("about ", "about <b>") + "</b> left"] if view.seconds_left is not None else []
    )
    left += until_first_step(view)
    if view.status == "stopping":
        left = ["pausing after this step" if run.stop_requested() == "pause" else "stopping after this step"]
    if view.loss is not None:
        left.append(f"loss <b>{loss(view.loss)}</b>")
    if behind:
        left.append(f"<b>{behind}</b> waiting")
    how_far = f"{view.step}/{view.steps}" if view.steps else "Starting"
    number = '<span class="ts-num">{}</span>'.format
    progress = (
        f'<span class="ts-track" role="progressbar" aria-label="Progress of {name}" aria-valuemin="0" '
        f'aria-valuemax="100" aria-valuenow="{share:.0f}"><i style="width:{share:.1f}%"></i></span>'
    )
    middle = "".join(map(number, facts)) + progress
    if view.held_up:
        middle = f'<span class="ts-num ts-held-up">{escape(view.phase)}.</span>'
    return (
        f'<div class="ts-runbar" data-title="{how_far} Tunesmith" data-run="{escape(run.id)}" '
        f'data-stake="{escape(stake(view))}"><button type="button" class="ts-name" data-open="{escape(run.id)}">'
        f'<i class="ts-live"></i>{name}</button>'
        f"{middle}{''.join(map(number, left))}</div>"
    )

"""The coach under the loss chart: what the curves say, the numbers behind it, what to do, and a button that does it."""

from typing import Any

import gradio as gr

from components.html import escape, html, moved
from components.icons import icon
from components.page import LATEST, PICKED, Page
from components.preset_form import width_of
from components.runs import find, recipe_of
from components.speak import plain
from studio.errors import StudioError
from studio.training.again import named_change, start_again, started_again
from studio.training.coach.catalogue import advise
from studio.training.coach.finding import Action, Finding
from studio.training.coach.given import given_of
from studio.training.run import Run, load_run
from studio.training.view import RunView

# The part's own content is the live region. Stopping asks first, as everywhere; starting again loses nothing.
ON_COACH = """
element.setAttribute('role', 'status');
element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-coach]');
  if (button?.dataset.coach === 'stop_and_keep') window.tunesmithStop('#live-head [data-run]', 'keep');
  else if (button) trigger('again', { run: button.dataset.run, kind: button.dataset.kind, words: button.textContent });
});
"""


def build(page: Page) -> None:
    page.parts["coach"] = html(elem_id="coach", js_on_load=ON_COACH)


def wire(page: Page) -> None:
    part = page.parts["coach"]

    def show(run_id: str, old: str) -> Any:
        run = find(page.workspace, run_id)
        new = draw(run, run.view()) if run else ""
        return gr.skip() if new == old else new

    def again(event: gr.EventData) -> Any:
        """Start again as the button said. Pressed twice it leads to the run that was started the first time."""
        run = load_run(page.workspace, str(event.run))
        made = started_again(run) or start_again(run, **promised(run, str(event.kind), str(event.words)).settings)
        return made.id, gr.Tabs(selected="live")

    gr.on([moved(page.seen, page.run)], plain(show), [page.run, part], part, **LATEST)
    part.again(plain(again), outputs=[page.run, page.parts["train_tabs"]], **PICKED)


def findings(run: Run, view: RunView) -> list[Finding]:
    recipe = recipe_of(run)
    return advise(view, given_of(recipe, width_of(run.workspace, recipe.model.name)))


def promised(run: Run, kind: str, words: str) -> Action:
    """What the button with these words stood for. Raises StudioError when it would do something else now."""
    for finding in findings(run, run.view()):
        if finding.kind == kind and finding.action and label(run, finding.action) == words:
            return finding.action
    raise StudioError("The run has gone on since, and the advice is another one now.", "Look at it once more.")


def label(run: Run, action: Action) -> str:
    if action.what == "stop_and_keep":
        return "Stop and keep"
    return f"Start again with {named_change(recipe_of(run), action.settings)}"


def draw(run: Run, view: RunView) -> str:
    """One panel for each finding; the first that can be acted upon has the button. "" when there is nothing to say."""
    said = findings(run, view)
    acting = next((finding for finding in said if finding.action), None)
    return "".join(panel(finding, button(run, view, finding) if finding is acting else "") for finding in said)


def panel(finding: Finding, below: str) -> str:
    sign = {"info": "fork", "warn": "warn", "bad": "x"}[finding.tone]
    numbers = "".join(f"<span>{escape(name)} <b>{escape(value)}</b></span>" for name, value in finding.facts.items())
    return (
        f'<div class="ts-coach ts-coaching ts-{finding.tone}">{icon(sign, "l")}<div>'
        f"<p><b>{escape(finding.verdict)}</b> {escape(finding.sentence)}</p>"
        f'<p>{escape(finding.advice)}</p><p class="ts-nums">{numbers}</p>{below}</div></div>'
    )


def button(run: Run, view: RunView, finding: Finding) -> str:
    assert finding.action is not None
    again = finding.action.what == "start_again"
    made = started_again(run) if again else None
    if made:
        return f'<p class="ts-help ts-coach-act">“{escape(made.name)}” was started with that.</p>'
    note = "This run then ends, and what it has learned is kept." if again and view.live else ""
    return (
        f'<p class="ts-help ts-coach-act"><button type="button" data-coach="{finding.action.what}" '
        f'data-kind="{finding.kind}" data-run="{escape(run.id)}">{escape(label(run, finding.action))}</button>'
        f"{note}</p>"
    )

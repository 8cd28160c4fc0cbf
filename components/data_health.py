"""Data health: the checks run in the background, the page looks at what is known, and each fix has a switch."""

import time
from dataclasses import dataclass
from typing import Any

import gradio as gr

from components import draft
from components.data_reading import Reading, kept_steps
from components.html import hidden, html, moved, title
from components.page import QUICK, Page
from components.speak import plain
from studio.datasets.fixing import Fix
from studio.datasets.health import CHECKS

LEAD = "Every row is looked at. Your file is never changed: switch a fix off and its rows come straight back."
EVENTS = """
element.addEventListener('change', (event) => {
  const fix = event.target.closest('[data-fix]');
  if (fix) trigger('switched', { fix: fix.dataset.fix, on: fix.checked });
});
element.addEventListener('click', (event) => {
  const asked = event.target.closest('[data-preview]');
  if (asked) trigger('asked', { fix: asked.dataset.preview });
  const shown = event.target.closest('[data-show]');
  if (shown) trigger('shown', { check: shown.dataset.show });
});
// Folds stay open when the section is drawn again.
const open = new Set();
const name = (fold) => fold.closest('.ts-find')?.querySelector('[data-show]')?.dataset.show ?? fold.className;
element.addEventListener('toggle', (event) => open[event.target.open ? 'add' : 'delete'](name(event.target)), true);
watch('value', () => {
  for (const fold of element.querySelectorAll('details')) if (open.has(name(fold))) fold.open = true;
});
"""


def build(parts: dict[str, Any]) -> None:
    with gr.Row(elem_classes=["ts-section", "ts-headline"]):
        html(title("Data health", LEAD))
        parts["fixes_off"] = gr.Button("All fixes off", size="sm", elem_id="fixes-off", elem_classes="ts-fit")
        parts["fixes_safe"] = gr.Button("All safe fixes on", size="sm", elem_id="fixes-safe", elem_classes="ts-fit")
    parts["health"] = html(elem_id="health", js_on_load=EVENTS)
    parts["switched"] = hidden("Change of a fix")


@dataclass(frozen=True)
class Events:
    """Events of this section: fixes are others now; the rows of a finding are to be walked through."""

    changed: Any
    rows_asked: Any


def wire(page: Page, reading: Reading) -> Events:
    """Switches and buttons of the report."""
    parts = page.parts["data_tab"]

    def change(fixes: dict[str, Fix]) -> str:
        """Other fixes for the dataset on show. What comes back differs with every change."""
        dataset = draft.load(page.workspace).get("dataset", "")
        steps = kept_steps(page.workspace, dataset)
        if steps is None:
            return ""
        reading.keep(dataset, steps.model_copy(update={"fixes": [fixes[name] for name in sorted(fixes)]}))
        return f"{sorted(fixes)} {time.monotonic()}"  # a change of the same kind must be noticed, too

    def on() -> dict[str, Fix]:
        steps = kept_steps(page.workspace, draft.load(page.workspace).get("dataset", ""))
        return {fix.name: fix for fix in steps.fixes} if steps else {}

    def switched(event: gr.EventData) -> str:
        name = str(event.fix)
        others = {known: fix for known, fix in on().items() if known != name}
        return change(others | {name: Fix(name=name)} if event.on else others)

    def all_safe() -> str:
        report = reading.last_report
        safe = {finding.name for finding in report.findings if finding.safe} if report else set()
        return change(on() | {check.name: Fix(name=check.name) for check in CHECKS if check.name in safe})

    def asked(event: gr.EventData) -> str:
        dataset = draft.load(page.workspace).get("dataset", "")
        steps = kept_steps(page.workspace, dataset)
        if steps:
            reading.watch.preview(dataset, steps, str(event.fix))
        return f"preview {event.fix} {time.monotonic()}"

    changed = parts["switched"]
    parts["health"].switched(plain(switched), outputs=changed, **QUICK)
    parts["health"].asked(plain(asked), outputs=changed, **QUICK)
    parts["fixes_off"].click(plain(lambda: change({})), outputs=changed, **QUICK)
    parts["fixes_safe"].click(plain(all_safe), outputs=changed, **QUICK)

    def shown(event: gr.EventData) -> str:
        return str(event.check)

    parts["health"].shown(plain(shown), outputs=parts["only"], **QUICK)
    return Events(moved(changed), parts["only"].change)

"""Data health: the checks run in the background, the page looks at what is known, and each fix has a switch."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from components.data_choice import alter, kept_steps
from components.data_reading import Reading
from components.data_wiring import Wiring, model_and_limit
from components.health_view import Report
from components.html import hidden, html, moved, title
from components.page import PICKED, QUICK
from components.speak import plain
from studio.datasets.fixing import Fix
from studio.datasets.versions import DataSteps

LEAD = "Every row is looked at. Your file is never changed: switch a fix off and its rows come straight back."
EVENTS = """
element.addEventListener('change', (event) => {
  const part = event.target.closest('.ts-fix');
  const fix = part?.querySelector('[data-fix]');
  if (!fix) return;
  const options = {};
  for (const choice of part.querySelectorAll('[data-option]')) options[choice.dataset.option] = choice.value;
  trigger('switched', { fix: fix.dataset.fix, on: fix.checked, options });
});
element.addEventListener('click', (event) => {
  const asked = event.target.closest('[data-preview]');
  if (asked) trigger('asked', { fix: asked.dataset.preview });
  const shown = event.target.closest('[data-show]');
  if (shown) trigger('shown', { check: shown.dataset.show });
});
window.tunesmithChoices(element, watch);
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


class Switches:
    """The fixes of the dataset on show. What a change returns differs every time, so that the page notices it."""

    def __init__(self, reading: Reading) -> None:
        self.reading, self.workspace = reading, reading.workspace

    def change(self, dataset: str | None, newer: Callable[[dict[str, Fix]], dict[str, Fix]]) -> str:
        """newer: from the fixes that are on now, by name, those that are to be on."""

        def changed(steps: DataSteps) -> DataSteps:
            fixes = newer({fix.name: fix for fix in steps.fixes})
            return steps.model_copy(update={"fixes": [fixes[name] for name in sorted(fixes)]})

        steps = alter(self.workspace, dataset or "", changed)
        if steps is None:
            return ""
        self.reading.watch.again(dataset or "", steps)
        return f"{[fix.name for fix in steps.fixes]} {time.monotonic()}"

    def on(self, dataset: str | None) -> dict[str, Fix]:
        steps = kept_steps(self.workspace, dataset)
        return {fix.name: fix for fix in steps.fixes} if steps else {}

    def report(self, dataset: str | None, model: str, limit: int) -> Report | None:
        steps = kept_steps(self.workspace, dataset)
        return self.reading.watch.report(dataset, steps, model, limit) if dataset and steps else None

    def switched(self, event: gr.EventData, dataset: str | None, **later: Any) -> str:
        """One switch, or the way in which its fix works."""
        name = str(event.fix)
        if not event.on:
            return self.change(dataset, lambda on: {one: fix for one, fix in on.items() if one != name})
        options = {str(key): value for key, value in dict(event.options or {}).items()}
        fix = Fix(name=name, options=options | self.fix(name, dataset, later).options)
        return self.change(dataset, lambda on: on | {name: fix})

    def fix(self, name: str, dataset: str | None, later: dict[str, Any]) -> Fix:
        """A fix with what its finding tells it, such as which rows are too long."""
        report = self.report(dataset, *model_and_limit(later))
        finding = next((one for one in report.findings if one.name == name), None) if report else None
        return Fix(name=name, options=finding.options if finding else {})

    def all_off(self, dataset: str | None) -> str:
        return self.change(dataset, lambda on: {})

    def all_safe(self, dataset: str | None, **later: Any) -> str:
        report = self.report(dataset, *model_and_limit(later))
        safe = {finding.name for finding in report.findings if finding.safe} if report else set()
        fixes = {name: Fix(name=name) for name in safe}
        return self.change(dataset, lambda on: fixes | on)

    def preview(self, event: gr.EventData, dataset: str | None, **later: Any) -> str:
        """Have a few rows before and after a fix made ready."""
        steps, name = kept_steps(self.workspace, dataset), str(event.fix)
        if dataset and steps:
            fix = self.on(dataset).get(name) or self.fix(name, dataset, later)
            self.reading.watch.preview(dataset, steps, fix)
        return f"preview {name} {time.monotonic()}"


def wire(wiring: Wiring, reading: Reading) -> Events:
    """Switches and buttons of the report."""
    parts, switches = wiring.parts, Switches(reading)
    changed, dataset = parts["switched"], parts["dataset"]
    later: dict[str, Any] = {"inputs_kwargs": wiring.later}
    parts["health"].switched(plain(switches.switched), dataset, changed, **later, **PICKED)
    parts["health"].asked(plain(switches.preview), dataset, changed, **later, **PICKED)
    parts["fixes_off"].click(plain(switches.all_off), dataset, changed, **QUICK)
    parts["fixes_safe"].click(plain(switches.all_safe), dataset, changed, **later, **QUICK)

    def shown(event: gr.EventData) -> str:
        return str(event.check)

    parts["health"].shown(plain(shown), outputs=parts["only"], **PICKED)
    return Events(moved(changed), parts["only"].change)

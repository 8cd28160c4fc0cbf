"""Several datasets as one: which ones, how much each counts, and the merging itself, which a helper does."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import gradio as gr

from components import data_incoming, merge_view
from components import data_views as views
from components.background import trouble_of
from components.data_choice import Choice, first_steps, keep, kept_steps
from components.data_reading import Reading
from components.data_wiring import Values, Wiring
from components.html import html
from studio.datasets.inspection import Inspector
from studio.datasets.merging import Part
from studio.datasets.store import load_dataset
from studio.datasets.table_file import Cancelled, Progress
from studio.datasets.versions import DataSteps
from studio.errors import StudioError

NAME = "the datasets, to put them together"
BUSY = '<p class="ts-help" role="status"><span class="ts-breathe"></span>Putting the datasets together.</p>'
EVENTS = """
element.addEventListener('click', (event) => {
  if (!event.target.closest('[data-merge]')) return;
  const parts = [...element.querySelectorAll('li')].filter((line) => line.querySelector('[type=checkbox]').checked);
  trigger('merged', { parts: parts.map((line) => (
    { dataset: line.dataset.dataset, weight: line.querySelector('[type=number]').value })) });
  chosen.clear();
  show();
});
// Another list puts other datasets into the same lines.
const chosen = new Map();
const show = () => {
  for (const line of element.querySelectorAll('li')) {
    const [box, weight] = line.querySelectorAll('input');
    const kept = chosen.get(line.dataset.dataset) ?? { checked: false, weight: weight.getAttribute('value') };
    box.checked = kept.checked;
    weight.value = kept.weight;
  }
};
element.addEventListener('input', (event) => {
  const line = event.target.closest('li');
  const [box, weight] = line.querySelectorAll('input');
  chosen.set(line.dataset.dataset, { checked: box.checked, weight: weight.value });
});
watch('value', show);
"""


def build(parts: dict[str, Any]) -> None:
    with gr.Accordion("Or put datasets together", open=False, elem_id="merge", elem_classes="ts-fold"):
        parts["merge_list"] = html(merge_view.FEW, elem_id="merge-list", js_on_load=EVENTS)


class Merging:
    """The one merging that may be under way."""

    def __init__(self, inspector: Inspector) -> None:
        self.inspector = inspector
        self.done: tuple[str, DataSteps] | StudioError | None = None
        self.progress: Progress | None = None
        self.thread: threading.Thread | None = None

    @property
    def expected(self) -> bool:
        """Whether there is one whose end has not been told yet."""
        return self.thread is not None

    def start(self, parts: list[Part]) -> None:
        if self.thread is not None:
            raise StudioError("Datasets are being put together already.", "Wait until that is done, or cancel it.")
        self.done = self.progress = None
        self.thread = threading.Thread(target=self.follow, args=(parts,), daemon=True)
        self.thread.start()

    def follow(self, parts: list[Part]) -> None:
        def merge() -> None:
            with suppress(Cancelled):
                done = self.inspector.merge(parts, watch=self.told)
                self.told(self.progress)
                self.done = done

        trouble = trouble_of(merge, "The datasets could not be put together.")
        if trouble and self.thread is threading.current_thread():
            self.done = trouble

    def told(self, progress: Progress | None) -> None:
        """How far it is. Raises Cancelled in a thread that nobody waits for any more."""
        if self.thread is not threading.current_thread():
            raise Cancelled
        self.progress = progress

    def cancel(self) -> None:
        """Nothing of it is kept."""
        self.thread = None

    def look(self) -> tuple[str, DataSteps] | None:
        """The dataset and how it is read, once it is there. Raises StudioError, once, when it cannot be made."""
        thread = self.thread
        if thread is None or thread.is_alive():
            return None
        self.thread = None
        if isinstance(self.done, StudioError):
            raise self.done
        return self.done


class Merger:
    """Takes what the page says, and shows what comes of it."""

    def __init__(self, reading: Reading, begun: Callable[[str], Values]) -> None:
        self.reading, self.workspace, self.begun = reading, reading.workspace, begun
        self.merging = Merging(reading.examiner.inspector)

    def part(self, asked: dict[str, Any]) -> Part:
        """One dataset as it was read last, else as we guess."""
        dataset = load_dataset(self.workspace, str(asked["dataset"]))
        steps = kept_steps(self.workspace, dataset.id) or first_steps(self.reading.head(dataset.id)[1])
        if steps is None:
            raise StudioError(f"It is not known yet how {dataset.name} is read.", "Open it and say so first.")
        try:
            weight = float(asked["weight"])
        except ValueError:
            raise StudioError(f"The weight of {dataset.name} is not a number.", "Write 1, 2 or 0.5.") from None
        return Part(dataset.id, steps, weight)

    def start(self, choice: Choice, asked: list[dict[str, Any]]) -> Values:
        try:
            parts = [self.part(one) for one in asked]
            if parts and not any(part.weight for part in parts):
                raise StudioError("With weights of 0 nothing would be learned.", "Give one of them 1 or more.")
            self.merging.start(parts)
        except StudioError as error:
            return {"drop_problem": views.problem(error)}
        return self.begun(BUSY)

    def wait(self, choice: Choice) -> Values:
        """What has become of it since the last look."""
        try:
            done = self.merging.look()
        except StudioError as error:
            return {"drop_problem": views.problem(error), **data_incoming.values("")}
        if done is None:
            known = self.merging.progress
            return data_incoming.values(data_incoming.progress(NAME, known.rows, known.share) if known else BUSY)
        dataset, steps = done
        known = kept_steps(self.workspace, dataset)  # of the same parts put together before: handwork stays
        keep(self.workspace, dataset, known.model_copy(update={"weights": steps.weights}) if known else steps)
        return {**data_incoming.values(""), **self.reading.open(choice, dataset)}


def wire(wiring: Wiring, merger: Merger) -> None:
    wiring.show_told(wiring.parts["merge_list"].merged, lambda told, choice: merger.start(choice, told.parts))

"""Training, check and test rows: how the rows are divided, and the fields that change it."""

from functools import partial
from typing import Any

import gradio as gr
from pydantic import ValidationError

from components import data_views as views
from components.data_choice import Choice, division_of, kept_steps
from components.data_reading import Reading
from components.data_wiring import Values, Wiring
from components.html import html, title
from studio.datasets.weights import HEAVIEST, Weights
from studio.errors import StudioError

PROBLEM = "shares_problem"
TYPED = ("validation", "test", "seed")
CHOSEN = ("stratify", "near_together", "group", "test_from")

EVENTS = """
element.addEventListener('change', (event) => {
  const field = event.target.closest('[data-weight]');
  if (field) trigger('weighed', { part: field.dataset.weight, weight: field.value });
});
"""


def build(parts: dict[str, Any]) -> None:
    html(
        title(
            "Training, check, test",
            "Rows that the model never practises on are the only honest way to see whether it learned.",
        ),
        classes=["ts-section"],
    )
    with gr.Column(elem_classes="ts-card"):
        parts["split"] = html(elem_id="split")
        parts["weights"] = html(elem_id="weights", js_on_load=EVENTS)
        parts["shares_problem"] = html(elem_id="shares-problem")
        with gr.Accordion("Change the shares", open=False, elem_id="shares"):
            with gr.Row():
                for name, label in (("validation", "Check rows"), ("test", "Test rows")):
                    parts[name] = gr.Number(
                        label=label,
                        info="A number of rows, or a share such as 0.1. Left empty, the studio decides.",
                        interactive=True,
                        elem_id=f"{name}-rows",
                    )
                parts["group"] = gr.Dropdown(
                    choices=[("Nothing", "")],
                    label="Keep rows together by",
                    info="Rows with the same value here never stand on both sides, such as one customer’s.",
                    interactive=True,
                    allow_custom_value=True,
                    elem_id="group",
                )
            with gr.Row():
                parts["seed"] = gr.Number(
                    label="Number that decides the draw (seed)",
                    info="The same number always puts the same rows on the same side.",
                    precision=0,
                    interactive=True,
                    elem_id="split-seed",
                )
                parts["test_from"] = gr.Dropdown(
                    choices=[("This file", "")],
                    value="",
                    label="Test rows come from",
                    info="Another of your datasets; then all rows of this one are for training and checks.",
                    visible=False,
                    interactive=True,
                    allow_custom_value=True,
                    elem_id="test-from",
                )
                parts["stratify"] = gr.Checkbox(
                    label="The same mix of labels in each part",
                    info="For texts with a group or a number, so that no group is missing from the test.",
                    interactive=True,
                    elem_id="stratify",
                )
                parts["near_together"] = gr.Checkbox(
                    label="Rows that are nearly the same on one side",
                    info="So that a test asks something that was not practised.",
                    interactive=True,
                    elem_id="near-together",
                )


class Shares:
    """Takes what the section says, and shows what comes of it."""

    def __init__(self, reading: Reading) -> None:
        self.reading, self.workspace = reading, reading.workspace

    def divide(self, choice: Choice) -> Values:
        """Other shares, as a whole: what is half typed makes no version."""
        kept = kept_steps(self.workspace, choice.dataset)
        try:
            fields = division_of(self.workspace, choice, kept) if kept else {}
        except StudioError as error:
            return {PROBLEM: views.problem(error)}
        if kept is None or kept == kept.model_copy(update=fields):
            return {PROBLEM: ""}
        return self.reading.change(choice, PROBLEM, lambda now: fields)

    def weigh(self, told: gr.EventData, choice: Choice) -> Values:
        """Another weight for one part of a merged dataset."""
        steps = kept_steps(self.workspace, choice.dataset)
        if steps is None or steps.weights is None:
            return {}
        try:
            weights = Weights(column=steps.weights.column, values={**steps.weights.values, told.part: told.weight})
        except ValidationError:
            error = StudioError(f"“{told.weight}” is not a weight.", f"Take a number from 0 to {HEAVIEST}.")
            return {PROBLEM: views.problem(error)}
        return self.reading.change(choice, PROBLEM, lambda now: {"weights": weights})


def wire(wiring: Wiring, reading: Reading) -> None:
    parts, shares = wiring.parts, Shares(reading)
    wiring.show_told(parts["weights"].weighed, shares.weigh)
    for name in TYPED:
        wiring.show(partial(gr.on, [parts[name].blur, parts[name].submit]), shares.divide, trigger_mode="always_last")
    for name in CHOSEN:
        wiring.show(parts[name].input, shares.divide, trigger_mode="always_last")

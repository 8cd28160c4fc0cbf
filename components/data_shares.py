"""Training, check and test rows: how the rows are divided, and the fields that change it."""

from typing import Any

import gradio as gr

from components.data_reading import Reading
from components.data_wiring import Wiring
from components.html import html, title

FIELDS = ("validation", "test", "seed", "stratify", "group")


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
        with gr.Accordion("Change the shares", open=False, elem_id="shares"):
            with gr.Row():
                for name, label in (("validation", "Check rows"), ("test", "Test rows")):
                    parts[name] = gr.Number(
                        label=label,
                        info="A number of rows, or a share such as 0.1. Left empty, the studio decides.",
                        minimum=0,
                        interactive=True,
                        elem_id=f"{name}-rows",
                    )
                parts["group"] = gr.Dropdown(
                    choices=[("Nothing", "")],
                    label="Keep rows together by",
                    info="Rows with the same value here never stand on both sides, such as one customer’s.",
                    interactive=True,
                    elem_id="group",
                )
            with gr.Row():
                parts["seed"] = gr.Number(
                    label="Number that decides the draw (seed)",
                    info="The same number always puts the same rows on the same side.",
                    precision=0,
                    minimum=0,
                    interactive=True,
                    elem_id="split-seed",
                )
                parts["stratify"] = gr.Checkbox(
                    label="The same mix of labels in each part",
                    info="For texts with a group or a number, so that no group is missing from the test.",
                    interactive=True,
                    elem_id="stratify",
                )


def wire(wiring: Wiring, reading: Reading) -> None:
    for name in FIELDS:
        wiring.show(wiring.parts[name].input, reading.read, trigger_mode="always_last")

"""The questions to watch, in Set up: what they are answered with is shown at every check of the run."""

from typing import Any

import gradio as gr

from components import draft
from components.page import LATEST, Page
from components.speak import plain
from studio.errors import StudioError
from studio.training.recipe import LONGEST_WATCHED, MOST_WATCHED

INFO = (
    f"At most {MOST_WATCHED}. The model answers them at every check, so that you can watch its answers change in Live "
    "run. Left empty, three of the check rows are asked."
)


def build(page: Page) -> None:
    with gr.Accordion("Questions to watch", open=False, elem_id="watch-part", elem_classes="ts-advanced"):
        page.choices["watch"] = gr.Textbox(
            label="Questions to watch (one a line)",
            info=INFO,
            lines=3,
            max_lines=8,
            max_length=MOST_WATCHED * (LONGEST_WATCHED + 1),
            elem_id="watch",
            interactive=True,
        )


def wire(page: Page) -> None:
    field: Any = page.choices["watch"]
    # Gradio 6.31 swallows the first "input" of a field that was folded away, which may be the only one: a paste.
    gr.on([field.input, field.blur], plain(lambda watch: draft.remember(page.workspace, watch=watch)), field, **LATEST)

    page.first.append(lambda asked: {field: {"value": draft.load(page.workspace).get("watch") or ""}})


def questions(text: str | None) -> list[str]:
    """The questions of the field. Raises StudioError when they are too many, or one is too long."""
    found = [line.strip() for line in (text or "").splitlines() if line.strip()]
    if len(found) > MOST_WATCHED:
        raise StudioError(
            f"{len(found)} questions to watch are too many: each is answered at every check, which takes time.",
            f"Keep at most {MOST_WATCHED}, one a line.",
        )
    if any(len(one) > LONGEST_WATCHED for one in found):
        raise StudioError(
            f"A question to watch is longer than {LONGEST_WATCHED:,} characters.", "Make it shorter, and start again."
        )
    return found

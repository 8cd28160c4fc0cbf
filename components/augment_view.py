"""The written part of making more rows: the ways, what was made, and how far a model is with its rewrites."""

from typing import Any

import gradio as gr

from components.html import count, escape, table
from studio.datasets.augment import Augmentation
from studio.datasets.augment.rewrites import Rewrites, list_rewrites
from studio.datasets.augment.rewriting import Progress
from studio.datasets.store import Dataset
from studio.datasets.versions import DataSteps, Version

WAYS = [("Slips of the pen in the question", "words"), ("Greetings and thanks around it", "templates")]
EXAMPLES = 3


def values(dataset: Dataset, steps: DataSteps | None) -> dict[str, Any]:
    """The fields for a dataset just opened."""
    step = steps.augment if steps else None
    rewrites = [(title(one), name) for name, one in list_rewrites(dataset.folder) if one.kept]
    chosen = [name for _, name in WAYS if step and getattr(step, name)]
    chosen += [name for _, name in rewrites if step and name in step.rewrites]
    return {
        "made_ways": gr.CheckboxGroup(choices=[*WAYS, *rewrites], value=chosen),
        "made_per_row": step.per_row if step else 1,
        "augment_problem": "",
    }


def title(rewrites: Rewrites) -> str:
    origin = rewrites.origin
    how = f"through {origin.through}" if origin.way == "back_translation" else "in other words"
    return f"Rewritten {how} by {origin.model}: {rewrites.kept} of {rewrites.asked} held up"


def step_of(ways: list[str], per_row: float | None, before: Augmentation | None) -> Augmentation | None:
    """What the fields say, and what they do not show as it was before; None when no way is chosen.

    Raises ValidationError for a number that will not do.
    """
    if not ways:
        return None
    known = before.model_dump() if before else {}
    named = {name: (known.get(name) or {}) if name in ways else None for _, name in WAYS}
    rewrites = [name for name in ways if name not in named]
    return Augmentation.model_validate(
        {**known, **named, "rewrites": rewrites, "per_row": 1 if per_row is None else int(per_row)}
    )


def made(version: Version) -> str:
    """How many rows were made, and a few of them beside what they were made from."""
    if not version.steps.augment:
        return ""
    said = (
        f"<p><b>{version.made_rows:,} of {count(version.rows['train'], 'training row')} were made.</b> "
        "Rows to check and test with are the same as before.</p>"
    )
    lines = [(f"{row:,}", was, now) for row, was, now in version.made_examples]
    return said + table(("Row", "Asked in the file", "Asked in the new row"), lines)


def progress(known: Progress | None) -> str:
    """How far the model is, and some of its rewrites."""
    if known is None:
        return '<p class="ts-help" role="status"><span class="ts-breathe"></span>Loading the model.</p>'
    far = f": {known.done:,} of {known.of:,}. {known.sentence}" if known.done else "."
    said = f'<p class="ts-help" role="status">{escape(known.phase + far)}</p>'
    return said + table(("In the file", "Rewritten"), known.examples[:EXAMPLES], named=False)

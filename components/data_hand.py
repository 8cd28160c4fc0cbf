"""Handwork: the row on show is taken out, put back, or gets other words."""

from typing import Any

import pandas

from components import data_rows
from components import data_views as views
from components.data_choice import Choice, kept_steps
from components.data_reading import Reading
from components.data_wiring import Values, Wiring
from studio.datasets.hand import Edit
from studio.datasets.store import load_dataset
from studio.datasets.versions import DataSteps
from studio.errors import StudioError

PROBLEM = "hand_problem"


class Hand:
    """Changes the steps of the dataset on show by hand, and shows what comes of it."""

    def __init__(self, reading: Reading) -> None:
        self.reading, self.workspace = reading, reading.workspace

    def leave_out(self, choice: Choice) -> Values:
        """Take the row on show out, or put it back."""
        return self.reading.change(choice, PROBLEM, lambda now: {"left_out": sorted(set(now.left_out) ^ {choice.at})})

    def edit(self, choice: Choice, prompt: str, reply: str) -> Values:
        """Use other words for the row on show."""
        steps = kept_steps(self.workspace, choice.dataset)
        dataset = load_dataset(self.workspace, choice.dataset or "")
        version = self.reading.examiner.version(dataset, steps) if steps else None
        rows = version.row(choice.at) if version else pandas.DataFrame()
        if steps is not None and version is None:
            return {PROBLEM: views.problem(StudioError("The rows are still being prepared.", "Wait a moment."))}
        if steps is None or version is None or rows.empty:
            message = f"Row {choice.at:,} is left out, so its words cannot be changed here."
            return {PROBLEM: views.problem(StudioError(message, "Put it back first."))}
        # Only what was really changed, or the fixes of the other text would be frozen into the row.
        shown = data_rows.words_of(rows, version.kind)
        new = [
            words.strip() if words.strip() != was.strip() else None
            for words, was in zip((prompt, reply), shown, strict=True)
        ]
        if new == [None, None]:
            return {}
        if "" in new:
            error = StudioError("An empty text cannot be learned from.", "Write something, or leave the row out.")
            return {PROBLEM: views.problem(error)}
        changes = {name: words for name, words in zip(("prompt", "reply"), new, strict=True) if words is not None}

        def edited(now: DataSteps) -> dict[str, Any]:
            before = next((edit for edit in now.edits if edit.row == choice.at), Edit(row=choice.at))
            return {"edits": [*others(now, choice), before.model_copy(update=changes)]}

        return self.reading.change(choice, PROBLEM, edited)

    def undo_edit(self, choice: Choice) -> Values:
        """The row on show as it stands in the file."""
        return self.reading.change(choice, PROBLEM, lambda now: {"edits": others(now, choice)})


def others(steps: DataSteps, choice: Choice) -> list[Edit]:
    """What was changed by hand in other rows than the one on show."""
    return [edit for edit in steps.edits if edit.row != choice.at]


def wire(wiring: Wiring, reading: Reading) -> None:
    parts, hand = wiring.parts, Hand(reading)
    wiring.show(parts["leave_out"].click, hand.leave_out)
    wiring.show(parts["save_edit"].click, hand.edit, "edit_prompt", "edit_reply")
    wiring.show(parts["undo_edit"].click, hand.undo_edit)

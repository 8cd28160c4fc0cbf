"""A loss or a gradient that is no longer a number is caught at its step, with the batch that it came from."""

import math
from typing import Any

MOST_TEXT = 4000  # characters of a row that are kept


class NotANumberError(Exception):
    """what: "loss" or "gradients". step: the one that was being taken, from 1. batch: its rows as text.

    Nothing was corrected with it: the model is as it was after the step before.
    """

    def __init__(self, what: str, value: float, step: int, batch: list[str]) -> None:
        super().__init__(f"the {what} became {value} at step {step}")
        self.what, self.value, self.step, self.batch = what, value, step, batch


def check_finite(trainer: Any, what: str, value: float, inputs: list[Any]) -> None:
    """Raises NotANumberError when it is infinite or no number; inputs: the batches of this step so far."""
    if not math.isfinite(value):
        rows = [text for batch in inputs for text in as_text(trainer.processing_class, batch)]
        raise NotANumberError(what, value, trainer.state.global_step + 1, rows)


def as_text(tokenizer: Any, batch: Any) -> list[str]:
    """The rows of a batch as text, whatever the method calls their tokens; empty for a batch without tokens."""
    tokenizer = getattr(tokenizer, "tokenizer", tokenizer)  # a processor's own
    rows: list[str] = []
    for name, value in batch.items() if hasattr(batch, "items") else ():
        if name.endswith("input_ids") and getattr(value, "dim", lambda: 0)() == 2:
            mask = batch.get(name.removesuffix("input_ids") + "attention_mask")
            for place, ids in enumerate(value):
                seen = ids if mask is None else ids[mask[place].bool()]
                rows.append(tokenizer.decode(seen)[:MOST_TEXT])
    return rows

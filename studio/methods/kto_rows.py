"""Rows for KTO: every answer beside one that belongs to another question, from which its KL is estimated."""

import random
from typing import TYPE_CHECKING

from studio.methods.preference_rows import Ids

if TYPE_CHECKING:
    from datasets import Dataset

Row = tuple[Ids, Ids, bool]  # prompt, answer, whether it was liked


def mixed(rows: list[Row], seed: int) -> list[Row]:
    """The rows in another order, in which those that were liked and those that were not are spread evenly.

    TRL reads them in this order in every epoch, so every step meets both kinds.
    """
    order = random.Random(seed)
    placed: list[tuple[float, Row]] = []
    for label in (True, False):
        kind = [row for row in rows if row[2] == label]
        order.shuffle(kind)
        placed += [((place + 0.5) / len(kind), row) for place, row in enumerate(kind)]
    return [row for _, row in sorted(placed, key=lambda pair: pair[0])]


def with_strangers(rows: list[Row], batch_size: int) -> "Dataset":
    """Columns prompt_ids, completion_ids, label, and KL_completion_ids: the answer of the row before, in its batch.

    As in section 4.2 of Ethayarajh et al. 2024, arXiv:2402.01306. A last batch of one row takes the row before it:
    its own answer would say nothing about the KL.
    """
    from datasets import Dataset

    strangers = []
    for number in range(len(rows)):
        first = number - number % batch_size
        last = min(first + batch_size, len(rows)) - 1
        before = number - 1 if number > first or first == last else last
        strangers.append(rows[before][1])
    return Dataset.from_dict(
        {
            "prompt_ids": [row[0] for row in rows],
            "completion_ids": [row[1] for row in rows],
            "KL_completion_ids": strangers,
            "label": [row[2] for row in rows],
        }
    )


def weights(liked: int, disliked: int, desirable: float | None, undesirable: float | None) -> tuple[float, float]:
    """How much each kind counts; what is not given balances the other, so that both kinds count alike in sum.

    Equation 8 of the paper above, at its lower end. Without any given, the commoner kind counts once.
    """
    if desirable is None and undesirable is None:
        return (disliked / liked, 1.0) if liked < disliked else (1.0, liked / disliked)
    if undesirable is None:
        return float(desirable or 0), float(desirable or 0) * liked / disliked
    return (undesirable * disliked / liked if desirable is None else desirable), undesirable

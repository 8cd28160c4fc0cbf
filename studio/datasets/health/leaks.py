"""Test and check rows that also stand in training, exactly or nearly.

There is no fix among the fixes: they work on rows before these are split. The split itself keeps near copies on one
side (`SplitPlan.near_together`), so that leaks are found only where somebody has switched that off.
"""

import numpy

from studio.datasets.health.check import Check, Data, Found, NotComputed, quote
from studio.datasets.near import groups_of, near_labels, shingles_of, texts_to_compare
from studio.datasets.rows import KINDS

THRESHOLD = 0.8  # Jaccard similarity of pairs of words, as in splits.py
COMPARED = 50  # training rows that are compared to find the best example
SIDES = {"test": "the test rows", "validation": "the check rows"}


def find(data: Data) -> Found | None:
    """A row leaks when a chain of near copies joins it to a training row."""
    if data.splits is None:
        raise NotComputed("There is no split into training and test rows yet. Make one, and this is checked.")
    shingles = shingles_of(texts_to_compare(data.texts, data.kind))
    groups: list[list[int]] = []
    examples: list[str] = []
    leaked: list[int] = []
    for group in groups_of(near_labels(shingles, THRESHOLD)):
        sides = data.splits[group]
        held_out = [at for at, side in zip(group, sides, strict=True) if side in SIDES]
        trained = [at for at, side in zip(group, sides, strict=True) if side == "train"]
        if not held_out or not trained:
            continue
        groups.append(group)
        leaked += held_out
        if len(examples) < 3:
            some = numpy.array(trained[:COMPARED])
            likeness = shingles.jaccard(numpy.full(len(some), held_out[0]), some)
            examples.append(sentence(data, held_out[0], int(some[likeness.argmax()]), float(likeness.max())))
    return Found(numpy.array(sorted(leaked)), examples, groups=groups) if leaked else None


def sentence(data: Data, held_out: int, trained: int, likeness: float) -> str:
    text = str(data.texts["prompt"].iat[held_out]) or str(data.texts["reply"].iat[held_out])
    same = "the same as" if likeness == 1 else "nearly the same as"
    row, other = data.rows["row"].iat[held_out], data.rows["row"].iat[trained]
    where = SIDES[str(data.splits[held_out])] if data.splits is not None else ""
    return f"Row {row} in {where} is {same} row {other} in training: {quote(text)}."


CHECK = Check(
    name="leaks",
    kinds=tuple(kind for kind in KINDS if kind != "picture"),  # many pictures may be asked and told the same
    title="Test rows that were also trained on",
    why="The model has seen these questions, so answering them proves nothing, and the score looks better than it is. "
    "Keep rows that are nearly the same in one split.",
    severity="serious",
    find=find,
)

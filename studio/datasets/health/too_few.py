"""Fewer rows than the kind of training needs.

There is no fix: what is missing is not in the file. Augmentation, a step of its own, makes variations of what is.
"""

import numpy

from studio.datasets.health.check import Check, Data, Found
from studio.datasets.health.labels import counted

# OpenAI's guide to supervised fine-tuning sees clear improvements from 50 to 100 examples on.
ANSWERS = 50
# SetFit (Tunstall et al. 2022) needs 8 examples of each label to come near to training on the full set.
OF_EACH_LABEL = 8
# Our own judgement: a pair or a thumb says less than a whole answer, a number less than its digits.
NEEDED = {"chat": ANSWERS, "preference": 2 * ANSWERS, "feedback": 2 * ANSWERS, "number": 2 * ANSWERS}
# Our own judgement: about twenty pages; below, only single phrases repeat often enough to be learned.
WORDS = 10_000


def find(data: Data) -> Found | None:
    rows = len(data.rows)
    if data.kind == "text":
        words = int(data.texts["reply"].str.count(r"\S+").sum())
        return None if words >= WORDS else found(data, f"{words:,} words", f"at least {WORDS:,} words")
    if data.kind == "label":
        labels = len(counted(data.rows))
        needed = OF_EACH_LABEL * labels
        wanted = f"at least {needed:,} rows, {OF_EACH_LABEL} for each of the {labels:,} groups"
    else:
        needed = NEEDED[data.kind]
        wanted = f"at least {needed:,} rows"
    return None if rows >= needed else found(data, f"{rows:,} row{'s' * (rows != 1)}", wanted)


def found(data: Data, have: str, wanted: str) -> Found:
    """All rows are affected: it is all of them together that do not suffice."""
    example = (
        f"There {'is' if have == '1 row' else 'are'} {have}. For this kind of training, {wanted} are a good start."
    )
    return Found(numpy.arange(len(data.rows)), [example], f"only {have}")


CHECK = Check(
    name="too_few",
    title="Few examples",
    why="From very few examples the model learns them by heart rather than what they have in common. Add more.",
    severity="warning",
    find=find,
)

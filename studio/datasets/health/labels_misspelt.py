"""Rare labels that look like a frequent one with a typing mistake."""

from typing import Any

from studio.datasets.health.check import Check, Data, Found, Mended
from studio.datasets.health.labels import counted
from studio.datasets.health.labels_case import found_names, renaming, spellings

MORE = 10  # how many times as frequent the right spelling must be
SHORTEST = 4  # letters; of two shorter labels that differ in one letter, both may be meant
LETTERS_A_MISTAKE = 8  # a second mistake is believed from twice this length on


def find(data: Data) -> Found | None:
    return found_names(data, corrections(data))


def corrections(data: Data) -> dict[str, str]:
    """The frequent label, for each rare one that is a mistake away from it.

    Labels that differ in a digit or in the first letter are never taken for one another (“level 1”, “unsafe”).
    """
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    counts = counted(data.rows)
    known = spellings(data)
    labels = sorted((label for label in counts if label not in known), key=lambda one: (-counts[one], one))
    found = {}
    for wrong in labels:
        allowed = 2 if len(wrong) >= 2 * LETTERS_A_MISTAKE else 1
        frequent = [
            right
            for right in labels
            if counts[right] >= MORE * counts[wrong]
            and right[:1].casefold() == wrong[:1].casefold()
            and digits(right) == digits(wrong)
        ]
        best = process.extractOne(wrong, frequent, scorer=OSA.distance, processor=str.casefold, score_cutoff=allowed)
        if best is not None and len(wrong) >= SHORTEST:
            found[wrong] = best[0]
    return found


def digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit())


def mend(data: Data, found: Found, options: Any) -> Mended:
    return renaming(data, found, corrections(data))


CHECK = Check(
    name="labels_misspelt",
    title="Groups that look misspelt",
    why="A misspelt group is learned as a group of its own, and takes rows away from the right one.",
    severity="warning",
    find=find,
    fix="Use the frequent spelling",
    mend=mend,
    kinds=("label",),
)

"""Rows that say nearly the same as another row, and more in no way that matters."""

import re

import numpy

from studio.datasets.health.check import Check, Data, Found, quote, removing
from studio.datasets.health.exact_copies import copies
from studio.datasets.near import groups_of, near_labels, shingles_of, texts_to_compare

THRESHOLD = 0.8  # Jaccard similarity of pairs of words, for prompt and reply together
PART = 60  # rapidfuzz points out of 100 for prompt and for reply alone
LONG = 2000  # characters of each part that are compared so; the shingles have looked at all of it
ROUNDS = 20  # a chain of near copies is taken apart at most so often
NUMBER = re.compile(r"\d+")


def find(data: Data) -> Found | None:
    kept_by = keepers(data)
    positions = numpy.array(sorted(kept_by), dtype="int64")
    if not len(positions):
        return None
    groups: dict[int, list[int]] = {}
    for position, keeper in sorted(kept_by.items()):
        groups.setdefault(keeper, [keeper]).append(position)
    shown = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))[:3]
    examples = [sentence(data, keeper, group[1]) for keeper, group in shown]
    return Found(positions, examples, groups=sorted(sorted(group) for group in groups.values()))


def keepers(data: Data) -> dict[int, int]:
    """For each row that is a near copy of a fuller one, that one; exact copies, which have a check of their own, apart.

    A group may be a chain whose ends are not alike, so each row is compared with the very row that stands in for it.
    """
    exact = [position for group in copies(data) for position in group[1:]]
    places = numpy.setdiff1d(numpy.arange(len(data.rows)), exact)
    shingles = shingles_of(texts_to_compare(data.texts.iloc[places], data.kind))
    length = shingles.sizes
    kept_by: dict[int, int] = {}
    groups = [
        sorted(group, key=lambda one: (-length[one], one)) for group in groups_of(near_labels(shingles, THRESHOLD))
    ]
    for _ in range(ROUNDS):
        groups = [group for group in groups if len(group) > 1]
        # All groups are compared at once: one call for each would cost far more than the comparison.
        pairs = numpy.array([(group[0], one) for group in groups for one in group[1:]], dtype="int64").reshape(-1, 2)
        near = pairs[shingles.jaccard(pairs[:, 0], pairs[:, 1]) >= THRESHOLD]
        mates = {one: keeper for keeper, one in near[copied(data, places[near])].tolist()}
        kept_by |= {int(places[one]): int(places[keeper]) for one, keeper in mates.items()}
        groups = [[one for one in group[1:] if one not in mates] for group in groups]
    return kept_by


def copied(data: Data, pairs: numpy.ndarray) -> numpy.ndarray:
    """Which of these pairs of positions, an array (pairs, 2), are copies of each other indeed; an array of bool."""
    # Only the rows in question are turned into Python texts: all of a million would take half a gigabyte.
    rows = numpy.unique(pairs)
    texts = data.texts.iloc[rows]
    parts = dict(zip(rows.tolist(), zip(texts["prompt"].tolist(), texts["reply"].tolist(), strict=True), strict=True))
    labels = dict(zip(rows.tolist(), data.rows["label"].iloc[rows].tolist(), strict=True))
    # A label that differs is a contradiction, not a copy.
    return numpy.array(
        [labels[one] == labels[other] and replaceable(parts[one], parts[other]) for one, other in pairs.tolist()],
        dtype=bool,
    )


def replaceable(texts: tuple[str, str], others: tuple[str, str]) -> bool:
    """Whether prompt and reply are each alike on their own, with the very same numbers: then nothing is lost."""
    from rapidfuzz import fuzz

    return all(
        NUMBER.findall(one) == NUMBER.findall(other) and fuzz.ratio(one[:LONG], other[:LONG], score_cutoff=PART) >= PART
        for one, other in zip(texts, others, strict=True)
    )


def sentence(data: Data, keeper: int, other: int) -> str:
    kept, left = data.rows["row"].iat[keeper], data.rows["row"].iat[other]
    texts = [str(data.texts["prompt"].iat[at]) or str(data.texts["reply"].iat[at]) for at in (other, keeper)]
    return f"Row {left}: {quote(texts[0])} is nearly the same as row {kept}: {quote(texts[1])}."


CHECK = Check(
    name="near_copies",
    title="Near copies",
    why="Rows that differ in a word or two teach nothing new, and make the model repeat their wording.",
    severity="note",
    find=find,
    fix="Keep the fuller one",
    mend=removing,
    safe=True,
)

"""Rows that say nearly the same as another row: some other words, capitals, spaces or signs that do not matter."""

import re

import numpy

from studio.datasets.health.alike import folded, quoted_apart
from studio.datasets.health.check import Check, Data, Found, quote, removing
from studio.datasets.health.exact_copies import copies
from studio.datasets.health.passages import contents
from studio.datasets.near import groups_of, near_labels, shingles_of, texts_to_compare
from studio.datasets.rows import KINDS

THRESHOLD = 0.8  # Jaccard similarity of pairs of words, for prompt and reply together
PART = 60  # rapidfuzz points out of 100 for prompt, for reply and for the worse answer alone
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
    texts, more = data.texts.iloc[rows], data.rows.iloc[rows]
    parts = zip(texts["prompt"].tolist(), texts["reply"].tolist(), more["rejected"].tolist(), strict=True)
    parts_of = dict(zip(rows.tolist(), parts, strict=True))
    # A label that differs is a contradiction, and with other tools the same words ask for something else.
    exactly = zip(more["label"].tolist(), more["tools"].tolist(), strict=True)
    exactly_of = dict(zip(rows.tolist(), exactly, strict=True))
    return numpy.array(
        [
            exactly_of[one] == exactly_of[other] and replaceable(parts_of[one], parts_of[other])
            for one, other in pairs.tolist()
        ],
        dtype=bool,
    )


def replaceable(texts: tuple[str, ...], others: tuple[str, ...]) -> bool:
    """Whether the parts are each alike on their own, with the very same numbers: then nothing is lost."""
    from rapidfuzz import fuzz

    def alike(one: str, other: str) -> bool:
        one, other = folded([one[:LONG], other[:LONG]])
        return fuzz.ratio(one, other, score_cutoff=PART) >= PART

    return all(
        one == other or (NUMBER.findall(one) == NUMBER.findall(other) and alike(one, other))
        for one, other in zip(texts, others, strict=True)
    )


def sentence(data: Data, keeper: int, other: int) -> str:
    kept, left = data.rows["row"].iat[keeper], data.rows["row"].iat[other]
    parts = zip(parts_at(data, other), parts_at(data, keeper), strict=True)
    apart = next(((one, same) for one, same in parts if one.split() != same.split()), None)
    if apart is None:
        text = str(data.texts["prompt"].iat[other]) or str(data.texts["reply"].iat[other])
        return f"Row {left} is the same as row {kept} but for spaces and line breaks: {quote(text)}."
    here, there = quoted_apart(*apart)
    return f"Row {left} is nearly the same as row {kept}: it has {here} where that one has {there}."


def parts_at(data: Data, position: int) -> list[str]:
    """What one row says: question, answer and, in a pair, the worse answer."""
    worse = "\n".join(contents(str(data.rows["rejected"].iat[position])))
    return [str(data.texts["prompt"].iat[position]), str(data.texts["reply"].iat[position]), worse]


CHECK = Check(
    name="near_copies",
    kinds=tuple(kind for kind in KINDS if kind != "picture"),  # many pictures may be asked and told the same
    title="Near copies",
    why="Rows that say the same in nearly the same words teach nothing new, and make the model repeat their wording.",
    severity="note",
    find=find,
    fix="Keep the fuller one",
    mend=removing,
    safe=True,
)

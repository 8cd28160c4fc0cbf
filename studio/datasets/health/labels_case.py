"""Labels that differ only in case, spaces, hyphens or underscores."""

from collections import defaultdict
from dataclasses import replace
from typing import Any

import numpy

from studio.datasets.health.alike import folded
from studio.datasets.health.check import Check, Data, Found, Mended, quote
from studio.datasets.health.labels import carrying, counted, renamed


def find(data: Data) -> Found | None:
    return found_names(data, spellings(data))


def spellings(data: Data) -> dict[str, str]:
    """The label to use, for each label that is another spelling of a more frequent one."""
    alike: dict[str, list[str]] = defaultdict(list)
    counts = counted(data.rows)
    for label in sorted(counts, key=lambda one: (-counts[one], one)):
        alike[folded([label.replace("_", " ").replace("-", " ")])[0]].append(label)
    return {other: first for first, *others in alike.values() for other in others}


def found_names(data: Data, names: dict[str, str]) -> Found | None:
    """What a check on labels reports, given the new names of wrong ones."""
    if not names:
        return None
    counts = counted(data.rows)
    examples = [
        f"{quote(wrong)} stands on {rows_of(counts[wrong])}, {quote(right)} on {counts[right]:,}."
        for wrong, right in sorted(names.items())[:3]
    ]
    return Found(carrying(data.rows, set(names)), examples)


def rows_of(count: int) -> str:
    return f"{count:,} row{'s' * (count > 1)}"


def mend(data: Data, found: Found, options: Any) -> Mended:
    return renaming(data, found, spellings(data))


def renaming(data: Data, found: Found, names: dict[str, str]) -> Mended:
    """The fix that puts other labels in place of wrong ones."""
    return Mended(
        replace(data, rows=renamed(data.rows, names)), removed=numpy.empty(0, dtype="int64"), changed=found.positions
    )


CHECK = Check(
    name="labels_case",
    title="One group written in several ways",
    why="To the model, “Refund” and “refund” are two groups, and it has to guess which of them is wanted.",
    severity="warning",
    find=find,
    fix="Use the most frequent spelling",
    mend=mend,
    safe=True,
    kinds=("label",),
)

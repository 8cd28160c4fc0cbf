"""What a table is, guessed from its first rows."""

import pandas

from studio.datasets.paths import values_at
from studio.datasets.shapes.catalogue import SHAPES
from studio.datasets.shapes.head import Head
from studio.datasets.shapes.mapping import Guess

GUESSED_FROM = 500  # rows that are looked at, by the page and by recipes alike


def guess(head: pandas.DataFrame, name: str = "") -> Guess | None:
    """The likeliest shape of a table whose cells are all text, or None when nothing in it can be learned from.

    head: the first rows, of which GUESSED_FROM are looked at. name: the name of the file. The first shape that is sure
    of itself wins; if none is, the first that fits at all.
    """
    seen = Head(head, name)
    if seen.frame.empty:
        return None
    found = recognised(seen)
    if not found:
        # Perhaps the columns that matter are inside a nested one, {"data": {"question": ..., "answer": ...}}.
        inner = unfolded(seen)
        seen = Head(inner, name, {path: path.split(".", 1)[-1] for path in map(str, inner.columns)})
        found = recognised(seen)
    if not found:
        return None
    best = next((guessed for guessed in found if guessed.sure), found[0])
    best.mapping.group = group_column(seen, best)
    if best.mapping.group:
        best.reason += f" Rows with the same “{best.mapping.group}” stay together when rows are set aside for testing."
    best.others = [other.mapping for other in found if other is not best]
    return best


def recognised(head: Head) -> list[Guess]:
    return [guessed for shape in SHAPES.values() if (guessed := shape.recognise(head)) is not None]


def unfolded(head: Head) -> pandas.DataFrame:
    """The head with the fields of nested objects as columns, named by their paths; lists stay as they are."""
    columns: dict[str, list[str]] = {}
    for column in head.columns:
        first = head.looks[column].first
        fields = [f"{column}.{key}" for key in first] if isinstance(first, dict) else [column]
        columns |= {field: values_at(head.frame, field) or [""] * len(head.frame) for field in fields[:50]}
    return pandas.DataFrame(columns, dtype="str")


def group_column(head: Head, best: Guess) -> str:
    """The column that names what several rows belong to, such as a conversation; "" if there is none."""
    used = " ".join(best.mapping.columns.values())
    for column in head.named("group"):
        look = head.looks[column]
        if column not in used and look.filled > 0.9 and 1 < look.distinct < look.rows:
            return column
    return ""

"""Rows that say the same as an earlier row, to the letter; reading has taken the spaces around a text away."""

import numpy
import pandas

from studio.datasets.health.check import Check, Data, Found, quote, removing

EXAMPLES = 3


def find(data: Data) -> Found | None:
    groups = copies(data)
    if not groups:
        return None
    later = numpy.array(sorted(position for group in groups for position in group[1:]))
    most = sorted(groups, key=lambda group: (-len(group), group[0]))[:EXAMPLES]
    return Found(later, [sentence(data, group) for group in most], groups=groups)


def copies(data: Data) -> list[list[int]]:
    """Groups of two and more positions whose rows are the same, in order."""
    columns = [data.texts["prompt"], data.texts["reply"]]
    columns += [data.rows[name] for name in ("rejected", "label", "tools") if (data.rows[name] != "").any()]
    codes = [pandas.factorize(column)[0] for column in columns]
    order = numpy.lexsort(codes[::-1])
    cuts = numpy.flatnonzero(numpy.any([numpy.diff(code[order]) != 0 for code in codes], axis=0)) + 1
    return sorted(group.tolist() for group in numpy.split(order, cuts) if len(group) > 1)


def sentence(data: Data, group: list[int]) -> str:
    first, *others = data.rows["row"].iloc[group].tolist()
    text = data.texts["prompt"].iloc[group[0]] or data.texts["reply"].iloc[group[0]]
    also = ", ".join(f"{row}" for row in others[:3]) + (" and others" if len(others) > 3 else "")
    rows = "row" if len(others) == 1 else "rows"
    return f"Row {first}: {quote(text)} appears {len(group):,} times (again in {rows} {also})."


CHECK = Check(
    name="exact_copies",
    title="Exact copies",
    why="A row that appears several times counts several times, and the model learns to repeat it word for word. "
    "Spaces and empty lines around a text are not learned, so they make no difference here.",
    severity="warning",
    find=find,
    fix="Keep the first of each",
    mend=removing,
    safe=True,
)

"""The written part of a comparison of two versions: what was done otherwise, and what became of the rows."""

from components.data_views import SPLITS
from components.html import count, escape, table
from studio.datasets.comparing import Comparison, Some

WHEN = ("Then", "Now")
NAMES = {key: name for key, name, _ in SPLITS}


def draw(found: Comparison, title: str) -> str:
    """The whole panel; what the first version has is called “then”, what the second has “now”."""
    content = (
        '<p class="ts-help">Not a letter differs, and every row is in the same part.</p>'
        if found.same
        else "".join(f'<p class="ts-help">{escape(note)}</p>' for note in found.notes) + differences(found)
    )
    head = f"<h3>{escape(title)}</h3>"
    return f'<div class="ts-differences" role="region" aria-label="What differs">{head}{content}</div>'


def differences(found: Comparison) -> str:
    steps = [(step.what, step.one, step.other) for step in found.steps]
    texts = [(f"{pair.row:,}", pair.one, pair.other) for pair in found.texts]
    return table(("Step", *WHEN), steps) + rows(found) + table(("Row", *WHEN), texts)


def rows(found: Comparison) -> str:
    """How many rows each part has, and which rows are not the same."""
    sizes = [(NAMES[name], f"{here:,}", f"{there:,}") for name, (here, there) in found.rows.items()]
    if any(found.made):
        sizes.append(("of them made out of others", *(f"{made:,}" for made in found.made)))
    said = [
        some(found.only_one, "only then"),
        some(found.only_other, "only now"),
        some(found.changed, "with other words"),
        *(some(move.rows, f"from {NAMES[move.before]} to {NAMES[move.after]}") for move in found.moved),
    ]
    items = "".join(f"<li>{line}</li>" for line in said if line)
    return table(("Rows", *WHEN), sizes) + (f'<ul class="ts-plain">{items}</ul>' if items else "")


def some(found: Some, where: str) -> str:
    if not found.count:
        return ""
    numbers = ", ".join(f"{row:,}" for row in found.rows) + (" …" if found.count > len(found.rows) else "")
    return f"<b>{count(found.count, 'row')}</b> {escape(where)}: {numbers}"

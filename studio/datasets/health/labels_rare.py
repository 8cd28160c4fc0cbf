"""Labels with too few rows to learn from."""

from studio.datasets.health.check import Check, Data, Found, quote, removing
from studio.datasets.health.labels import carrying, counted

FEW = 5  # with fewer, a fold, a check row and a test row cannot all have one; scikit-learn's 5-fold split wants as many


def find(data: Data) -> Found | None:
    counts = counted(data.rows)
    rare = sorted((count, label) for label, count in counts.items() if count < FEW)
    if not rare:
        return None
    examples = [f"{quote(label)} stands on {count} row{'s' * (count > 1)} only." for count, label in rare[:3]]
    number = f"{len(rare):,} of {len(counts):,} groups"
    return Found(carrying(data.rows, {label for _, label in rare}), examples, number)


CHECK = Check(
    name="labels_rare",
    title="Groups with hardly any rows",
    why=f"A model cannot learn a group from fewer than {FEW} examples, and nobody can test whether it did.",
    severity="warning",
    find=find,
    fix="Leave these rows out",
    mend=removing,
    kinds=("label",),
)

"""Labels of rows with one label each or several, for the checks on labels."""

from collections import Counter
from collections.abc import Mapping

import numpy
import pandas

from studio.datasets.rows import pack, unpack


def label_lists(rows: pandas.DataFrame) -> list[list[str]]:
    """The labels of every row, none for an empty cell."""
    return [
        [str(one) for one in unpack(label)] if has_several(label) else [label] if label else []
        for label in rows["label"]
    ]


def has_several(label: str) -> bool:
    """Whether a cell holds a JSON list of labels."""
    return label.startswith("[") and label.endswith("]")


def counted(rows: pandas.DataFrame) -> Counter[str]:
    """Number of rows that carry each label."""
    return Counter(one for labels in label_lists(rows) for one in set(labels))


def carrying(rows: pandas.DataFrame, wanted: set[str]) -> numpy.ndarray:
    """Sorted positions of the rows that carry one of these labels."""
    return numpy.flatnonzero([not wanted.isdisjoint(labels) for labels in label_lists(rows)])


def renamed(rows: pandas.DataFrame, names: Mapping[str, str]) -> pandas.DataFrame:
    """Rows with labels replaced; a row that would carry a label twice carries it once."""

    def new(label: str) -> str:
        if not has_several(label):
            return names.get(label, label)
        return pack(list(dict.fromkeys(names.get(str(one), one) for one in unpack(label))))

    changed = rows.copy()
    changed["label"] = pandas.Series([new(label) for label in rows["label"]], index=rows.index, dtype="str")
    return changed

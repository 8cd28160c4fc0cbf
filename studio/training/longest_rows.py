"""The longest rows of a version, to be trained on in a test of the fit."""

from dataclasses import dataclass, fields
from typing import Any

import pandas

from studio.datasets.versions import Version

TEXTS = ("messages", "tools", "chosen", "rejected", "text")


@dataclass(frozen=True)
class LongestRows(Version):
    """A version that shows only so many rows of each split (`most`): those with the most characters, longest first.

    Where rows have a group to be sorted into, one of every group comes behind them, or the model's head would be
    smaller than the run's.
    """

    most: Any = None

    def frame(self, split: str) -> pandas.DataFrame:
        frame = super().frame(split)
        size = frame[list(TEXTS)].apply(lambda column: column.str.len()).sum(axis=1)
        by_length = frame.loc[size.sort_values(ascending=False, kind="stable").index]
        found = by_length.head(self.most[split])
        if split == "train" and self.kind in ("label", "feedback"):
            found = pandas.concat([found, by_length.drop_duplicates("label")])
            found = found.loc[~found.index.duplicated()]
        return found.reset_index(drop=True)


def longest_rows(version: Version, **most: int) -> LongestRows:
    """most: rows of each split, train, validation and test."""
    known = {field.name: getattr(version, field.name) for field in fields(Version)}
    found = LongestRows(**known, most=most)
    rows = {split: len(found.frame(split)) for split in most}
    return LongestRows(**known | {"rows": rows}, most=most)

"""A few of the rows that were made, beside what they were made from."""

from typing import NamedTuple

import numpy
import pandas

from studio.datasets.rows import plain_texts
from studio.datasets.splits import AUGMENTED

SHOWN = 3
LONGEST = 1000  # characters of a text


class Example(NamedTuple):
    """A made row: the number of its original in the file, what is asked there, and what is asked in the made one."""

    row: int
    was: str
    now: str


def made_examples(frame: pandas.DataFrame, kind: str) -> list[Example]:
    """The first made rows of a version, at most 3; long texts are cut."""
    made = frame["group"].str.startswith(AUGMENTED).to_numpy(dtype=bool)
    first = frame.iloc[numpy.flatnonzero(made)[:SHOWN]]
    given = frame[~made & frame["row"].isin(first["row"]).to_numpy(dtype=bool)].drop_duplicates("row")
    was = dict(zip(given["row"], plain_texts(given, kind)["prompt"], strict=True))
    asked = zip(first["row"], plain_texts(first, kind)["prompt"], strict=True)
    return [Example(int(row), cut(was.get(row, "")), cut(now)) for row, now in asked]


def cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"

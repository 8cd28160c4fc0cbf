"""What every reader returns, and the limits and small parts that the readers share."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas
import pyarrow

from studio.errors import StudioError

FIRST_CHUNK = 200  # rows: small, so that the page can show them at once
CHUNK = 50_000  # rows
CHUNK_LETTERS = 24_000_000  # a chunk also ends here, so that rows of any length take bounded memory
MAX_COLUMNS = 2_000
MAX_ROWS = 100_000_000
MAX_CELL = 16_000_000  # letters of one cell or one line
MAX_DROPPED = 0.05  # a greater share of broken rows means that the file was not understood
KEPT_TEXT = 2_000  # letters kept of one dropped row
KEPT_IN_ALL = 20_000_000  # letters kept of all dropped rows; beyond, only line and reason are


@dataclass(frozen=True, slots=True)
class Dropped:
    """A row that had to be left out. `line`: 1-based line of the file, or the row where a format has no lines."""

    line: int
    reason: str
    text: str


@dataclass
class Opened:
    """A file that is being read.

    chunks: frames in the file's order, every cell a str, "" where the file has nothing; a nested value is its JSON
    text. The first has at most 200 rows, later ones at most 50,000; one may be empty, so that a long wait can be
    cancelled; a later one may bring new columns. notes: plain sentences, complete when the chunks are exhausted, as
    is `dropped`. encoding: "" where it has no meaning. share: how much has been read, 0 to 1. sheet: the sheet of a
    workbook that is read. doing: what goes on while no rows come, as a sentence; "" while they do.
    """

    format: str
    encoding: str
    chunks: Iterator[pandas.DataFrame]
    notes: list[str] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    share: Callable[[], float] = lambda: 0.0
    sheet: str = ""
    doing: Callable[[], str] = lambda: ""


@dataclass
class Table:
    """The rows of a small file at once: every cell is a str, "" where the file has nothing."""

    frame: pandas.DataFrame
    format: str
    encoding: str
    notes: list[str] = field(default_factory=list)


def drop(dropped: list[Dropped], line: int, reason: str, text: str) -> None:
    """Remember a row that is left out; of very many only the first keep their text."""
    room = len(dropped) * KEPT_TEXT < KEPT_IN_ALL
    dropped.append(Dropped(line, reason, valid(text[:KEPT_TEXT]) if room else ""))


def frame_of(columns: list[str], rows: list[list[str]], name: str) -> pandas.DataFrame:
    """A chunk from rows of equal length. Raises StudioError when there are too many columns."""
    check_columns(columns, name)
    values = list(zip(*rows, strict=True)) or [()] * len(columns)
    return frame_of_values(columns, values)


def frame_of_values(columns: list[str], values: Sequence[Sequence[str]]) -> pandas.DataFrame:
    """A chunk from columns. Arrow is several times as fast here as pandas' own constructor."""
    arrays = [text_array(column) for column in values]
    return pyarrow.table(arrays, names=columns).to_pandas()


def text_array(values: Sequence[str]) -> pyarrow.Array:
    try:
        return pyarrow.array(values, pyarrow.large_string())
    except UnicodeEncodeError:
        return pyarrow.array([valid(value) for value in values], pyarrow.large_string())


def check_columns(columns: list[str], name: str) -> None:
    if len(columns) > MAX_COLUMNS:
        raise StudioError(
            f"{name} has {len(columns):,} columns, and at most {MAX_COLUMNS:,} can be read.",
            "Keep the columns that you want to learn from, and bring the file again.",
        )


def unique_names(names: list[str]) -> list[str]:
    """Column names that can be told apart: empty ones get a number, repeated ones a suffix."""
    taken: set[str] = set()
    result = []
    for position, name in enumerate(names, 1):
        name = valid(name.strip()) or f"column {position}"
        copy, number = name, 1
        while copy in taken:
            number += 1
            copy = f"{name} ({number})"
        taken.add(copy)
        result.append(copy)
    return result


def cell(value: Any) -> str:
    """A value of a JSON document as a cell: text as it is, nothing as "", all else as its JSON."""
    if value is None:
        return ""
    return valid(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def valid(text: str) -> str:
    """Text without lone surrogates, which JSON can hold and neither Parquet nor a browser can."""
    try:
        text.encode()
        return text
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")

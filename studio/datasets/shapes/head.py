"""The first rows of a table, and what each of its columns looks like."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pandas

from studio.datasets.paths import load
from studio.datasets.shapes.names import NAMES, plain

ROWS = 500
NUMBER = re.compile(r"(?=.*\d)[-+]?(\d{1,3}([., ]\d{3})+|\d+)?([.,]\d+)?([eE][-+]?\d+)?\s?%?")
CLOCK = r"([ T,].*)?"
DATE = re.compile(
    rf"\d{{4}}[-/.]\d{{1,2}}([-/.]\d{{1,2}}{CLOCK})?|\d{{1,2}}[./-]\d{{1,2}}[./-]\d{{2,4}}{CLOCK}|\d{{1,2}}:\d{{2}}(:\d{{2}})?"
    r"|([^\W\d]{2,10}[.,]*\s+)?\d{1,2}(\.|st|nd|rd|th)?\s+[^\W\d]{3,10}[.,]?\s+\d{4}.{0,24}"
    r"|([^\W\d]{2,10}[.,]*\s+)?[^\W\d]{3,10}\.?\s+\d{1,2}(st|nd|rd|th)?,?\s+\d{4}.{0,24}"
)
ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*://|www\.)\S+|[^\s@]+@[^\s@]+\.\w+|[\w./\\:-]+[/\\][\w./\\-]+", re.IGNORECASE)
CODE = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{20,}|[0-9a-f]{16,}|[a-z]{0,12}[-_#:./]?\d[\w./:-]*", re.IGNORECASE)
# A space, or a script that writes without them.
WORDS = re.compile(r"\S\s+\S|[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff].*[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True)
class Look:
    """One column at a glance; shares are of the cells that are not empty, between 0 and 1. length: mean characters."""

    filled: float
    rows: int
    distinct: int
    length: float
    nested: float
    numbers: float
    dates: float
    addresses: float
    codes: float
    words: float
    values: frozenset[str]
    first: Any

    @property
    def technical(self) -> bool:
        """Dates, addresses of web pages or mail, file names, running numbers and codes: never text to learn from."""
        coded = self.codes > 0.8 and self.words < 0.2 and self.numbers < 0.8 and self.distinct > max(2, self.rows / 2)
        return coded or self.dates > 0.8 or self.addresses > 0.8

    @property
    def running(self) -> bool:
        """Whole numbers that never repeat, as rows are numbered."""
        return self.numbers == 1 and self.distinct == self.rows > 2 and all(v.isdigit() for v in self.values)

    @property
    def texty(self) -> bool:
        """Reads like text: mostly filled, mostly more than one word."""
        plain = self.nested < 0.5 and self.numbers < 0.5 and not self.technical
        return plain and self.filled > 0.3 and self.words > 0.5

    @property
    def grouping(self) -> bool:
        """Few short values that come again and again."""
        few = 1 < self.distinct <= max(2, self.rows / 2) and self.distinct < self.rows
        return few and self.filled > 0.5 and self.length <= 60 and self.nested < 0.5 and not self.technical


class Head:
    """The first rows of a table with what its columns look like.

    name: the file's name, "" if unknown. spelled: the names by which columns are judged, where they are not their own.
    """

    def __init__(self, frame: pandas.DataFrame, name: str = "", spelled: dict[str, str] | None = None) -> None:
        # A mapping could not name a column without a name.
        self.frame = frame.loc[:, [bool(str(column).strip()) for column in frame.columns]].head(ROWS)
        self.name = name
        self.columns = [str(column) for column in self.frame.columns]
        self.spelled = spelled or {}
        self.looks = {
            column: look(self.frame.iloc[:, place].astype(str).tolist()) for place, column in enumerate(self.columns)
        }

    def find(self, role: str, fits: Callable[[Look], bool] = lambda look: True, taken: Iterable[str] = ()) -> str:
        """The column with one of the role's usual names, "" if there is none: by its whole name, else by a word of it.

        Empty columns and those that hold dates, addresses, running numbers or codes are passed over.
        """
        spoken_for = set(taken)
        free = [c for c in self.columns if c not in spoken_for and self.usable(c) and fits(self.looks[c])]
        whole = {self.plain(column): column for column in reversed(free)}
        for name in NAMES[role]:
            if name in whole:
                return whole[name]
        for name in NAMES[role]:
            for column in free:
                if name in self.plain(column).split():
                    return column
        return ""

    def exact(self, role: str, fits: Callable[[Look], bool] = lambda look: True) -> str:
        """The column whose whole name is one of the role's usual names; "" if there is none."""
        found = self.find(role, fits)
        return found if self.plain(found) in NAMES[role] else ""

    def named(self, role: str) -> list[str]:
        """All columns with one of the role's usual names, whole, running numbers and codes too; the usual order."""
        places = {name: place for place, name in reversed(list(enumerate(NAMES[role])))}
        return sorted((c for c in self.columns if self.plain(c) in places), key=lambda c: places[self.plain(c)])

    def usable(self, column: str) -> bool:
        seen = self.looks[column]
        return seen.filled > 0 and not seen.technical and not self.identifies(column)

    def identifies(self, column: str) -> bool:
        """Whether it only names the row or its source: by its own name, or because it counts the rows."""
        words = self.plain(column)
        # Our readers of documents put there where the text comes from: “notes.txt, line 3”.
        if words == "document" and "text" in self.columns and self.looks[column].length < 150:
            return True
        return words in NAMES["id"] or words.endswith(" id") or self.looks[column].running

    def plain(self, column: str) -> str:
        """The words of the column's name."""
        return plain(self.spelled.get(column, column))

    def texts(self, taken: Iterable[str] = ()) -> list[str]:
        """The columns that read like text, in the order of the table."""
        spoken_for = set(taken)
        return [c for c in self.columns if c not in spoken_for and self.looks[c].texty and self.usable(c)]

    def values(self, column: str) -> list[str]:
        """The cells of a column that are not blank."""
        return [cell for cell in self.frame.iloc[:, self.columns.index(column)].tolist() if cell.strip()]


def look(cells: list[str]) -> Look:
    """What the cells of one column have in common."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    nested = [parsed for parsed in map(nested_value, filled) if parsed is not None]
    short = [cell[:200] for cell in filled]

    def share(pattern: re.Pattern[str]) -> float:
        return sum(pattern.fullmatch(cell) is not None for cell in short) / max(1, len(short))

    values = frozenset(filled)
    return Look(
        filled=len(filled) / max(1, len(cells)),
        rows=len(filled),
        distinct=len(values),
        length=sum(map(len, filled)) / max(1, len(filled)),
        nested=len(nested) / max(1, len(filled)),
        numbers=share(NUMBER),
        dates=share(DATE),
        addresses=share(ADDRESS),
        codes=share(CODE),
        words=sum(WORDS.search(cell) is not None for cell in short) / max(1, len(short)),
        values=values,
        first=nested[0] if nested else None,
    )


def nested_value(cell: str) -> Any:
    """The list or object that a cell holds; None when it holds none."""
    if cell[:1] not in ("[", "{"):
        return None
    try:
        return load(cell)
    except ValueError:
        return None

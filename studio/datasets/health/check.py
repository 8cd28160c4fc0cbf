"""What a check is: it finds one kind of trouble in the rows, says it in plain words, and can often mend it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy
import pandas
from pydantic import BaseModel

from studio.datasets.rows import plain_texts

# What one affected row takes from the score, as a share of a lost row; see score.py.
Severity = Literal["note", "warning", "serious"]


@dataclass(frozen=True)
class Data:
    """The rows that a check looks at; see studio/datasets/rows.py for their columns. Never changed in place.

    splits: array of "train", "validation", "test", or None while there is no split.
    limit: the longest example in tokens; lengths: tokens of every row through the chat template; None if unknown.
    model: whose tokens were counted, "" if none were.
    """

    rows: pandas.DataFrame
    kind: str
    splits: numpy.ndarray | None = None
    limit: int | None = None
    lengths: numpy.ndarray | None = None
    model: str = ""

    @cached_property
    def texts(self) -> pandas.DataFrame:
        """Columns `prompt` and `reply` as plain text, in the order of the rows."""
        return plain_texts(self.rows, self.kind)

    def without(self, positions: numpy.ndarray) -> "Data":
        """The same less some rows, given by position."""
        keep = numpy.ones(len(self.rows), dtype=bool)
        keep[positions] = False
        return replace(
            self,
            rows=self.rows[keep].reset_index(drop=True),
            splits=None if self.splits is None else self.splits[keep],
            lengths=None if self.lengths is None else self.lengths[keep],
        )


@dataclass(frozen=True)
class Found:
    """What a check found. `positions`: sorted positions of the affected rows.

    examples: up to three sentences about real rows, such as “Row 31: “Write to ja…@example.com””. count: how it is
    counted when not in rows alone (“2 questions in 5 rows”). groups: positions that belong together (copies of each
    other), if any.
    """

    positions: numpy.ndarray
    examples: list[str]
    count: str = ""
    groups: list[list[int]] = field(default_factory=list)


@dataclass(frozen=True)
class Mended:
    """Rows after a fix. `removed` and `changed` are positions in the rows before it."""

    data: Data
    removed: numpy.ndarray
    changed: numpy.ndarray


class NotComputed(Exception):
    """Raised by `find` when it cannot tell; its text is a sentence that says why, for people."""


Find = Callable[[Data], Found | None]
Mend = Callable[[Data, Found, Any], Mended]
Remember = Callable[[Data, Found], dict[str, Any]]
Recall = Callable[[Data, Any], Found | None]


@dataclass(frozen=True)
class Check:
    """One check. `find` returns None when all is well.

    title: “Exact copies”. why: one plain sentence on why it matters. fix: what the switch does, “Keep one of each”.
    safe: the fix loses nothing that anybody would miss. options: settings of the fix, with defaults. kinds: the kinds
    of rows that it makes sense for, all when empty.

    remember, recall: for a finding that hangs on more than the rows, such as a model's tokenizer. The same steps must
    always make the same version, so the fix is switched on with what was found written into its options, as `remember`
    gives them, and afterwards `recall` finds it from these alone, in place of `find`.
    """

    name: str
    title: str
    why: str
    severity: Severity
    find: Find
    fix: str = ""
    mend: Mend | None = None
    safe: bool = False
    options: type[BaseModel] | None = None
    kinds: tuple[str, ...] = ()
    remember: Remember | None = None
    recall: Recall | None = None


def removing(data: Data, found: Found, options: Any) -> Mended:
    """The fix that leaves out every row that was found."""
    return Mended(data.without(found.positions), found.positions, numpy.empty(0, dtype="int64"))


def in_rows(data: Data, count: int) -> str:
    """“1 row”, “2,000 rows”; of plain text, whose long rows are cut, “12 pieces”."""
    one, many = ("piece", "pieces") if data.kind == "text" else ("row", "rows")
    return f"{count:,} {one if count == 1 else many}"


def quote(text: str, length: int = 90) -> str:
    """A piece of a row for an example: one line, in quotation marks, cut with an ellipsis."""
    line = " ".join(text.split())
    return f"“{line}”" if len(line) <= length else f"“{line[:length].rstrip()}…”"

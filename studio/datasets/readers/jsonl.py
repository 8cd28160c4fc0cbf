"""JSON Lines: one object a line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas

from studio.datasets.readers.table import (
    CHUNK,
    CHUNK_LETTERS,
    FIRST_CHUNK,
    Opened,
    cell,
    check_columns,
    drop,
    frame_of_values,
    valid,
)
from studio.datasets.readers.text import Text, open_text


def open_file(path: Path, name: str) -> Opened:
    """Rows of a JSON Lines file; a value that is not text is kept as its JSON."""
    text = open_text(path, name)
    opened = Opened("JSON Lines", text.encoding, iter(()), text.notes, share=text.share)
    opened.chunks = chunks(text, opened)
    return opened


def chunks(text: Text, opened: Opened) -> Iterator[pandas.DataFrame]:
    rows = Objects(text.name)
    size = FIRST_CHUNK
    for line in text.lines():
        bare = line.strip("\ufeff \t\r\n")
        if not bare:
            continue
        try:
            rows.add(json.loads(bare))
        except (ValueError, RecursionError) as error:
            drop(opened.dropped, text.line, reason(error), bare)
        if len(rows) >= size or text.letters > CHUNK_LETTERS:
            yield rows.take()
            size, text.letters = CHUNK, 0
    yield rows.take()
    text.file.close()


def reason(error: Exception) -> str:
    """Why a line or an entry is not a row, in a few words."""
    if isinstance(error, NotARow):
        return str(error)
    if isinstance(error, json.JSONDecodeError):
        return f"not valid JSON ({error.msg})"
    return "not valid JSON (a number too long)" if isinstance(error, ValueError) else "JSON nested too deeply"


class NotARow(ValueError):
    """A value that is JSON, but not a row."""


class Objects:
    """Collects objects into frames. Columns come in the order in which they are first seen."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.columns: dict[str, None] = {}
        self.rows: list[dict[str, str]] = []

    def __len__(self) -> int:
        return len(self.rows)

    def add(self, value: Any) -> None:
        """One entry: an object, or a text that becomes the column `text`. Raises NotARow for anything else."""
        if isinstance(value, str):
            value = {"text": value}
        if not isinstance(value, dict):
            raise NotARow('not an object with named fields, such as {"question": "...", "answer": "..."}')
        row = {valid(str(key)): cell(item) for key, item in value.items()}
        if not row:
            return
        if not row.keys() <= self.columns.keys():
            self.columns.update(dict.fromkeys(row))
            check_columns(list(self.columns), self.name)
        self.rows.append(row)

    def take(self) -> pandas.DataFrame:
        """The rows so far as a frame; then begin anew, with the same columns."""
        rows, self.rows = self.rows, []
        columns = list(self.columns)
        return frame_of_values(columns, [[row.get(column, "") for row in rows] for column in columns])

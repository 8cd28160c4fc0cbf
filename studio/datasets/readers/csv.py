"""Comma-, semicolon-, tab- and bar-separated files."""

import csv
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pandas

from studio.datasets.readers.table import (
    CHUNK,
    CHUNK_LETTERS,
    FIRST_CHUNK,
    MAX_CELL,
    Dropped,
    Opened,
    check_columns,
    drop,
    frame_of,
    unique_names,
)
from studio.datasets.readers.text import Text, open_text, too_long
from studio.errors import StudioError

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
ONE_COLUMN = "\x1f"  # a separator that no text has: the whole line is one cell
SAMPLE_LINES = 50
# A row of its own behind the last line. When it comes back inside another cell, a quotation mark was left open.
END = "\x00end of file"
ADVICE = "Open the file in your spreadsheet, mend that row (often a quotation mark is missing), and save it again."


def open_file(path: Path, name: str) -> Opened:
    """Rows of a delimited text file whose first line holds the column names."""
    text = open_text(path, name)
    if text.long_line is not None:
        raise too_long(name, text.long_line)
    opened = Opened("CSV", text.encoding, iter(()), text.notes, share=text.share)
    head = list(islice(text.file, SAMPLE_LINES))
    delimiter = find_delimiter("".join(head))
    opened.format = f"CSV, {DELIMITERS[delimiter]}-separated" if delimiter != ONE_COLUMN else "CSV, one column"
    csv.field_size_limit(MAX_CELL)
    reader = csv.reader(chain(head, text.file, [END]), delimiter=delimiter)
    opened.chunks = chunks(reader, text, opened)
    return opened


def find_delimiter(head: str) -> str:
    """The separator that splits the first lines into most columns, and into equally many; quoted text left alone."""
    best, delimiter = (False, 1, 0.0), ONE_COLUMN
    for candidate in DELIMITERS:
        try:
            rows = [row for row in csv.reader(head.splitlines(keepends=True), delimiter=candidate) if row]
        except csv.Error:  # a cell beyond the csv module's limit
            continue
        width = len(rows[0]) if rows else 1
        even = sum(len(row) == width for row in rows) / max(len(rows), 1)
        score = (even >= 0.8, width, even)
        if width > 1 and (delimiter == ONE_COLUMN or score > best):
            best, delimiter = score, candidate
    return delimiter


def chunks(reader: Any, text: Text, opened: Opened) -> Iterator[pandas.DataFrame]:
    """The chunks of the table; rows that do not fit its columns go to `dropped`."""
    try:
        yield from rows_of(reader, text, opened)
    except csv.Error as error:
        raise not_a_table(text.name, f"a cell before line {reader.line_num:,} does not end ({error}).") from error
    finally:
        text.file.close()


def rows_of(reader: Any, text: Text, opened: Opened) -> Iterator[pandas.DataFrame]:
    header = next((row for row in reader if any(map(str.strip, row))), [END])
    if header == [END]:
        raise StudioError(f"{text.name} has no column names.", ADVICE)
    check_columns(header, text.name)
    columns = unique_names(header)
    width, size = len(columns), FIRST_CHUNK
    blank = letters = 0
    kept: list[list[str]] = []
    found = header
    for found in reader:
        row = found
        if len(row) != width or width == 1:
            if row == [END]:
                break
            row = fitted(found, width, start_of(found, reader), opened.dropped)
        if any(row):
            kept.append(row)
            letters += sum(map(len, row))
        elif row:
            blank += 1
        if len(kept) >= size or letters > CHUNK_LETTERS:
            yield frame_of(columns, kept, text.name)
            kept, size, letters = [], CHUNK, 0
    else:
        begun = start_of(found, reader)
        raise not_a_table(text.name, f"the quotation mark opened in line {begun:,} is never closed.")
    yield frame_of(columns, kept, text.name)
    if blank:
        opened.notes.append(f"{blank:,} blank rows were left out.")


def start_of(row: list[str], reader: Any) -> int:
    """The line on which a row began: it ended where the reader is."""
    return int(reader.line_num) - sum(cell.count("\n") for cell in row)


def not_a_table(name: str, reason: str) -> StudioError:
    return StudioError(f"{name} could not be read as a table: {reason}", ADVICE)


def fitted(row: list[str], width: int, line: int, dropped: list[Dropped]) -> list[str]:
    """A row of another length, made to fit when only empty cells are too many; else [] and it is dropped."""
    if len(row) == width:
        return row
    if len(row) > width and not any(row[width:]):
        return row[:width]
    if any(map(str.strip, row)):
        names = "column name" if width == 1 else "column names"
        many = "more" if len(row) > width else "fewer"
        cells = "cell" if len(row) == 1 else "cells"
        drop(dropped, line, f"{len(row):,} {cells}, {many} cells than the {width:,} {names}", as_line(row))
    return []


def as_line(row: list[str]) -> str:
    return " | ".join(cell[:500] for cell in row[:50])

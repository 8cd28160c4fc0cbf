"""Excel workbooks (.xlsx): one sheet, its cells as people see them."""

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import pandas

from studio.datasets.readers.package import check_package
from studio.datasets.readers.table import (
    CHUNK,
    CHUNK_LETTERS,
    FIRST_CHUNK,
    MAX_COLUMNS,
    Opened,
    check_columns,
    frame_of,
    unique_names,
)
from studio.errors import StudioError

EXCEL_ROWS = 1_048_576  # as many as a sheet can have; a file that says more is hostile
ADVICE = "Open it in your spreadsheet, save it again as .xlsx, or as CSV, and bring that."


def sheets_of(path: Path, name: str) -> list[str]:
    """The names of the sheets that hold cells, in the workbook's order."""
    book = open_book(path, name)
    try:
        return [sheet.title for sheet in book.worksheets]
    finally:
        book.close()


def open_book(path: Path, name: str) -> Any:
    import openpyxl

    check_package(path, name, "xl/", "an Excel workbook", streamed="xl/worksheets/")
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
    except Exception as error:  # a damaged workbook makes the library raise almost anything
        raise damaged(name) from error
    if not book.worksheets:
        raise StudioError(f"{name} has no sheet with cells.", ADVICE)
    return book


def damaged(name: str) -> StudioError:
    return StudioError(f"{name} is damaged: it could not be read as an Excel workbook.", ADVICE)


def open_file(path: Path, name: str, sheet: str | None = None) -> Opened:
    """Rows of one sheet, the first one with cells unless it is named; the first filled row names the columns."""
    book = open_book(path, name)
    titles = [each.title for each in book.worksheets]
    if sheet is not None and sheet not in titles:
        raise StudioError(f"{name} has no sheet called “{sheet}”.", f"Its sheets are: {', '.join(titles)}.")
    chosen, rows = first_filled(book, titles, name) if sheet is None else (sheet, sheet_rows(book[sheet], name))
    opened = Opened("Excel", "", iter(()), sheet=chosen)
    others = [title for title in titles if title != chosen]
    if others and sheet is None:
        opened.notes.append(f"The sheet “{chosen}” was read; the workbook also has: {', '.join(others)}.")
    total = book[chosen].max_row or 0  # as the file declares it: good enough to show how far it is
    book[chosen].reset_dimensions()
    done = [0]
    opened.share = lambda: min(1.0, done[0] / total) if total else 0.0
    opened.chunks = chunks(rows, book, name, opened, done)
    return opened


def first_filled(book: Any, titles: list[str], name: str) -> tuple[str, Iterator[list[str]]]:
    for title in titles:
        rows = sheet_rows(book[title], name)
        first = next((row for row in rows if any(row)), None)
        if first is not None:
            return title, chain([first], rows)
    return titles[0], iter(())


def sheet_rows(sheet: Any, name: str) -> Iterator[list[str]]:
    """The rows of a sheet as text; empty cells at the end are left out."""
    sheet.reset_dimensions()  # what the file declares may be far more than it holds
    number = 0
    try:
        for number, cells in enumerate(sheet.iter_rows(), 1):
            if number > EXCEL_ROWS:
                raise StudioError(f"{name} has more rows than Excel can hold ({EXCEL_ROWS:,}).", ADVICE)
            if len(cells) > 16_384:
                check_columns([""] * len(cells), name)
            row = [shown(cell.value, cell.number_format) if cell.value is not None else "" for cell in cells]
            while row and not row[-1]:
                row.pop()
            if len(row) > MAX_COLUMNS:
                check_columns(row, name)
            yield row
    except StudioError:
        raise
    except Exception as error:
        raise StudioError(f"{name} is damaged after row {number:,} of the sheet “{sheet.title}”.", ADVICE) from error


def chunks(
    rows: Iterator[list[str]], book: Any, name: str, opened: Opened, done: list[int]
) -> Iterator[pandas.DataFrame]:
    columns: list[str] = []
    kept: list[list[str]] = []
    blank = letters = 0
    size = FIRST_CHUNK
    try:
        header, rows = header_of(rows, opened)
        columns = unique_names(header)
        for number, row in enumerate(rows, 1):
            done[0] = number
            if len(row) > len(columns):
                columns = unique_names([*header, *[""] * (len(row) - len(header))])
            if row:
                kept.append(row)
                letters += sum(map(len, row))
            else:
                blank += 1
            if len(kept) >= size or letters > CHUNK_LETTERS:
                yield padded(columns, kept, name)
                kept, size, letters = [], CHUNK, 0
        yield padded(columns, kept, name)
    finally:
        book.close()
    if blank:
        opened.notes.append(f"{blank:,} blank rows were left out.")


def padded(columns: list[str], rows: list[list[str]], name: str) -> pandas.DataFrame:
    return frame_of(columns, [row + [""] * (len(columns) - len(row)) for row in rows], name)


def header_of(rows: Iterator[list[str]], opened: Opened) -> tuple[list[str], Iterator[list[str]]]:
    """The row that names the columns, and those after it. A lone title above the table is left out, and said so."""
    filled = (row for row in rows if row)
    first = next(filled, [])
    if sum(map(bool, first)) > 1:
        return first, rows
    second = next(filled, None)
    if second is None:
        return first, iter(())
    if sum(map(bool, second)) > 1:
        title = next(filter(None, first), "")
        opened.notes.append(f"The line above the table was left out: “{title[:80]}”.")
        return second, rows
    return first, chain([second], rows)


def shown(value: Any, number_format: str) -> str:
    """A cell as Excel shows it; dates are written as 2024-03-05, which reads the same everywhere."""
    if isinstance(value, str):
        return value.replace("_x000D_", "").strip()
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        if value.time() == time():
            return value.date().isoformat()
        return value.isoformat(" ", "seconds" if value.second else "minutes")
    if isinstance(value, date | time | timedelta):
        return str(value)
    return number(value, number_format)


PATTERN = re.compile(r"(?P<before>[^0#?]*)(?P<whole>[#0,]*0)(?:\.(?P<places>0+))?(?P<after>[^0#?.]*)")


def number(value: float, number_format: str) -> str:
    """A number in its format: decimal places, thousands, percent and a currency sign; else up to 15 digits."""
    section = (number_format or "General").split(";")[0]
    section = re.sub(r"\[\$([^-\]]*)[^\]]*\]", r"\1", section)  # [$€-407] is a € sign
    section = re.sub(r'_.|\*.|\[[^\]]*\]|["\\]', "", section)
    found = PATTERN.fullmatch(section)
    if found is None or section in ("", "General"):
        return plain_number(value)
    before, after = found["before"], found["after"]
    value = value * 100 if "%" in before + after else value
    digits = f"{value:{',' if ',' in found['whole'] else ''}.{len(found['places'] or '')}f}"
    zeros = found["whole"].replace("#", "").replace(",", "")
    if "," not in found["whole"] and len(zeros) > 1:  # a format such as 00000 keeps the zeros of a post code
        whole, dot, rest = digits.partition(".")
        digits = whole.zfill(len(zeros)) + dot + rest
    return f"{before}{digits}{after}".strip()


def plain_number(value: float) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.15g}" if isinstance(value, float) else str(value)

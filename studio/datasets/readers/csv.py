"""Comma-, semicolon- and tab-separated files."""

import csv
import io
import warnings

import pandas

from studio.datasets.readers.table import Table, as_text, decode, guess_note
from studio.errors import StudioError

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


def read(data: bytes, name: str) -> Table:
    """Rows of a delimited text file whose first line holds the column names."""
    text, encoding = decode(data, name)
    delimiter = find_delimiter(text)
    try:
        # index_col=False, because pandas would take a surplus cell for row names and shift every column.
        with warnings.catch_warnings():
            warnings.simplefilter("error", pandas.errors.ParserWarning)
            frame = pandas.read_csv(io.StringIO(text), sep=delimiter, dtype=str, keep_default_na=False, index_col=False)
    except pandas.errors.ParserWarning as error:
        raise StudioError(f"The rows of {name} have more cells than there are column names.", ADVICE) from error
    except pandas.errors.ParserError as error:
        raise StudioError(f"{name} could not be read as a table: {where(error)}", ADVICE) from error
    except pandas.errors.EmptyDataError as error:
        raise StudioError(f"{name} has no column names.", ADVICE) from error
    frame = as_text(frame)
    frame.columns = unique_names([str(column).strip() for column in frame.columns])
    blank = (frame == "").all(axis=1)
    notes = guess_note(encoding)
    if blank.any():
        notes.append(f"{int(blank.sum())} blank rows were left out.")
    frame = frame[~blank].reset_index(drop=True)
    return Table(frame, f"CSV, {DELIMITERS[delimiter]}-separated", encoding, notes)


ADVICE = "Open the file in your spreadsheet, mend that row (often a quotation mark is missing), and save it again."


def find_delimiter(text: str) -> str:
    """The separator that splits the first line into most columns, quoted text left alone."""
    head = text.lstrip("\ufeff\r\n").splitlines()[:1] or [""]
    try:
        counts = {d: len(next(csv.reader(head, delimiter=d), [])) for d in DELIMITERS}
    except csv.Error:  # a cell beyond the csv module's limit; counting the letter is good enough then
        counts = {d: head[0].count(d) for d in DELIMITERS}
    return max(counts, key=lambda delimiter: counts[delimiter])


def where(error: pandas.errors.ParserError) -> str:
    """The parser's reason as a sentence; its own words name the line."""
    reason = str(error).removeprefix("Error tokenizing data. C error: ").strip()
    return reason.rstrip(".") + "."


def unique_names(names: list[str]) -> list[str]:
    """Column names that can be told apart: empty ones get a number, repeated ones a suffix."""
    seen: dict[str, int] = {}
    result = []
    for position, name in enumerate(names, 1):
        name = f"column {position}" if not name or name.startswith("Unnamed: ") else name
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return result

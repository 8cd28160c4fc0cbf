"""One reader for each kind of file; `open_file` picks it by the file's name."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pandas

from studio.datasets.readers import archive, columnar, csv, documents, excel, html, json, pdf, word
from studio.datasets.readers.table import (
    FIRST_CHUNK,
    MAX_COLUMNS,
    MAX_DROPPED,
    MAX_ROWS,
    Dropped,
    Opened,
    Table,
    check_columns,
)
from studio.errors import StudioError
from studio.workspace import speaking_of_disk

__all__ = ["ENDINGS", "FIRST_CHUNK", "MAX_COLUMNS", "Dropped", "Opened", "Table", "open_file", "read", "sheets_of"]

READERS: dict[str, Callable[[Path, str], Opened]] = {
    "csv": csv.open_file,
    "json": json.open_file,
    "columnar": columnar.open_file,
    "excel": excel.open_file,
    "text": documents.open_file,
    "pdf": pdf.open_file,
    "word": word.open_file,
    "html": html.open_file,
}
KINDS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".psv": "csv",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".parquet": "columnar",
    ".arrow": "columnar",
    ".feather": "columnar",
    ".xlsx": "excel",
    ".xlsm": "excel",
    ".txt": "text",
    ".md": "text",
    ".markdown": "text",
    ".pdf": "pdf",
    ".docx": "word",
    ".html": "html",
    ".htm": "html",
}
ENDINGS = [*KINDS, ".zip"]  # every ending that can be read
BETTER = {
    ".xls": "Open it in your spreadsheet and save it as .xlsx.",
    ".ods": "Open it in your spreadsheet and save it as .xlsx.",
    ".doc": "Open it in your word processor and save it as .docx.",
    ".odt": "Open it in your word processor and save it as .docx.",
    ".rtf": "Open it in your word processor and save it as .docx.",
}


def open_file(path: Path, name: str | None = None, sheet: str | None = None) -> Opened:
    """Open a file of rows or a document.

    `name` is the name that the person knows the file by; its ending decides how it is read. Raises StudioError, here
    or while the chunks are read, in which the reason is named: unknown kind, unreadable, damaged, empty, no rows,
    too many broken rows.
    """
    name = name or path.name
    ending = Path(name).suffix.lower()
    if ending not in ENDINGS:
        raise StudioError(
            f"{name} is not a kind of file that can be read here yet.",
            BETTER.get(ending, f"Save it as one of these and bring it again: {', '.join(sorted(ENDINGS))}."),
        )
    with speaking_of_file(name):
        check_not_empty(path, name)
        if ending == ".zip":
            opened = archive.open_file(path, name, KINDS, open_checked)
        elif KINDS[ending] == "excel":
            opened = excel.open_file(path, name, sheet)
        else:
            opened = READERS[KINDS[ending]](path, name)
    opened.chunks = checked(opened, opened.chunks, name)
    return opened


def open_checked(path: Path, name: str) -> Opened:
    """A file inside an archive: read as if it had been brought alone."""
    return open_file(path, name)


def sheets_of(path: Path, name: str | None = None) -> list[str]:
    """The names of a workbook's sheets; [] for any other file. Raises StudioError when it cannot be read."""
    name = name or path.name
    if KINDS.get(Path(name).suffix.lower()) != "excel":
        return []
    with speaking_of_file(name):
        return excel.sheets_of(path, name)


def read(path: Path, name: str | None = None) -> Table:
    """All rows of a small file at once. Raises StudioError as `open_file` does."""
    opened = open_file(path, name)
    parts = list(opened.chunks)
    frame = pandas.concat(parts, ignore_index=True).fillna("").astype(str)
    return Table(frame, opened.format, opened.encoding, opened.notes)


def check_not_empty(path: Path, name: str) -> None:
    with path.open("rb") as file:
        if not file.read(1 << 20).strip() and path.stat().st_size <= 1 << 20:
            raise StudioError(f"{name} is empty.", "Choose a file that has rows in it.")


def checked(opened: Opened, chunks: Iterator[pandas.DataFrame], name: str) -> Iterator[pandas.DataFrame]:
    """The chunks, with what holds for every format: errors are sentences, sizes are bounded, most rows are whole."""
    rows = 0
    columns: dict[str, None] = {}
    with speaking_of_file(name):
        for chunk in chunks:
            rows += len(chunk)
            columns.update(dict.fromkeys(map(str, chunk.columns)))
            check_columns(list(columns), name)
            if rows > MAX_ROWS:
                raise StudioError(f"{name} has more than {MAX_ROWS:,} rows.", "Bring a part of it.")
            if len(opened.dropped) > max(10_000, rows):
                break  # hopeless: no need to read the rest
            yield chunk
    check_dropped(opened, rows, name)
    if not rows:
        raise StudioError(
            f"{name} has {len(columns):,} column {'name' if len(columns) == 1 else 'names'} but no rows.",
            "Add rows to it and bring it again.",
        )


def check_dropped(opened: Opened, rows: int, name: str) -> None:
    """Raise StudioError when more than a few rows had to be left out; else say how many were."""
    broken = len(opened.dropped)
    if not broken:
        return
    if broken > MAX_DROPPED * (broken + rows):
        first = opened.dropped[0]
        more = f" So are {broken - 1:,} more." if broken > 1 else ""
        raise StudioError(
            f"Line {first.line:,} of {name} is not a row of the table: {first.reason}.{more}",
            f"See line {first.line:,}: mend it, or leave it out, and bring the file again.",
        )
    opened.notes.append(
        f"{broken:,} of {broken + rows:,} rows could not be read and were left out; the first is in line "
        f"{opened.dropped[0].line:,} ({opened.dropped[0].reason})."
    )


class speaking_of_file:  # used like a function: `with speaking_of_file(name):`
    """Turn whatever a hostile or damaged file makes a library raise into a StudioError that names the file."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError) and error.errno:
            with speaking_of_disk(Path(self.name)):
                raise error
        if isinstance(error, MemoryError):
            raise StudioError(f"{self.name} needs more memory than is free.", "Bring it in smaller parts.") from error
        # A library that is not installed is no fault of the file.
        if isinstance(error, Exception) and not isinstance(error, StudioError | ImportError):
            reason = (str(error).splitlines() or [type(error).__name__])[0][:120].rstrip(".")
            raise StudioError(
                f"{self.name} is damaged or not what its name says ({reason}).",
                "Open it in the program it came from, save it anew, and bring it again.",
            ) from error

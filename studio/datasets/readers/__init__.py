"""One reader for each file format; `read` picks it by the file's name."""

from pathlib import Path

from studio.datasets.readers import csv, jsonl
from studio.datasets.readers.table import Table
from studio.errors import StudioError
from studio.workspace import speaking_of_disk

READERS = {".csv": csv.read, ".tsv": csv.read, ".jsonl": jsonl.read}


def read(path: Path, name: str | None = None) -> Table:
    """The rows of a file, every cell as text.

    `name` is the name that the person knows the file by. Raises StudioError, in which the reason is
    named: unknown format, unreadable, empty, no rows, wrong encoding.
    """
    name = name or path.name
    reader = READERS.get(Path(name).suffix.lower())
    if reader is None:
        raise StudioError(
            f"{name} is not a kind of file that can be read here yet.",
            f"Save it as one of these and bring it again: {', '.join(sorted(READERS))}.",
        )
    with speaking_of_disk(Path(name)):
        data = path.read_bytes()
    if not data.strip():
        raise StudioError(f"{name} is empty.", "Choose a file that has rows in it.")
    table = reader(data, name)
    if table.frame.empty:
        raise StudioError(
            f"{name} has {len(table.frame.columns)} column names but no rows.",
            "Add rows to it and bring it again.",
        )
    return table

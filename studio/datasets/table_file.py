"""From a file that a person brought to table.parquet, chunk by chunk, so that memory stays bounded."""

import csv
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import pandas
import pyarrow
import pyarrow.parquet

from studio.datasets.readers import FIRST_CHUNK, Dropped, Opened, open_file
from studio.errors import StudioError
from studio.workspace import Workspace, speaking_of_disk

GROUP_BYTES = 64_000_000  # of one row group of the result
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
LINES = {".csv", ".tsv", ".tab", ".psv", ".jsonl", ".ndjson"}  # formats of which the first lines can be read alone
GLANCE_FROM = 16_000_000  # bytes; smaller files are looked through in no time
GLANCE = 1_000_000
LOOKING_THROUGH = "These are the first rows. The whole file is looked through once before it is read."


class Cancelled(Exception):
    """Raised by `watch` to stop the reading."""


@dataclass(frozen=True)
class Progress:
    """How far it is: rows so far, the share of the file from 0 to 1, and the first rows (at most 200).

    note: what is going on, as a sentence, while it is not the plain reading of rows; else "".
    """

    rows: int
    share: float
    head: pandas.DataFrame
    note: str = ""


@dataclass(frozen=True)
class Built:
    """A folder with table.parquet, and dropped.csv when `dropped` rows were left out."""

    folder: Path
    rows: int
    columns: list[str]
    format: str
    encoding: str
    notes: list[str]
    dropped: int
    sheet: str


def scratch_prefix(pid: int) -> str:
    """How the unfinished folders of a process begin, so that its owner can clear them away when it was ended."""
    return f"reading-{pid}-"


def clear_left(workspace: Workspace, pid: int) -> None:
    """Remove the unfinished folders of a helper that has ended: it was stopped, or ran out of memory."""
    for folder in workspace.scratch.glob(f"{scratch_prefix(pid)}*"):
        shutil.rmtree(folder, ignore_errors=True)


def build_table(scratch: Path, path: Path, name: str, sheet: str | None, watch: Callable[[Progress], None]) -> Built:
    """Read a file into a new folder below `scratch`, which the caller moves or removes.

    Raises StudioError, or whatever `watch` raises; then the folder is gone.
    """

    def opened(folder: Path) -> Opened:
        glance = first_glance(path, name, folder)
        if glance is not None:
            watch(Progress(len(glance), 0.0, glance, LOOKING_THROUGH))
        return open_file(path, name, sheet)

    return build(scratch, opened, watch)


def build(scratch: Path, open_in: Callable[[Path], Opened], watch: Callable[[Progress], None]) -> Built:
    """The same of anything that gives chunks of rows; `open_in` may keep files of its own in the folder for a while."""
    with speaking_of_disk(scratch):
        folder = Path(mkdtemp(dir=scratch, prefix=scratch_prefix(os.getpid())))
        try:
            opened = open_in(folder)
            parts = Parts(folder)
            head = pandas.DataFrame()
            for chunk in opened.chunks:
                parts.add(chunk)
                if not len(head):
                    head = chunk.head(FIRST_CHUNK)
                watch(Progress(parts.rows, opened.share(), head, opened.doing()))
            columns = parts.finish()
            write_dropped(folder / "dropped.csv", opened.dropped)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    return built(folder, parts.rows, columns, opened)


def first_glance(path: Path, name: str, folder: Path) -> pandas.DataFrame | None:
    """The first rows of a big text file, at most 200, only to be shown: all of it is looked through before it is read,
    and that takes seconds. None where the beginning alone does not tell them.
    """
    if Path(name).suffix.lower() not in LINES or path.stat().st_size < GLANCE_FROM:
        return None
    sample = folder / "beginning"
    try:
        with path.open("rb") as file:
            beginning = file.read(GLANCE)
        sample.write_bytes(beginning[: beginning.rfind(b"\n") + 1])
        first = next(open_file(sample, name).chunks, None)
        return first if first is not None and len(first) else None
    except StudioError:
        return None  # whether the whole file can be read is not decided here
    finally:
        sample.unlink(missing_ok=True)


def built(folder: Path, rows: int, columns: list[str], opened: Opened) -> Built:
    return Built(folder, rows, columns, opened.format, opened.encoding, opened.notes, len(opened.dropped), opened.sheet)


class Parts:
    """Writes chunks as Parquet. A Parquet file cannot grow new columns, so each time some appear a new part begins.

    Only when there is more than one part are they copied into one file in the end.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.columns: list[str] = []
        self.files: list[Path] = []
        self.writer: pyarrow.parquet.ParquetWriter | None = None
        self.waiting: list[pyarrow.Table] = []
        self.rows = 0

    def add(self, chunk: pandas.DataFrame) -> None:
        if not len(chunk):
            return
        new = [column for column in map(str, chunk.columns) if column not in set(self.columns)]
        if new or self.writer is None:
            self.close()
            self.columns += new
            self.files.append(self.folder / f"part-{len(self.files)}.parquet")
            self.writer = open_writer(self.files[-1], self.columns)
        self.waiting.append(widened(pyarrow.Table.from_pandas(chunk, preserve_index=False), self.columns))
        self.rows += len(chunk)
        if sum(table.nbytes for table in self.waiting) > GROUP_BYTES:
            self.flush()

    def flush(self) -> None:
        if self.waiting and self.writer is not None:
            self.writer.write_table(pyarrow.concat_tables(self.waiting))
        self.waiting = []

    def close(self) -> None:
        self.flush()
        if self.writer is not None:
            self.writer.close()
            self.writer = None

    def finish(self) -> list[str]:
        """Make table.parquet of the parts. Returns its columns."""
        self.close()
        target = self.folder / "table.parquet"
        if len(self.files) == 1:
            self.files[0].rename(target)
            return self.columns
        with open_writer(target, self.columns) as writer:
            for file in self.files:
                with pyarrow.parquet.ParquetFile(file) as part:
                    for group in range(part.num_row_groups):
                        writer.write_table(widened(part.read_row_group(group), self.columns))
                file.unlink()
        return self.columns


def open_writer(path: Path, columns: list[str]) -> pyarrow.parquet.ParquetWriter:
    return pyarrow.parquet.ParquetWriter(path, schema_of(columns))


def schema_of(columns: list[str]) -> pyarrow.Schema:
    return pyarrow.schema([(column, pyarrow.large_string()) for column in columns])


def widened(table: pyarrow.Table, columns: list[str]) -> pyarrow.Table:
    """The table with all these columns in this order, "" where it has none of them."""
    empty = None
    arrays = []
    for column in columns:
        if column in table.column_names:
            arrays.append(table.column(column).cast(pyarrow.large_string()).fill_null(""))
        else:
            if empty is None:
                empty = pyarrow.repeat(pyarrow.scalar("", pyarrow.large_string()), len(table))
            arrays.append(empty)
    return pyarrow.table(arrays, schema=schema_of(columns))


def first_rows(parquet: Path, rows: int) -> pandas.DataFrame:
    """The first rows of a Parquet file, at most so many."""
    with pyarrow.parquet.ParquetFile(parquet) as file:
        batches = file.iter_batches(batch_size=max(rows, 1))
        first = next(batches, None) if rows > 0 else None
        tables = [first] if first is not None else []
        return pyarrow.Table.from_batches(tables, schema=file.schema_arrow).to_pandas()


def write_dropped(path: Path, dropped: list[Dropped]) -> None:
    """The rows that were left out, for a spreadsheet; nothing is written when there are none."""
    if not dropped:
        return
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["line", "reason", "text"])
        writer.writerows((row.line, row.reason, harmless(row.text)) for row in dropped)


def harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text

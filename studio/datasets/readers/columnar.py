"""Parquet, Feather and Arrow files, batch by batch."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas
import pyarrow
import pyarrow.compute as compute
import pyarrow.parquet

from studio.datasets.readers.table import (
    CHUNK,
    CHUNK_LETTERS,
    FIRST_CHUNK,
    Opened,
    cell,
    check_columns,
    frame_of_values,
    unique_names,
)
from studio.errors import StudioError

AGAIN = "Export it again from the program it came from, or bring it as CSV."


def open_file(path: Path, name: str) -> Opened:
    """Rows of a .parquet, .arrow or .feather file; a nested value is kept as its JSON."""
    try:
        if path.open("rb").read(4) == b"PAR1":
            return open_parquet(path, name)
        return open_arrow(path, name)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise damaged(name, error) from error


def damaged(name: str, error: Exception) -> StudioError:
    reason = (str(error).splitlines() or [""])[0][:120].rstrip(".")
    return StudioError(f"{name} is damaged or not what its name says ({reason}).", AGAIN)


def open_parquet(path: Path, name: str) -> Opened:
    file = pyarrow.parquet.ParquetFile(path)
    total = max(file.metadata.num_rows, 1)
    heaviest = max((group_weight(file.metadata.row_group(i)) for i in range(file.num_row_groups)), default=1)
    size = int(max(1, min(CHUNK, CHUNK_LETTERS / heaviest)))
    return opened(file.iter_batches(batch_size=size), file.schema_arrow, "Parquet", name, total)


def group_weight(group: Any) -> float:
    """Bytes of one row, so that a batch of long texts has fewer rows."""
    return float(max(group.total_byte_size / max(group.num_rows, 1), 1))


def open_arrow(path: Path, name: str) -> Opened:
    """Arrow's file format, which Feather is too, or its stream format, which the datasets library writes."""
    source = pyarrow.memory_map(str(path))
    if path.open("rb").read(6) == b"ARROW1":
        file = pyarrow.ipc.open_file(source)
        batches = (file.get_batch(i) for i in range(file.num_record_batches))
        return opened(batches, file.schema, "Arrow", name, None, file.num_record_batches)
    stream = pyarrow.ipc.open_stream(source)
    return opened(iter(stream), stream.schema, "Arrow", name, None)


def opened(
    batches: Iterator[pyarrow.RecordBatch],
    schema: pyarrow.Schema,
    format: str,
    name: str,
    rows: int | None,
    parts: int | None = None,
) -> Opened:
    """`rows` or `parts` in all, whichever is known, for the share that has been read."""
    columns = unique_names(list(schema.names))
    check_columns(columns, name)
    done = {"rows": 0, "parts": 0}
    notes = [
        f"“{column}” holds pictures or other data that is not text, which was left out."
        for column, kind in zip(columns, schema.types, strict=True)
        if holds_bytes(kind)
    ]

    def chunks() -> Iterator[pandas.DataFrame]:
        first = True
        try:
            for batch in batches:
                batch.validate(full=True)  # a hostile file may point outside its own memory
                for part in pieces(batch, first):
                    first = False
                    yield frame_of_values(columns, [texts(column) for column in part.columns])
                    done["rows"] += len(part)
                done["parts"] += 1
        except (pyarrow.ArrowException, OSError, ValueError) as error:
            raise damaged(name, error) from error

    def share() -> float:
        if rows is not None:
            return min(1.0, done["rows"] / rows)
        return min(1.0, done["parts"] / parts) if parts else 0.0

    return Opened(format, "", chunks(), notes, share=share)


def pieces(batch: pyarrow.RecordBatch, first: bool) -> Iterator[pyarrow.RecordBatch]:
    """A batch in parts of bounded size; the very first is small, so that it can be shown at once."""
    weight = max(batch.nbytes / max(len(batch), 1), 1)
    size = int(max(1, min(CHUNK, CHUNK_LETTERS / weight)))
    start = min(FIRST_CHUNK, len(batch), size) if first else 0
    if start:
        yield batch.slice(0, start)
    for at in range(start, len(batch), size):
        yield batch.slice(at, size)


def holds_bytes(kind: pyarrow.DataType) -> bool:
    return (
        pyarrow.types.is_binary(kind)
        or pyarrow.types.is_large_binary(kind)
        or (pyarrow.types.is_struct(kind) and any(holds_bytes(kind.field(i).type) for i in range(kind.num_fields)))
    )


def texts(column: pyarrow.Array) -> list[str]:
    """The cells of a column as text, "" where there is nothing."""
    kind = column.type
    if pyarrow.types.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    if pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind) or pyarrow.types.is_string_view(kind):
        return [value if value is not None else "" for value in column.to_pylist()]
    if pyarrow.types.is_temporal(kind) or pyarrow.types.is_decimal(kind):
        if pyarrow.types.is_timestamp(kind) or pyarrow.types.is_duration(kind):
            column = compute.cast(column, pyarrow.string())
        return ["" if value is None else str(value) for value in column.to_pylist()]
    return [cell(plain(value)) for value in column.to_pylist()]


def plain(value: Any) -> Any:
    """A value as JSON can hold it: what is not text, number, list or object becomes text, bytes become nothing."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return None
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)

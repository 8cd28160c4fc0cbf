"""Tokenised rows stay for the next run on the same rows: cached by what they were made from, in the home's `cache`."""

import hashlib
import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas

from studio.datasets.versions import fingerprint
from studio.errors import StudioError
from studio.workspace import disk_error, write_atomic

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase

FOLDER = "cache/rows"
MOST = 512 * 2**20  # bytes that all of them take together; those that were not used for longest go first
RULES = 1  # raise it whenever the same rows and settings come to give other tokens, by any change of the code
READ_BY = ("tokenizer", "special_tokens", "added_tokens", "chat_template", "vocab", "merges", "spiece")


def cached_rows(
    home: Path | None,
    tokenizer: "PreTrainedTokenizerBase",
    frame: pandas.DataFrame,
    settings: dict[str, Any],
    make: Callable[[], "Dataset"],
) -> "Dataset":
    """What `make` gives for these rows, from the cache where it was made before; without a home always made.

    settings: everything else that it depends on. A damaged file, or a disk that takes none, is told in the log, and
    the rows are made.
    """
    folder = Path(str(tokenizer.name_or_path))
    if home is None or not folder.is_dir():
        return make()
    file = home / FOLDER / f"{key(folder, frame, settings)}.parquet"
    rows = read(file)
    if rows is None:
        rows = make()
        if len(rows):
            store(file, rows)
    return rows


def key(folder: Path, frame: pandas.DataFrame, settings: dict[str, Any]) -> str:
    """SHA-256 of the rows, of the files that the tokenizer is made of, of their libraries, and of the settings."""
    import tokenizers
    import transformers

    versions = (RULES, tokenizers.__version__, transformers.__version__)
    digest = hashlib.sha256(repr((versions, fingerprint(frame.assign(split="")), sorted(settings.items()))).encode())
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file.name.startswith(READ_BY):
            content = hashlib.sha256(file.read_bytes()).hexdigest()
            digest.update(f"{file.relative_to(folder).as_posix()} {content}".encode())
    return digest.hexdigest()


def read(file: Path) -> "Dataset | None":
    """The rows of a file, None where it is missing or damaged."""
    from datasets import Dataset
    from pyarrow import ArrowException, parquet

    try:
        table = parquet.read_table(BytesIO(file.read_bytes()), page_checksum_verification=True)
        os.utime(file)  # it was used just now
    except FileNotFoundError:
        return None
    except (ArrowException, OSError) as error:
        print(f"The tokenised rows in {file.name} cannot be read ({error}); they are made anew.")
        return None
    return Dataset(table)


def store(file: Path, rows: "Dataset") -> None:
    """Put rows into the cache, if there is room for them, and take the oldest out."""
    from pyarrow import parquet

    content = BytesIO()
    # Both as one call each and in memory: a file is whole, or it is not there.
    parquet.write_table(rows.data.table.combine_chunks(), content, compression="zstd", write_page_checksum=True)
    if len(content.getbuffer()) > MOST:
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(file, content.getvalue())
        keep_to(MOST, file.parent)
    except (StudioError, OSError) as error:
        told = error if isinstance(error, StudioError) else disk_error(error, file)
        print(f"The tokenised rows were not kept for the next run. {told.message}")


def keep_to(most: int, folder: Path) -> None:
    """Remove what was not used for longest, until all files together take no more than `most` bytes."""
    known = sorted(((file.stat(), file) for file in folder.glob("*.parquet")), key=lambda one: -one[0].st_mtime)
    total = 0
    for state, file in known:
        total += state.st_size
        if total > most:
            file.unlink(missing_ok=True)

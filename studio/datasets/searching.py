"""Finding rows by the words in them."""

import numpy
from pyarrow.parquet import ParquetFile

from studio.datasets.rows import plain_texts
from studio.datasets.versions import Version

AT_ONCE = 20_000  # rows in memory


def search(version: Version, words: str) -> list[int]:
    """The numbers of the rows in which these words stand as they are written, in capitals or not; in order, each once.

    Those of a separate test file are among them, counted on behind the file's own. It reads all rows.
    """
    sought, found = words.casefold(), set()
    with ParquetFile(version.parquet) as file:
        for batch in file.iter_batches(AT_ONCE):
            rows = batch.to_pandas()
            texts = plain_texts(rows, version.kind)
            pairs = zip(texts["prompt"], texts["reply"], strict=True)
            hits = [sought in f"{prompt}\n{reply}".casefold() for prompt, reply in pairs]
            found |= set(rows["row"][numpy.array(hits, dtype=bool)].tolist())
    return sorted(found)

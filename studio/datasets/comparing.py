"""What differs between two versions: their steps, how many rows each has, and which rows are not the same.

A row is known again by its number in the file. The rows are read a few thousand at a time, and of each only a hash is
kept, so that millions can be compared.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

import numpy
import pandas
from pydantic import BaseModel, Field

from studio.datasets.fixing import joined, whole
from studio.datasets.rows import KINDS
from studio.datasets.splits import AUGMENTED
from studio.datasets.step_changes import Change, step_changes
from studio.datasets.versions import SPLITS, Version

EXAMPLES, TEXTS = 20, 3  # row numbers and pairs of texts that are shown
AT_ONCE = 20_000  # rows in memory
CONTENT = ("messages", "tools", "chosen", "rejected", "text", "label")
ODD = numpy.uint64(0x9E3779B97F4A7C15)  # see near.py


class Some(BaseModel):
    """How many rows of the file, and the numbers of the first of them."""

    count: int = 0
    rows: list[int] = Field(default_factory=list)


class Pair(BaseModel):
    """The words of one row in both versions."""

    row: int
    one: str
    other: str


class Move(BaseModel):
    """Rows that are in another split now; `before` and `after` are names of SPLITS."""

    before: str
    after: str
    rows: Some


class Comparison(BaseModel):
    """What differs, `one` being the first version.

    same: not a letter differs, and every row is in the same split. rows: for each split how many rows each has, with
    repeats by weight and those made out of others; made: how many were made so, which are not compared one by one.
    only_one, only_other, changed, moved: rows by their numbers in the file, texts: how the first of `changed` read.
    notes: sentences on what could not be compared.
    """

    same: bool
    steps: list[Change]
    rows: dict[str, tuple[int, int]]
    made: tuple[int, int]
    only_one: Some = Some()
    only_other: Some = Some()
    changed: Some = Some()
    texts: list[Pair] = Field(default_factory=list)
    moved: list[Move] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)


def compare(one: Version, other: Version) -> Comparison:
    """Everything in which two versions differ. It reads all rows of both: some seconds for a million."""
    found = Comparison(
        same=one.fingerprint == other.fingerprint,
        steps=step_changes(one.steps, other.steps),
        rows={split: (one.rows.get(split, 0), other.rows.get(split, 0)) for split in SPLITS},
        made=(one.made_rows, other.made_rows),
    )
    if one.folder.parent != other.folder.parent:
        found.notes.append("The two were made from different files, so their rows cannot be matched.")
        return found
    if found.same:
        return found
    alike = one.kind == other.kind
    if not alike:
        titles = [f"“{KINDS[version.kind].title}”" for version in (one, other)]
        found.notes.append(
            f"The one has rows of the kind {titles[0]} and the other {titles[1]}, so their texts are not compared."
        )
    here, there = index(one, alike), index(other, alike)
    if one.steps.separate_test != other.steps.separate_test:
        found.notes.append("Their test rows come from different files, and are counted, but not compared one by one.")
        here, there = without_test_file(one, here), without_test_file(other, there)
    found.only_one = some(here.number[~numpy.isin(here.number, there.number)])
    found.only_other = some(there.number[~numpy.isin(there.number, here.number)])
    both, at, to = numpy.intersect1d(here.number, there.number, assume_unique=True, return_indices=True)
    changed = both[here.content[at] != there.content[to]]
    found.changed = some(changed)
    found.texts = pairs(one, other, changed[:TEXTS].tolist())
    for before, was in enumerate(SPLITS):
        for after, now in enumerate(SPLITS):
            moved = both[(here.split[at] == before) & (there.split[to] == after)]
            if before != after and len(moved):
                found.moved.append(Move(before=was, after=now, rows=some(moved)))
    return found


def some(rows: numpy.ndarray) -> Some:
    return Some(count=len(rows), rows=rows[:EXAMPLES].tolist())


@dataclass(frozen=True)
class Index:
    """The rows of a version, by number: int64, sorted, each once; place of the split in SPLITS; 64 bits of content."""

    number: numpy.ndarray
    split: numpy.ndarray
    content: numpy.ndarray


def index(version: Version, content: bool) -> Index:
    """All rows but those made out of others. Without `content` every row's is 0."""
    numbers, splits, hashes = [], [], []
    for part in parts(version, ("row", "split", "group", *(CONTENT if content else ()))):
        numbers.append(part["row"].to_numpy())
        splits.append(pandas.Categorical(part["split"], SPLITS).codes)
        hashes.append(hashed(part) if content else numpy.zeros(len(part), dtype="uint64"))
    number, split, hash = (numpy.concatenate(arrays) for arrays in (numbers, splits, hashes))
    order = numpy.argsort(number, kind="stable")
    # A row that its weight repeats stands behind itself; it is counted once.
    again = (numpy.diff(number[order], prepend=-1) == 0) & (numpy.diff(hash[order], prepend=hash[:1]) == 0)
    order = order[~again]
    number, split, hash = number[order], split[order], hash[order]
    # A document that was cut is several rows with one number, which are taken as one, in their order.
    starts = numpy.flatnonzero(numpy.diff(number, prepend=-1))
    place = numpy.arange(len(number)) - numpy.repeat(starts, numpy.diff(starts, append=len(number)))
    weights = (2 * place + 1).astype("uint64") * ODD
    return Index(number[starts], split[starts], numpy.add.reduceat(hash * weights, starts))


def without_test_file(version: Version, rows: Index) -> Index:
    """Less the rows of a separate test file: their numbers mean other rows beside another one."""
    if version.steps.separate_test is None:
        return rows
    own = rows.split != SPLITS.index("test")
    return Index(rows.number[own], rows.split[own], rows.content[own])


def parts(version: Version, columns: tuple[str, ...]) -> Iterator[pandas.DataFrame]:
    """The rows a few thousand at a time, less those made out of others."""
    from pyarrow.parquet import ParquetFile

    with ParquetFile(version.parquet) as file:
        for batch in file.iter_batches(AT_ONCE, columns=list(columns)):
            part = batch.to_pandas()
            yield part[~part["group"].str.startswith(AUGMENTED)]


def hashed(part: pandas.DataFrame) -> numpy.ndarray:
    """64 bits for each row, from everything in it that a model could learn."""
    content = numpy.zeros(len(part), dtype="uint64")
    for column in CONTENT:
        values = part[column].to_numpy(dtype=object)
        # Most columns are empty in all rows, which one look tells.
        same = values[:1] if not any(values) else values
        content = content * ODD + pandas.util.hash_array(same, categorize=False)
    return content


def pairs(one: Version, other: Version, rows: list[int]) -> list[Pair]:
    here, there = pieces(one, rows), pieces(other, rows)
    return [pair(row, here[here["row"] == row], there[there["row"] == row], one.kind) for row in rows]


def pieces(version: Version, rows: list[int]) -> pandas.DataFrame:
    """All of these rows, in order, each repeat of one once."""
    found = []
    missing = set(rows)
    for part in parts(version, ("row", "group", *CONTENT)):
        found.append(part[part["row"].isin(rows)])
        missing -= set(found[-1]["row"])
        if not missing and not part.empty and part["row"].min() > max(rows, default=0):
            break  # usually soon, as rows are in the order of the file
    return pandas.concat(found).drop_duplicates(ignore_index=True)


def pair(row: int, one: pandas.DataFrame, other: pandas.DataFrame, kind: str) -> Pair:
    """The words in which a row differs: prompt and reply, else everything said in it, else what belongs to it."""
    for texts in (joined, whole, belongings):
        both = zip_longest(texts(one, kind), texts(other, kind), fillvalue="")
        different = next(((here, there) for here, there in both if here != there), None)
        if different:
            return Pair(row=row, one=different[0], other=different[1])
    return Pair(row=row, one="", other="")


def belongings(rows: pandas.DataFrame, kind: str) -> list[str]:
    """What a row has besides its texts: a thumb, the tools that it may call, and all that is packed with them."""
    return ["\n".join(filter(None, values)) for values in rows[[*CONTENT[::-1]]].itertuples(index=False)]

"""Several datasets as one, to learn several tasks at once: a new file with the rows of all, and a weight for each.

The file is JSON Lines in the field's usual names, with a column `source` that says where a row is from. It is taken in
like any other file; the weights are a step of its versions, so that they can be changed without merging again. Rows of
one group, such as a customer, belong together in whichever files they are.
"""

import os
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

import orjson
import pandas
import pyarrow.parquet

from studio.datasets.fixing import mend
from studio.datasets.health import CHECKS
from studio.datasets.readers.table import CHUNK, unique_names
from studio.datasets.rows import KINDS, own_group
from studio.datasets.shapes import Mapping
from studio.datasets.shapes.labels import split_labels
from studio.datasets.store import Dataset, add_file, load_dataset
from studio.datasets.table_file import Progress, scratch_prefix
from studio.datasets.versions import DataSteps, mapped, read
from studio.datasets.weights import HEAVIEST, Weights
from studio.errors import StudioError
from studio.workspace import Workspace, speaking_of_disk

SOURCE = "source"
NESTED = ("messages", "tools", "chosen", "rejected")
# How the rows of each kind are read back: the layout, and the column for each of its roles.
LAYOUTS = {
    "chat": ("messages", {"messages": "messages"}),
    "preference": ("preference_pairs", {"prompt": "messages", "chosen": "chosen", "rejected": "rejected"}),
    "feedback": ("rated_conversations", {"messages": "messages", "verdict": "label"}),
    "label": ("text_label", {"text": "text", "label": "label"}),
    "number": ("text_number", {"text": "text", "number": "value"}),
    "text": ("plain_text", {"text": "text"}),
}
SEVERAL = ("text_labels", {"text": "text", "labels": "label"})
LISTED = ("text_labels", "label_columns")  # layouts that give each text a list of labels
GROUP = "group"  # column of groups whose columns have several names
OWN_COLUMNS = {SOURCE, GROUP, "text", "label", "value", *NESTED}
LONGEST_PASSAGE = 100_000
WRITING = 0.7  # share of the whole time that the parts take; the rest is taking the merged file in


@dataclass(frozen=True)
class Part:
    """One of the datasets to merge: its rows as these steps read, change and mend them, and how much they count.

    Its own split, augmentation, weights and test file are left aside: those of the merged dataset count.
    """

    dataset_id: str
    steps: DataSteps
    weight: float = 1


def merge(
    workspace: Workspace,
    parts: Sequence[Part],
    name: str = "",
    watch: Callable[[Progress], None] | None = None,
) -> tuple[Dataset, DataSteps]:
    """A new dataset with the rows of all parts, and the steps that read it, with the weight of each part.

    The same parts under the same name give the same file, and so the same dataset, whatever their weights. One part is
    read at a time. Equal values of a group column that has the same name in several parts are one group; those of
    columns with different names are not.

    watch: told how far it is, without the first rows; what it raises goes to the caller. Raises StudioError when the
    parts do not go together or one has no row that can be used. In both cases nothing is left behind.
    """
    watch = watch or (lambda progress: None)
    datasets = [load_dataset(workspace, part.dataset_id) for part in parts]
    kind = kind_of_all(datasets, parts)
    sources = unique_names([dataset.name for dataset in datasets])
    several = any(part.steps.mapping.shape in LISTED for part in parts)
    prefix = scratch_prefix(os.getpid())
    with speaking_of_disk(workspace.scratch), TemporaryDirectory(dir=workspace.scratch, prefix=prefix) as folder:
        path = Path(folder) / "merged.jsonl"
        with path.open("wb") as file:
            merged = Merged(file, kind, several, {part.steps.mapping.group for part in parts} - {""})
            write_all(merged, list(zip(sources, datasets, parts, strict=True)), watch)

        def taken_in(progress: Progress) -> None:
            share = WRITING + (1 - WRITING) * progress.share
            watch(Progress(merged.rows, share, pandas.DataFrame(), "Taking the merged rows in."))

        file_name = f"{(name or name_of(datasets)).removesuffix('.jsonl')}.jsonl"
        dataset = add_file(workspace, path, file_name, watch=taken_in)
    shape, columns = SEVERAL if several else LAYOUTS[kind]
    columns = columns | ({"tools": "tools"} if merged.tools else {})
    mapping = Mapping.model_validate(
        {
            "kind": kind,
            "shape": shape,
            "columns": columns,
            "group": merged.group if merged.grouped else "",
            # Passages were cut already, and are not to be cut again.
            "passage_length": min(max(merged.longest, Mapping.model_fields["passage_length"].default), LONGEST_PASSAGE),
        }
    )
    weights = {source: float(part.weight) for source, part in zip(sources, parts, strict=True)}
    return dataset, DataSteps(mapping=mapping, weights=Weights(column=SOURCE, values=weights))


def kind_of_all(datasets: Sequence[Dataset], parts: Sequence[Part]) -> str:
    """The kind of rows that all parts share. Raises StudioError for parts that do not go together."""
    if len(parts) < 2:
        raise StudioError("Merging takes at least two datasets.", "Choose another one to go with it.")
    kinds = [part.steps.mapping.kind for part in parts]
    for dataset, part, kind in zip(datasets, parts, kinds, strict=True):
        if kind != kinds[0]:
            titles = [KINDS[each].title for each in (kinds[0], kind)]
            raise StudioError(
                f"{datasets[0].name} is read as “{titles[0]}”, but {dataset.name} as “{titles[1]}”, and a model learns "
                "from one kind of rows at a time.",
                "Read both in the same way, or leave one of them out.",
            )
        if not 0 <= part.weight <= HEAVIEST:
            raise StudioError(
                f"The weight of {dataset.name} cannot be {part.weight:g}.", f"Take a number from 0 to {HEAVIEST}."
            )
    for place, (dataset, part) in enumerate(zip(datasets, parts, strict=True)):
        if any(part.dataset_id == other.dataset_id and part.steps == other.steps for other in parts[:place]):
            raise StudioError(
                f"{dataset.name} is there twice.", "Take it once, with a weight of 2 if it is to count twice."
            )
    if kinds[0] not in LAYOUTS:
        raise StudioError(
            f"Datasets of “{KINDS[kinds[0]].title.lower()}” cannot be merged yet.",
            "Put their tables and pictures into one .zip, and bring that.",
        )
    return kinds[0]


def name_of(datasets: Sequence[Dataset]) -> str:
    """A name for the merged dataset: “faq and tickets.jsonl”."""
    first, second, *others = [Path(dataset.name).stem for dataset in datasets]
    stem = f"{first[:40]}, {second[:40]} and {len(others)} more" if others else f"{first[:40]} and {second[:40]}"
    return f"{stem}.jsonl"


def write_all(merged: "Merged", parts: Sequence[tuple[str, Dataset, Part]], watch: Callable[[Progress], None]) -> None:
    """Write the rows of every part; each comes with its name in `source`."""
    total = sum(dataset.facts.rows for _, dataset, _ in parts) or 1
    done = 0
    for place, (source, dataset, part) in enumerate(parts, 1):
        mapping, before = part.steps.mapping, merged.rows
        note = f"{'Mending' if part.steps.fixes else 'Reading'} the rows of {dataset.name}."
        watch(Progress(merged.rows, WRITING * done / total, pandas.DataFrame(), note))
        for rows in cleaned(dataset, part.steps):
            merged.add(rows, source, place, mapping)
            read = done + (int(rows["row"].max()) if len(rows) else 0)
            watch(Progress(merged.rows, WRITING * read / total, pandas.DataFrame(), note))
        done += dataset.facts.rows
        if merged.rows == before:
            raise StudioError(
                f"No row of {dataset.name} can be used, so there is nothing to merge.",
                "Look at how it is read and which fixes are on, or leave it out.",
            )


def cleaned(dataset: Dataset, steps: DataSteps) -> Iterator[pandas.DataFrame]:
    """The rows of one part after its edits and fixes: in pieces, or, as a fix looks at all rows, in one with fixes."""
    if steps.fixes:
        yield mend(CHECKS, mapped(dataset, steps)[0], steps.fixes)[0].rows
        return
    first = 1
    with pyarrow.parquet.ParquetFile(dataset.table) as file:
        for batch in file.iter_batches(batch_size=CHUNK):
            yield read(batch.to_pandas(), steps, first)[0].rows
            first += len(batch)


class Merged:
    """The merged file while it is written, and what it has come to hold; `longest` counts characters of a text.

    groups: the names of the columns by which the parts keep rows together. If it is one, it is the name here as well,
    so that a test file with that column is understood; if there are several, each stands in front of its values.
    """

    def __init__(self, file: BinaryIO, kind: str, several: bool, groups: set[str]) -> None:
        self.file, self.kind, self.several = file, kind, several
        self.label = LAYOUTS[kind][1].get("number", "label")
        name = min(groups, default=GROUP)
        self.one_name = len(groups) < 2
        self.group = name if self.one_name and name not in OWN_COLUMNS else GROUP
        self.rows = self.longest = 0
        self.tools = self.grouped = False

    def add(self, rows: pandas.DataFrame, source: str, place: int, mapping: Mapping) -> None:
        """Write one line a row. place: the 1-based number of the part; it keeps documents of different parts apart."""
        for row in rows.to_dict("records"):
            record: dict[str, Any] = {SOURCE: source}
            # The rows hold JSON already, which is passed on as it is.
            record |= {name: orjson.Fragment(row[name]) for name in NESTED if row[name]}
            record |= {name: row[field] for field, name in (("text", "text"), ("label", self.label)) if row[field]}
            if self.several and row["label"]:
                # A text with one label gets a list of one where texts of another part have several.
                listed = mapping.shape in LISTED
                record["label"] = split_labels(row["label"], "") if listed else [row["label"]]
            if row["group"]:
                record[self.group] = self.group_of(row, place, mapping)
                self.grouped = True
            self.file.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
            self.tools |= bool(row["tools"])
            self.longest = max(self.longest, len(row["text"]))
        self.rows += len(rows)

    def group_of(self, row: dict[Hashable, Any], place: int, mapping: Mapping) -> str:
        group = str(row["group"])
        if self.kind == "text" and group == own_group(row["row"]):
            return f"{group} of file {place}"
        return group if self.one_name or not mapping.group else f"{mapping.group}: {group}"

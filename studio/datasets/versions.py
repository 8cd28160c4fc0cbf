"""Versions of a dataset: the untouched file, a list of steps, and the rows that come out as Parquet."""

import hashlib
import json
import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pandas
from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field

from studio.datasets.store import Dataset
from studio.errors import StudioError
from studio.workspace import Workspace, read_json, speaking_of_disk, write_json

SPLITS = ("train", "validation", "test")


class DataSteps(BaseModel):
    """Everything that is done to the file, in this order: choose columns, leave out unusable rows, split."""

    model_config = ConfigDict(extra="forbid")

    prompt: str = Field(description="Column that holds what people ask.")
    reply: str = Field(description="Column that holds what the model should answer.")
    system: str = Field("", description="Instruction put in front of every example; empty: the model's own.")
    validation: float | None = Field(
        None,
        ge=0,
        le=1e9,
        description="Check rows: a share below 1, or a number of rows; left out: a tenth, at most 64.",
    )
    test: float | None = Field(
        None,
        ge=0,
        le=1e9,
        description="Test rows: a share below 1, or a number of rows; left out: a sixth, at most 200.",
    )
    seed: int = Field(42, description="Decides which rows go into which split.")


@dataclass(frozen=True)
class Version:
    """Rows ready for training. `rows` counts each split, `left_out` says how many rows were not usable and why.

    `fingerprint` is a SHA-256 over the content of all rows and their splits.
    """

    fingerprint: str
    folder: Path
    rows: dict[str, int]
    left_out: list[tuple[int, str]]
    steps: DataSteps

    @property
    def parquet(self) -> Path:
        return self.folder / "rows.parquet"

    def frame(self, split: str) -> pandas.DataFrame:
        """The rows of one split: columns prompt, reply (str) and row (1-based row of the file)."""
        frame = pandas.read_parquet(self.parquet)
        return frame[frame["split"] == split].drop(columns="split").reset_index(drop=True)


def prepare(workspace: Workspace, dataset: Dataset, steps: DataSteps) -> Version:
    """The version that these steps make of the file; made once, then found again.

    Raises StudioError when a column is missing or too few rows can be used.
    """
    key = hashlib.sha256(steps.model_dump_json().encode()).hexdigest()[:12]
    folder = dataset.folder / "versions" / key
    with FileLock(workspace.locks / f"{dataset.id}.lock"):
        known = read_json(folder / "version.json") or make(workspace, dataset, steps, folder)
    left_out = [(int(count), str(reason)) for count, reason in known["left_out"]]
    return Version(known["fingerprint"], folder, known["rows"], left_out, steps)


def make(workspace: Workspace, dataset: Dataset, steps: DataSteps, folder: Path) -> dict[str, Any]:
    """Write a version's folder, whole or not at all. Returns its version.json."""
    frame, left_out = apply(dataset, steps)
    known = {
        "fingerprint": fingerprint(frame),
        "rows": {split: int((frame["split"] == split).sum()) for split in SPLITS},
        "left_out": left_out,
        "steps": steps.model_dump(),
    }
    with speaking_of_disk(dataset.folder):
        building = Path(mkdtemp(dir=workspace.scratch))
        try:
            frame.to_parquet(building / "rows.parquet", index=False)
            write_json(building / "version.json", known)
            folder.parent.mkdir(exist_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
            building.rename(folder)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return known


def apply(dataset: Dataset, steps: DataSteps) -> tuple[pandas.DataFrame, list[tuple[int, str]]]:
    """Rows (columns row, split, prompt, reply) and the rows left out as (count, reason)."""
    table = dataset.frame()
    for column in (steps.prompt, steps.reply):
        if column not in table.columns:
            raise StudioError(
                f"{dataset.name} has no column called “{column}”.",
                f"Its columns are: {', '.join(map(str, table.columns))}. Choose one of these.",
            )
    if steps.prompt == steps.reply:
        raise StudioError(
            f"The question and the answer are both taken from “{steps.prompt}”.",
            "Choose two different columns, or the model only learns to repeat.",
        )
    frame = pandas.DataFrame(
        {
            "row": range(1, len(table) + 1),
            "split": "train",
            "prompt": table[steps.prompt].str.strip(),
            "reply": table[steps.reply].str.strip(),
        }
    )
    no_prompt, no_reply = frame["prompt"] == "", frame["reply"] == ""
    left_out = [
        (int(no_prompt.sum()), "no question"),
        (int((no_reply & ~no_prompt).sum()), "no answer"),
    ]
    frame = frame[~no_prompt & ~no_reply].reset_index(drop=True)
    if len(frame) < 2:
        raise StudioError(
            f"No row of {dataset.name} can be used: each needs both “{steps.prompt}” and “{steps.reply}”."
            if frame.empty
            else f"Only one row of {dataset.name} can be used, and one example is not enough to learn from.",
            "Choose other columns, or fill in the missing cells.",
        )
    split_rows(frame, steps)
    return frame, [(count, reason) for count, reason in left_out if count]


def split_rows(frame: pandas.DataFrame, steps: DataSteps) -> None:
    """Mark test and check rows, drawn by lot with the seed; the training rows keep the file's order."""
    total = len(frame)
    test = size(steps.test, total, default=min(total // 6, 200) if total >= 12 else 0)
    validation = size(steps.validation, total, default=min(max(total // 10, 1), 64) if total >= 10 else 0)
    if test + validation >= total:
        raise StudioError(
            f"{test} test rows and {validation} check rows leave none of the {total} rows to learn from.",
            "Set aside fewer rows.",
        )
    order = list(range(total))
    random.Random(steps.seed).shuffle(order)
    frame.loc[order[:test], "split"] = "test"
    frame.loc[order[test : test + validation], "split"] = "validation"


def size(asked: float | None, total: int, default: int) -> int:
    if asked is None:
        return default
    return round(asked * total) if asked < 1 else int(asked)


def fingerprint(frame: pandas.DataFrame) -> str:
    """SHA-256 over the rows in order, independent of how Parquet happens to be written."""
    digest = hashlib.sha256()
    for record in zip(frame["split"], frame["prompt"], frame["reply"], strict=True):
        digest.update(json.dumps(record, ensure_ascii=False).encode())
    return digest.hexdigest()

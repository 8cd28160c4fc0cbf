"""Versions of a dataset: the untouched file, a list of steps, and the rows that come out as Parquet."""

import hashlib
import shutil
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy
import pandas
from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field

from studio.datasets.answers import Answers, answers_of
from studio.datasets.augment import Augmentation, augment
from studio.datasets.augment.examples import Example, made_examples
from studio.datasets.dividing import SeparateTest, divide, test_rows
from studio.datasets.fixing import Done, Fix, mend
from studio.datasets.hand import Edit, edit, leave_out
from studio.datasets.health import CHECKS
from studio.datasets.health.check import Data
from studio.datasets.pictures import with_pictures
from studio.datasets.rows import COLUMNS, plain_texts
from studio.datasets.shapes import Mapping, apply, count_reasons
from studio.datasets.splits import AUGMENTED, SplitPlan
from studio.datasets.store import Dataset
from studio.datasets.weights import Weights, weigh
from studio.errors import StudioError
from studio.workspace import Workspace, read_json, speaking_of_disk, write_json

ROW_GROUP = 5000
SPLITS = ("train", "validation", "test")
# Part of the name of every version. Raise it whenever the same file and the same steps come to give other rows, or more
# to be told about them, by any change of the code: a version of the older code is then never taken for a new one.
RULES = 1


class DataSteps(BaseModel):
    """Everything that is done to the file, in this order. The file itself is never changed."""

    model_config = ConfigDict(extra="forbid")

    mapping: Mapping = Field(description="How a row of the file is read.")
    left_out: list[int] = Field(default_factory=list, description="Rows of the file taken out by hand.")
    edits: list[Edit] = Field(default_factory=list, description="Texts changed by hand.")
    fixes: list[Fix] = Field(default_factory=list, description="Fixes that are switched on.")
    split: SplitPlan = Field(default_factory=SplitPlan, description="Which rows are kept for checking and testing.")
    separate_test: SeparateTest | None = Field(
        None, description="A file of its own to test with; then `test` of the split is not used."
    )
    augment: Augmentation | None = Field(None, description="Rows made out of others, to learn from only.")
    weights: Weights | None = Field(None, description="How often training rows are trained on; all of them once.")

    @property
    def own_split(self) -> SplitPlan:
        """The split of the file's own rows: beside a test file they give no test rows."""
        return self.split.model_copy(update={"test": 0}) if self.separate_test else self.split

    @property
    def one_group_column(self) -> bool:
        """Whether the test file keeps rows together by a column of that name, too: equal values are then one group."""
        return self.separate_test is not None and self.separate_test.mapping.group == self.mapping.group


@dataclass(frozen=True)
class Version:
    """Rows ready for training. `rows` counts each split, `left_out` says how many rows were not usable and why.

    `fixed` tells what each fix did. `fingerprint` is a SHA-256 over the content of all rows and their splits.
    `made_rows`: how many of the training rows were made out of others by augmentation; `made_by`: how many by each way
    of it (a field of Augmentation). Both count repeats by weight. `made_examples`: the first few of these rows.
    `answers`: what is to be told from the texts. `rules`: RULES of the code that made it. What an older studio did not
    write down is empty, None or 0.
    """

    fingerprint: str
    folder: Path
    rows: dict[str, int]
    left_out: list[tuple[int, str]]
    fixed: list[Done]
    steps: DataSteps
    made: datetime
    made_rows: int = 0
    made_by: dict[str, int] = field(default_factory=dict)
    made_examples: list[Example] = field(default_factory=list)
    answers: Answers | None = None
    rules: int = 0

    @property
    def kind(self) -> str:
        """One of `rows.KINDS`."""
        return self.steps.mapping.kind

    @property
    def parquet(self) -> Path:
        return self.folder / "rows.parquet"

    def frame(self, split: str) -> pandas.DataFrame:
        """The rows of one split, in the columns of studio/datasets/rows.py."""
        return pandas.read_parquet(self.parquet, filters=[("split", "==", split)]).drop(columns="split")

    def row(self, number: int) -> pandas.DataFrame:
        """What became of one row of the file; empty when it was left out, several rows when it was cut in pieces.

        One that its weight repeats is given once.
        """
        return row_of(self.parquet, number)

    def texts(self, split: str) -> pandas.DataFrame:
        """The rows of one split as plain text: columns row, prompt and reply."""
        frame = self.frame(split)
        return pandas.concat([frame[["row"]], plain_texts(frame, self.kind)], axis=1)


@lru_cache(maxsize=64)
def row_of(parquet: Path, number: int) -> pandas.DataFrame:
    """`Version.row`; kept, because the page looks at one row again and again, and the file never changes."""
    return pandas.read_parquet(parquet, filters=[("row", "==", number)]).drop_duplicates(ignore_index=True)


def prepare(workspace: Workspace, dataset: Dataset, steps: DataSteps) -> Version:
    """The version that these steps make of the file; made once, then found again.

    Raises StudioError when a column is missing or too few rows can be used.
    """
    folder = version_folder(dataset, steps)
    known = read_json(folder / "version.json")  # a version is there whole or not at all, so this needs no lock
    if not known:
        with FileLock(workspace.locks / f"{dataset.id}.lock"):
            known = read_json(folder / "version.json") or make(workspace, dataset, steps, folder)
    return opened(folder, known)


def is_prepared(dataset: Dataset, steps: DataSteps) -> bool:
    """Whether the version of these steps has been made already."""
    return (version_folder(dataset, steps) / "version.json").exists()


def version_folder(dataset: Dataset, steps: DataSteps) -> Path:
    key = hashlib.sha256(f"{RULES}\n{steps.model_dump_json()}".encode()).hexdigest()[:12]
    return dataset.folder / "versions" / key


def list_versions(dataset: Dataset) -> list[Version]:
    """Every version made of this dataset, the newest first; of those with the same steps the newest alone."""
    of_steps = {version.steps.model_dump_json(): version for version in reversed(all_versions(dataset))}
    return sorted(of_steps.values(), key=lambda version: version.made, reverse=True)


def all_versions(dataset: Dataset) -> list[Version]:
    """The same with all that older code (see RULES) made of the same steps; those of a first studio are passed over."""
    found = [(file.parent, read_json(file)) for file in (dataset.folder / "versions").glob("*/version.json")]
    versions = [opened(folder, known) for folder, known in found if known and "made" in known]
    return sorted(versions, key=lambda version: version.made, reverse=True)


def load_version(dataset: Dataset, name: str) -> Version:
    """The version in that folder of the dataset. Raises StudioError when it is not there."""
    folder = dataset.folder / "versions" / Path(name).name
    known = read_json(folder / "version.json") if name else None
    if not known or "made" not in known:
        raise StudioError("That version is not there any more.", "Choose another one.")
    return opened(folder, known)


def opened(folder: Path, known: dict[str, Any]) -> Version:
    return Version(
        known["fingerprint"],
        folder,
        known["rows"],
        [(int(count), str(reason)) for count, reason in known["left_out"]],
        [Done(**done) for done in known["fixed"]],
        DataSteps.model_validate(known["steps"]),
        datetime.fromisoformat(known["made"]),
        known.get("made_rows", 0),
        known.get("made_by", {}),
        [Example(*example) for example in known.get("made_examples", [])],
        Answers.model_validate(known["answers"]) if known.get("answers") else None,
        known.get("rules", 0),
    )


def make(workspace: Workspace, dataset: Dataset, steps: DataSteps, folder: Path) -> dict[str, Any]:
    """Write a version's folder, whole or not at all. Returns its version.json."""
    frame, left_out, fixed = carry_out(workspace, dataset, steps)
    ways = frame.pop("way") if "way" in frame else pandas.Series(dtype="str")
    answers = answers_of(frame["label"], steps.mapping.kind)
    known = {
        "fingerprint": fingerprint(frame),
        "rows": {split: int((frame["split"] == split).sum()) for split in SPLITS},
        "left_out": left_out,
        "fixed": [asdict(done) for done in fixed],
        "steps": steps.model_dump(mode="json"),
        "made": datetime.now(UTC).isoformat(),
        "made_rows": int(frame["group"].str.startswith(AUGMENTED).sum()),
        "made_by": {str(way): int(count) for way, count in ways[ways != ""].value_counts().items()},
        "made_examples": made_examples(frame, steps.mapping.kind),
        "answers": answers.model_dump(mode="json") if answers else None,
        "rules": RULES,
    }
    with speaking_of_disk(dataset.folder):
        building = Path(mkdtemp(dir=workspace.scratch))
        try:
            # In small groups, so that one row is found without reading the others.
            frame.to_parquet(building / "rows.parquet", index=False, row_group_size=ROW_GROUP)
            write_json(building / "version.json", known)
            folder.parent.mkdir(exist_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
            building.rename(folder)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return known


def carry_out(
    workspace: Workspace, dataset: Dataset, steps: DataSteps
) -> tuple[pandas.DataFrame, list[tuple[int, str]], list[Done]]:
    """All steps: the rows with their split, rows left out as (count, reason), and what each fix did."""
    data, left_out = mapped(dataset, steps)
    data, fixed = mend(CHECKS, data, steps.fixes)
    name, kind = dataset.name, steps.mapping.kind
    if len(data.rows) < 2:
        raise StudioError(
            f"No row of {name} can be used{because(left_out)}."
            if data.rows.empty
            else f"Only one row of {name} can be used, and one example is not enough to learn from.",
            "Choose other columns, switch fixes off, or fill in the missing cells.",
            cause="no_rows_left",
            evidence=f"{len(data.rows)} of its rows can be used, and 2 are needed.",
        )
    test, unread = test_rows(workspace, dataset, steps.mapping, steps.separate_test)
    frame, unused = divide(data.rows, kind, steps.own_split, test, steps.one_group_column)
    frame = augment(frame, kind, steps.augment, dataset.folder)
    frame, unweighed = weigh(frame, dataset, steps.weights, kind, steps.split.seed)
    return frame, [*left_out, *unread, *unused, *unweighed], fixed


def mapped(dataset: Dataset, steps: DataSteps) -> tuple[Data, list[tuple[int, str]]]:
    """The rows as they are read, with what was changed by hand, before any fix."""
    data, left_out = read(dataset.frame(), steps)
    if data.kind != "picture":
        return data, left_out
    rows, unseen = with_pictures(dataset, data.rows, dataset.folder)
    return Data(rows, data.kind), left_out + unseen


def read(frame: pandas.DataFrame, steps: DataSteps, first: int = 1) -> tuple[Data, list[tuple[int, str]]]:
    """The same for a piece of the table whose first row has that number in it."""
    rows, unusable = apply(frame, steps.mapping, first)
    left_out = count_reasons(unusable)
    rows, taken = leave_out(rows, steps.left_out)
    if taken:
        left_out.append((taken, "taken out by hand"))
    return Data(edit(rows, steps.mapping.kind, steps.edits), steps.mapping.kind), left_out


def because(left_out: list[tuple[int, str]]) -> str:
    """The commonest reason why rows were left out, to be put behind a statement."""
    return f": {max(left_out)[1]}" if left_out else ""


def fingerprint(frame: pandas.DataFrame) -> str:
    """SHA-256 over the rows in order, independent of how Parquet happens to be written."""
    digest = hashlib.sha256()
    for column in ("split", *COLUMNS):
        values = [str(value).encode() for value in frame[column]]
        digest.update(numpy.array([len(value) for value in values], dtype="<u8").tobytes())  # where each one ends
        digest.update(b"".join(values))
    return digest.hexdigest()

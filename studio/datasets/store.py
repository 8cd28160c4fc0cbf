"""The datasets of a home: each is a folder with the untouched file and what was found in it."""

import hashlib
import re
import shutil
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp

import pandas

from studio.datasets.readers import read
from studio.errors import StudioError
from studio.workspace import ASSETS, Workspace, read_json, speaking_of_disk, write_json


@dataclass(frozen=True)
class Sample:
    """A dataset that comes with the studio."""

    title: str
    sentence: str
    path: Path


SAMPLES = [
    Sample("Shop returns", "120 questions to a small shop, with its answers", ASSETS / "samples" / "returns.csv")
]


@dataclass(frozen=True)
class Facts:
    """What was found in a file; `bytes` is its size, `notes` are plain sentences."""

    format: str
    encoding: str
    rows: int
    columns: list[str]
    bytes: int
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Dataset:
    """One file that a person brought. `hash` is the SHA-256 of the file as it came."""

    id: str
    name: str
    added: datetime
    hash: str
    facts: Facts
    folder: Path

    @property
    def raw(self) -> Path:
        """The file as it came; nothing ever writes to it."""
        return self.folder / f"raw{Path(self.name).suffix.lower()}"

    def frame(self) -> pandas.DataFrame:
        """All rows; every cell is a str, "" where the file has nothing."""
        return pandas.read_parquet(self.folder / "table.parquet")


def add_file(workspace: Workspace, path: Path | str, name: str | None = None) -> Dataset:
    """Take a file into the home. The same content under the same name is taken in once.

    Raises StudioError when it cannot be read; then nothing is left behind.
    """
    path = Path(path)
    name = clean_name(name or path.name)
    table = read(path, name)
    digest = file_hash(path)
    folder = workspace.datasets / f"{slug(Path(name).stem)}-{digest[:10]}"
    added = datetime.now(UTC)
    facts = Facts(
        table.format,
        table.encoding,
        len(table.frame),
        [str(column) for column in table.frame.columns],
        path.stat().st_size,
        table.notes,
    )
    dataset = Dataset(folder.name, name, added, digest, facts, folder)
    if not (folder / "dataset.json").exists():
        with speaking_of_disk(workspace.datasets):
            building = Path(mkdtemp(dir=workspace.scratch))
            try:
                shutil.copyfile(path, building / dataset.raw.name)
                table.frame.to_parquet(building / "table.parquet", index=False)
                describe(dataset, building)
                shutil.rmtree(folder, ignore_errors=True)
                building.rename(folder)
            finally:
                shutil.rmtree(building, ignore_errors=True)
    else:
        describe(dataset, folder)  # brought again: it moves to the top of the list
    return dataset


def describe(dataset: Dataset, folder: Path) -> None:
    write_json(
        folder / "dataset.json",
        {
            "name": dataset.name,
            "added": dataset.added.isoformat(),
            "hash": dataset.hash,
            "facts": asdict(dataset.facts),
        },
    )


def load_dataset(workspace: Workspace, id: str) -> Dataset:
    """The dataset of that id. Raises StudioError when there is none."""
    folder = workspace.datasets / Path(str(id)).name
    document = read_json(folder / "dataset.json")
    if document is None or not id:
        raise StudioError("That dataset is not on this computer.", "Choose another one, or bring the file again.")
    return Dataset(
        folder.name,
        document["name"],
        datetime.fromisoformat(document["added"]),
        document["hash"],
        Facts(**document["facts"]),
        folder,
    )


def list_datasets(workspace: Workspace) -> list[Dataset]:
    """All datasets, the one brought last first."""
    found = [load_dataset(workspace, file.parent.name) for file in workspace.datasets.glob("*/dataset.json")]
    return sorted(found, key=lambda dataset: dataset.added, reverse=True)


def file_hash(path: Path) -> str:
    with speaking_of_disk(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def clean_name(name: str) -> str:
    """A file name without folders and control characters: it comes from a browser."""
    name = re.sub(r"[\x00-\x1f/\\]", " ", name.replace("\\", "/").rsplit("/", 1)[-1]).strip()
    return name[-120:] or "data"


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40] or "data"

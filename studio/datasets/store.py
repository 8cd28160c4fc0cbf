"""The datasets of a home: each is a folder with the untouched file and what was found in it."""

import hashlib
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path

import pandas
from filelock import FileLock

from studio.datasets.readers.table import Opened
from studio.datasets.table_file import Built, Progress, build, build_table, first_rows
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
class Origin:
    """Where on the Hugging Face hub a dataset comes from. revision: the commit. licence: as its page says, or ""."""

    hub: str
    revision: str
    configuration: str
    split: str
    licence: str = ""


@dataclass(frozen=True)
class Facts:
    """What was found in a file; `bytes` is its size, `notes` are plain sentences.

    dropped: rows that had to be left out. sheet: the sheet of a workbook that was read, "" for other files.
    origin: None for a file that a person brought.
    """

    format: str
    encoding: str
    rows: int
    columns: list[str]
    bytes: int
    notes: list[str] = field(default_factory=list)
    dropped: int = 0
    sheet: str = ""
    origin: Origin | None = None


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

    @property
    def table(self) -> Path:
        """Its rows as Parquet, all columns text; for reading in parts what is too big for `frame`."""
        return self.folder / "table.parquet"

    @property
    def dropped(self) -> Path | None:
        """A CSV of the rows that had to be left out (line, reason, text); None when there are none."""
        path = self.folder / "dropped.csv"
        return path if path.exists() else None

    def frame(self) -> pandas.DataFrame:
        """All rows; every cell is a str, "" where the file has nothing."""
        return pandas.read_parquet(self.table)

    def head(self, rows: int) -> pandas.DataFrame:
        """The first rows, at most so many, without reading the others."""
        return first_rows(self.table, rows)


def add_file(
    workspace: Workspace,
    path: Path | str,
    name: str | None = None,
    sheet: str | None = None,
    watch: Callable[[Progress], None] | None = None,
) -> Dataset:
    """Take a file into the home. The same content under the same name is taken in once.

    sheet: of a workbook; None for the first one with cells. watch: called after each part that was read; what it
    raises, such as Cancelled, goes to the caller. Raises StudioError when the file cannot be read. In both cases
    nothing is left behind.
    """
    path = Path(path)
    name = clean_name(name or path.name)
    with speaking_of_disk(path):
        size = path.stat().st_size
    table = build_table(workspace.scratch, path, name, sheet, watch or (lambda progress: None))
    return keep(workspace, table, path, size, name)


def add_opened(
    workspace: Workspace,
    open_in: Callable[[Path], Opened],
    name: str,
    origin: Origin,
    watch: Callable[[Progress], None],
) -> Dataset:
    """Take in rows that do not come from one file here: the table made of them stands for the untouched file.

    open_in: see `build`. name: ends in .parquet. Raises as `add_file` does.
    """
    table = build(workspace.scratch, open_in, watch)
    path = table.folder / "table.parquet"
    return keep(workspace, table, path, path.stat().st_size, clean_name(name), origin)


def keep(workspace: Workspace, table: Built, path: Path, size: int, name: str, origin: Origin | None = None) -> Dataset:
    """Move what was read into its place in the home, with a copy of the file at `path`, or clear it away.

    What was there already is kept as it is; only its name, when it was added, and where on the hub it is from are new.
    """
    try:
        with speaking_of_disk(workspace.datasets):
            digest = copy_and_hash(path, table.folder / f"raw{Path(name).suffix.lower()}")
            facts = Facts(
                table.format,
                table.encoding,
                table.rows,
                table.columns,
                size,
                table.notes,
                table.dropped,
                table.sheet,
                origin,
            )
            folder = (
                workspace.datasets / f"{slug(Path(name).stem)}-{key_of(digest, Path(name).suffix.lower(), table.sheet)}"
            )
            dataset = Dataset(folder.name, name, datetime.now(UTC), digest, facts, folder)
            with FileLock(workspace.locks / "datasets.lock"):  # others may bring the same file at this moment
                return put(workspace, dataset, table.folder)
    finally:
        shutil.rmtree(table.folder, ignore_errors=True)


def put(workspace: Workspace, dataset: Dataset, built: Path) -> Dataset:
    """Move a built folder to where the dataset belongs, unless the same one is there already."""
    if (dataset.folder / "dataset.json").exists():
        # Brought again, it moves to the top of the list. Its table stays, as versions count its rows, and so do
        # the facts, which are that table's: readers may have changed since.
        known = load_dataset(workspace, dataset.id).facts
        dataset = replace(dataset, facts=replace(known, origin=dataset.facts.origin or known.origin))
        describe(dataset, dataset.folder)
    else:
        describe(dataset, built)
        shutil.rmtree(dataset.folder, ignore_errors=True)
        built.rename(dataset.folder)
    return dataset


def copy_and_hash(source: Path, target: Path) -> str:
    """Copy a file; returns the SHA-256 of what was copied, so that both are sure to be of the same bytes."""
    shutil.copyfile(source, target)
    return file_hash(target)


def key_of(digest: str, ending: str, sheet: str) -> str:
    """What tells datasets apart: the file, the ending by which it was read, and the sheet of a workbook."""
    return hashlib.sha256(f"{digest}\n{ending}\n{sheet}".encode()).hexdigest()[:10]


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
        raise StudioError(
            "That dataset is not on this computer.", "Choose another one, or bring the file again.", cause="data_gone"
        )
    known = {each.name for each in fields(Facts)}  # one written by another version may have fewer fields, or more
    facts = {name: value for name, value in document["facts"].items() if name in known}
    if facts.get("origin"):
        facts["origin"] = Origin(**{each.name: facts["origin"].get(each.name, "") for each in fields(Origin)})
    return Dataset(
        folder.name,
        document["name"],
        datetime.fromisoformat(document["added"]),
        document["hash"],
        Facts(**facts),
        folder,
    )


def is_there(workspace: Workspace, id: str) -> bool:
    """Whether there is a dataset of that id in this home."""
    return bool(id) and (workspace.datasets / Path(id).name / "dataset.json").exists()


def beside(dataset: Dataset, id: str) -> Dataset:
    """Another dataset of the same home. Raises StudioError as `load_dataset` does."""
    return load_dataset(Workspace(dataset.folder.parent.parent), id)


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

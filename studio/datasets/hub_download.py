"""Bringing a dataset of the Hugging Face hub: its files one after the other, read by our own readers into one table."""

import gzip
import shutil
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from threading import Thread

import pandas

from studio.datasets.hub import OF_DATASET, Configuration, HubDataset, HubSplit, look
from studio.datasets.hub_labels import named_in_parquet, spelled
from studio.datasets.readers import Dropped, Opened, checked, open_file
from studio.datasets.readers.package import MAX_RATIO, RATIO_FROM
from studio.datasets.store import Dataset, Origin, add_opened, slug
from studio.datasets.table_file import Progress
from studio.errors import StudioError
from studio.hub_errors import speaking_of_hub
from studio.workspace import Workspace

EVERY = 0.25  # seconds between two looks at a download
DOWNLOADING = 0.6  # share of the whole time that a file's download takes; the rest is reading it
BLOCK = 1 << 20
SPARE = 500_000_000  # bytes that must stay free on the disk


def add_hub(
    workspace: Workspace,
    name: str,
    configuration: str = "",
    split: str = "",
    revision: str = "",
    watch: Callable[[Progress], None] | None = None,
) -> Dataset:
    """Take a dataset of the hub into the home, as a Parquet file that all its files of one split are put together in.

    name: “owner/name” or the address of its page. configuration, split: "" for the usual ones, which a note names.
    revision: a commit; "" for the newest. watch: called several times a second; what it raises goes to the caller.
    Raises StudioError, and nothing is left behind: no network, no such dataset, disk too small, unreadable files.
    """
    watch = watch or (lambda progress: None)
    watch(Progress(0, 0.0, pandas.DataFrame(), "Asking the Hugging Face hub what there is."))
    found = look(workspace.scratch, name, revision)
    table, part, chosen = found.choose(configuration, split)
    check_room(workspace.scratch, found.name, part.bytes)
    origin = Origin(found.name, found.revision, table.name, part.name, found.licence)

    def open_in(folder: Path) -> Opened:
        return Files(found, table, part, folder / "download").opened(chosen)

    return add_opened(workspace, open_in, file_name(found.name, table.name, part.name), origin, watch)


def file_name(name: str, configuration: str, split: str) -> str:
    """Such as “owner-name-train.parquet”; the configuration only where it has a name of its own."""
    parts = [*name.split("/"), configuration if configuration != "default" else "", split]
    return "-".join(slug(part) for part in parts if part) + ".parquet"


def check_room(folder: Path, name: str, size: int) -> None:
    """Raise StudioError when the disk cannot take the files, the table made of them and a copy of it."""
    needed, free = 3 * size + SPARE, shutil.disk_usage(folder).free
    if needed > free:
        raise StudioError(
            f"{name} needs about {needed / 1e9:,.1f} GB on the disk while it is brought, and {free / 1e9:,.1f} GB are "
            "free.",
            "Free some space, or choose a smaller configuration or split.",
        )


class Files:
    """The files of a split as one table, downloaded one at a time into a folder that is gone in the end."""

    def __init__(self, found: HubDataset, table: Configuration, part: HubSplit, folder: Path) -> None:
        self.found, self.table, self.part, self.folder = found, table, part, folder
        self.total = max(part.bytes, 1)
        self.before = 0  # bytes of the files that are done
        self.size = 0  # of the one at hand
        self.fetched = 0
        self.now: Opened | None = None

    def opened(self, chosen: str) -> Opened:
        """`chosen` is the first note."""
        opened = Opened("", "", iter(()), [chosen] if chosen else [], share=self.share, doing=self.doing)
        opened.chunks = checked(opened, self.chunks(opened), self.found.name)
        return opened

    def share(self) -> float:
        read = self.now.share() * self.size if self.now else 0.0
        return min(1.0, (self.before + DOWNLOADING * self.fetched + (1 - DOWNLOADING) * read) / self.total)

    def doing(self) -> str:
        if self.now is not None:
            return ""
        return f"Downloading: {(self.before + self.fetched) / 1e6:,.1f} of {self.total / 1e6:,.1f} MB so far."

    def chunks(self, opened: Opened) -> Iterator[pandas.DataFrame]:
        for path, size in self.part.files:
            self.size, self.fetched, self.now = size, 0, None
            yield pandas.DataFrame()
            fetched = yield from self.fetch(path)
            yield from self.read(fetched, PurePosixPath(path).name, opened)
            fetched.unlink()
            self.before += size
        self.size, self.fetched, self.now = 0, 0, None
        shutil.rmtree(self.folder, ignore_errors=True)
        if len(self.part.files) > 1:
            opened.format += f", {len(self.part.files):,} files"
        opened.notes[:] = dict.fromkeys(opened.notes)  # of many files many say the same

    def fetch(self, path: str) -> Generator[pandas.DataFrame, None, Path]:
        """Download one file, unpacked when it was packed with gzip; empty chunks while it goes on. Returns its path."""
        download = Download(self.found, path, self.folder)
        while not download.ended(EVERY):
            self.fetched = min(download.bytes(), self.size)
            yield pandas.DataFrame()
        self.fetched = self.size
        target = download.path()
        if not target.name.lower().endswith(".gz"):
            return target
        unpacked = target.with_name(target.name[:-3])
        for _ in unpack(target, unpacked, f"{PurePosixPath(path).name} of {self.found.name}"):
            yield pandas.DataFrame()
        target.unlink()
        return unpacked

    def read(self, path: Path, name: str, opened: Opened) -> Iterator[pandas.DataFrame]:
        """The chunks of one file, numbers that stand for names replaced by them."""
        inner = self.now = open_file(path, path.name)
        opened.format, opened.encoding = opened.format or inner.format, opened.encoding or inner.encoding
        named = self.table.named or (named_in_parquet(path) if inner.format == "Parquet" else {})
        replaced: dict[str, None] = {}
        for chunk in inner.chunks:
            for column in named.keys() & set(chunk.columns):
                cells = [spelled(cell, named[column]) for cell in chunk[column]]
                if cells != chunk[column].tolist():
                    chunk[column] = pandas.Series(cells, index=chunk.index, dtype="str")
                    replaced[column] = None
            yield chunk
        opened.notes += [
            f"The numbers in “{column}” stand for {len(named[column]):,} names, which were put in their place."
            for column in sorted(replaced)
        ]
        several = len(self.part.files) > 1
        opened.notes += inner.notes
        opened.dropped += [
            Dropped(row.line, f"{name}: {row.reason}" if several else row.reason, row.text) for row in inner.dropped
        ]


class Download:
    """One file on its way, in a thread of its own: whoever waits can look how far it is, and give up."""

    def __init__(self, found: HubDataset, path: str, folder: Path) -> None:
        self.found, self.file, self.folder = found, path, folder
        self.result: Path | None = None
        self.error: Exception | None = None
        self.thread = Thread(target=self.run, daemon=True)  # no exit waits for it
        self.thread.start()

    def run(self) -> None:
        from huggingface_hub import hf_hub_download

        try:
            with speaking_of_hub(self.found.name, OF_DATASET):
                self.result = Path(
                    hf_hub_download(
                        self.found.name,
                        self.file,
                        repo_type="dataset",
                        revision=self.found.revision or None,
                        local_dir=self.folder,
                    )
                )
        except Exception as error:
            self.error = error

    def ended(self, seconds: float) -> bool:
        """Whether it is over, after waiting so long at most."""
        self.thread.join(seconds)
        return not self.thread.is_alive()

    def bytes(self) -> int:
        """How much of it is here."""
        sizes = 0
        with suppress(FileNotFoundError):  # it was whole in this moment
            for file in self.folder.rglob("*.incomplete"):
                sizes += file.stat().st_size
        return sizes

    def path(self) -> Path:
        """The file, once it has ended. Raises StudioError when it could not be had."""
        if isinstance(self.error, StudioError) or (isinstance(self.error, OSError) and self.error.errno):
            raise self.error  # a full disk is spoken of by whoever owns the folder
        if self.error is not None or self.result is None:
            reason = (str(self.error).splitlines() or [""])[0][:150].rstrip(".")
            raise StudioError(
                f"{self.file} of {self.found.name} did not arrive whole ({reason}).", "Try again."
            ) from self.error
        return self.result


def unpack(packed: Path, target: Path, name: str) -> Iterator[None]:
    """Unpack a gzip file, a few MB between two looks. Raises StudioError when it is damaged or grows without end."""
    written, size = 0, packed.stat().st_size
    try:
        with gzip.open(packed) as source, target.open("wb") as file:
            while block := source.read(BLOCK):
                written += len(block)
                if written > RATIO_FROM and written > MAX_RATIO * size:
                    raise StudioError(
                        f"{name} grows to more than {MAX_RATIO} times its size when unpacked; it was not opened.",
                        "Choose another dataset.",
                    )
                if written % (64 * BLOCK) == 0 and shutil.disk_usage(target.parent).free < SPARE:
                    raise StudioError(
                        f"The disk is nearly full with {name}, so it was not unpacked further.",
                        "Free some space and try again.",
                    )
                file.write(block)
                if written % (16 * BLOCK) == 0:
                    yield
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise StudioError(f"{name} is damaged: it could not be unpacked.", "Try again, or choose another.") from error

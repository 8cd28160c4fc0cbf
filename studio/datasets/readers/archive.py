"""Zip archives: the files of one kind in it are put together as one table."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Protocol
from zipfile import ZipFile, ZipInfo

import pandas

from studio.datasets.readers.package import is_link, open_zip, unpack
from studio.datasets.readers.pictures import is_picture
from studio.datasets.readers.table import Dropped, Opened, unique_names
from studio.errors import StudioError

DOCUMENTS = {"text", "pdf", "word", "html"}  # their tables name the file already, in the column `document`


class OpenOne(Protocol):
    def __call__(self, path: Path, name: str) -> Opened: ...


def open_file(path: Path, name: str, kinds: dict[str, str], open_one: OpenOne) -> Opened:
    """Rows of all files of one kind in an archive, with a column naming the file.

    kinds: from the end of a file's name to its kind, such as {".csv": "csv"}. Tables go before documents, and the
    kind with most bytes before others; what is left out is said. Nothing is written but one file at a time, under a
    name of our own, in a temporary folder. Pictures stay where they are until a version needs them
    (studio.datasets.pictures).
    """
    archive = open_zip(path, name)
    groups: dict[str, list[ZipInfo]] = defaultdict(list)
    others: list[str] = []
    pictures = 0
    for member in archive.infolist():
        inner = PurePosixPath(member.filename.replace("\\", "/"))
        if member.is_dir() or is_link(member) or inner.name.startswith(".") or "__MACOSX" in inner.parts:
            continue
        kind = kinds.get(inner.suffix.lower())
        if kind is None and is_picture(inner.name):
            pictures += 1
        elif kind is None:
            others.append(inner.name)
        else:
            groups[kind].append(member)
    if not groups:
        if pictures and not others:
            raise StudioError(
                f"{name} holds pictures alone, and nothing says what is to be learned about them.",
                "Add a table in which one column names a picture and another says what the answer is.",
            )
        inside = f" It holds: {', '.join(others[:5])}." if others else ""
        raise StudioError(
            f"{name} holds no file that can be read here.{inside}",
            "A .zip inside a .zip is not opened. Unpack it yourself and bring the files.",
        )
    chosen = max(groups, key=lambda kind: (kind not in DOCUMENTS, sum(m.file_size for m in groups[kind])))
    opened = Opened("", "", iter(()))
    left = others + [PurePosixPath(m.filename).name for kind in groups if kind != chosen for m in groups[kind]]
    if pictures:
        opened.notes.append(f"{pictures:,} {'picture' if pictures == 1 else 'pictures'} in {name} can be learned from.")
    if left:
        opened.notes.append(
            f"Other files in {name} were left out: {', '.join(left[:5])}{'…' if len(left) > 5 else ''}."
        )
    reading = Members(archive, name, groups[chosen], open_one, opened, chosen in DOCUMENTS)
    opened.share = reading.share
    opened.chunks = reading.chunks()
    # The first file is opened now, so that format and encoding are known.
    first = next(opened.chunks, None)
    opened.chunks = reading.from_first(first, opened.chunks)
    return opened


class Members:
    """The files of an archive, unpacked and read one after the other."""

    def __init__(
        self, archive: ZipFile, name: str, members: list[ZipInfo], open_one: OpenOne, opened: Opened, documents: bool
    ) -> None:
        self.archive, self.name, self.members, self.open_one = archive, name, members, open_one
        self.opened, self.documents = opened, documents
        self.total = max(sum(member.file_size for member in members), 1)
        self.done = 0.0
        self.now: tuple[Opened, int] | None = None

    def share(self) -> float:
        current = self.now[0].share() * self.now[1] if self.now else 0.0
        return min(1.0, (self.done + current) / self.total)

    def from_first(
        self, first: pandas.DataFrame | None, rest: Iterator[pandas.DataFrame]
    ) -> Iterator[pandas.DataFrame]:
        if first is not None:
            yield first
        yield from rest

    def chunks(self) -> Iterator[pandas.DataFrame]:
        failed: list[StudioError] = []
        read = 0
        with self.archive, TemporaryDirectory(prefix="unpacked-") as folder:
            for number, member in enumerate(self.members):
                inner = member.filename.replace("\\", "/").lstrip("/")
                target = Path(folder) / f"{number}{PurePosixPath(inner).suffix.lower()}"
                try:
                    with target.open("wb") as file:
                        unpack(self.archive, member, file, f"{inner} in {self.name}")
                    for chunk in self.one(target, inner, member.file_size):
                        read += len(chunk)
                        yield chunk
                except StudioError as error:
                    if not self.documents:
                        raise
                    failed.append(error)  # one damaged document among many is no reason to leave out all
                target.unlink()
                self.done, self.now = self.done + member.file_size, None
        if failed and not read:
            raise failed[0]
        self.opened.notes.extend(f"A file was left out. {each.message}" for each in failed[:5])
        if len(failed) > 5:
            self.opened.notes.append(f"{len(failed) - 5:,} more files were left out for reasons like these.")
        self.opened.format += f", {len(self.members):,} in a .zip"

    def one(self, target: Path, inner: str, size: int) -> Iterator[pandas.DataFrame]:
        """The chunks of one file; what is said about it is said of the archive, with the file's name."""
        opened = self.open_one(target, inner)
        self.now = (opened, size)
        self.opened.format = self.opened.format or opened.format
        self.opened.encoding = self.opened.encoding or opened.encoding
        for chunk in opened.chunks:
            if not self.documents and len(chunk.columns):
                chunk.insert(0, unique_names([*map(str, chunk.columns), "file"])[-1], inner)
            yield chunk
        several = len(self.members) > 1
        self.opened.notes.extend(f"{inner}: {note}" if several else note for note in opened.notes)
        self.opened.dropped.extend(
            Dropped(row.line, f"{inner}: {row.reason}" if several else row.reason, row.text) for row in opened.dropped
        )

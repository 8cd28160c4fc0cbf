"""Zip archives from strangers, which .xlsx and .docx files are too: looked at before anything is unpacked."""

import lzma
import stat
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

from studio.errors import StudioError

MAX_FILES = 10_000
MAX_UNPACKED = 2_000_000_000  # bytes of all files together
MAX_RATIO = 200  # unpacked to packed; repetitive tables reach about 50
RATIO_FROM = 50_000_000  # bytes unpacked from which the ratio counts: below, no harm can be done
MAX_PART = 100_000_000  # bytes of one part of an Office file that is held in memory as a whole
BLOCK = 1 << 20
SMALLER = "Unpack it yourself and bring only the files with your rows."
# What zipfile raises for archives that are damaged or made to deceive.
BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError, ValueError)
OLD_OFFICE = b"\xd0\xcf\x11\xe0"  # .xls and .doc; also what Office wraps a locked file in


def open_zip(path: Path, name: str) -> zipfile.ZipFile:
    """The archive, after its list of contents was checked. Raises StudioError for bombs and locked archives."""
    try:
        archive = zipfile.ZipFile(path)
        members = archive.infolist()
    except BROKEN as error:
        raise damaged(name) from error
    unpacked = sum(member.file_size for member in members)
    packed = max(sum(member.compress_size for member in members), 1)
    if len(members) > MAX_FILES:
        raise StudioError(f"{name} holds {len(members):,} files, and at most {MAX_FILES:,} can be read.", SMALLER)
    if unpacked > MAX_UNPACKED:
        raise too_big(name)
    if unpacked > RATIO_FROM and unpacked / min(packed, path.stat().st_size) > MAX_RATIO:
        raise StudioError(
            f"{name} would grow to {unpacked / 1e6:,.0f} MB, over {MAX_RATIO} times its size; it was not opened.",
            SMALLER,
        )
    if any(member.flag_bits & 1 for member in members):
        raise StudioError(f"{name} is locked with a password.", "Unpack it yourself and bring the files.")
    return archive


def damaged(name: str) -> StudioError:
    return StudioError(f"{name} is damaged: it could not be unpacked.", "Copy or download it again and bring it anew.")


def too_big(name: str) -> StudioError:
    return StudioError(f"{name} holds more than {MAX_UNPACKED / 1e9:.0f} GB when unpacked.", SMALLER)


def unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: BinaryIO, name: str) -> None:
    """Write one file of the archive to `target`. It may not be longer than it declares to be."""
    written = 0
    try:
        with archive.open(member) as source:
            while block := source.read(BLOCK):
                written += len(block)
                if written > member.file_size:
                    raise damaged(name)
                target.write(block)
    except BROKEN as error:
        raise damaged(name) from error


def is_link(member: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(member.external_attr >> 16)


def check_package(path: Path, name: str, folder: str, what: str, streamed: str = "-") -> None:
    """Raise StudioError unless this is an Office file of that kind, such as “a Word document”, fit to be opened.

    streamed: folder of the parts that are not held in memory, so that their size does not matter.
    """
    with path.open("rb") as file:
        start = file.read(4)
    if start == OLD_OFFICE:
        raise StudioError(
            f"{name} is locked with a password, or was saved in the format of before 2007.",
            "Open it, take the password off, save it in today's format, and bring it again.",
        )
    if start[:2] != b"PK":
        raise StudioError(f"{name} is not {what}, although its name says so.", "Open it and save it again.")
    with open_zip(path, name) as archive:
        if not any(member.filename.startswith(folder) for member in archive.infolist()):
            raise StudioError(f"{name} is not {what}, although its name says so.", "Open it and save it again.")
        for member in archive.infolist():
            if member.file_size > MAX_PART and not member.filename.startswith(streamed):
                raise StudioError(f"{name} is too big: a part of it has {member.file_size / 1e6:,.0f} MB.", SMALLER)
            refuse_entities(archive, member, name)


def refuse_entities(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> None:
    """Office never defines entities; a part that does means to blow up whoever reads it."""
    if not member.filename.endswith((".xml", ".rels")):
        return
    try:
        with archive.open(member) as source:
            head = source.read(4096)
    except BROKEN as error:
        raise damaged(name) from error
    text = head.replace(b"\0", b"").lower()  # without NULs, UTF-16 reads like ASCII
    if b"<!doctype" in text or b"<!entity" in text:
        raise StudioError(
            f"{name} holds instructions that Office files never have, so it was not opened.",
            "Save it anew in the program it came from.",
        )

"""The pictures that rows are about: found where the table says, looked at, and kept under the name of their contents.

A row names its picture by a file inside the .zip that it came in, or by a whole path on this computer. What is kept
lies beside the untouched file, so that a version does not change when somebody changes a picture; and as the name is
made of the contents, two rows on the same picture can be told by it.
"""

import hashlib
import io
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

import pandas

from studio.datasets.readers.package import is_link, open_zip, unpack
from studio.datasets.readers.pictures import is_picture
from studio.datasets.store import Dataset
from studio.errors import StudioError
from studio.workspace import speaking_of_disk, write_atomic

FORMATS = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp"}  # of Pillow; no other of its readers is ever asked
MAX_BYTES = 50_000_000
MAX_DOTS = 50_000_000
FOLDER = "pictures"


class Unseen(Exception):
    """A picture that cannot be used; its text says why, as a clause for people."""


def with_pictures(
    dataset: Dataset, rows: pandas.DataFrame, folder: Path
) -> tuple[pandas.DataFrame, list[tuple[int, str]]]:
    """The rows whose picture can be used, `label` naming what is kept of it; and how many were left out, with reasons.

    rows: of the kind “picture”, `label` being what stands in the table of the dataset. folder: that of the dataset
    whose version they become part of. Raises StudioError when the disk is full.
    """
    folder = folder / FOLDER
    with speaking_of_disk(folder):
        folder.mkdir(exist_ok=True)
    archive = open_zip(dataset.raw, dataset.name) if dataset.raw.suffix == ".zip" else None
    find = in_zip(archive) if archive else on_disk
    kept: dict[str, str] = {}
    reasons: dict[str, str] = {}
    try:
        for name in rows["label"].unique():
            try:
                kept[name] = keep(folder, find(name))
            except Unseen as problem:
                reasons[name] = str(problem)
    finally:
        if archive:
            archive.close()
    left_out = Counter(reasons[name] for name in rows["label"] if name in reasons)
    seen = rows[rows["label"].isin(list(kept))].reset_index(drop=True)
    seen["label"] = seen["label"].map(kept).astype("str")
    return seen, [(count, reason) for reason, count in left_out.most_common()]


def picture_file(version_folder: Path, name: str) -> Path:
    """Where the picture of a row of a version is. name: the row's `label`."""
    return version_folder.parent.parent / FOLDER / Path(name).name


def keep(folder: Path, content: bytes) -> str:
    """Write a picture under the name of its contents, if it can be read; returns that name. Raises Unseen."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=list(FORMATS)) as picture:
            if picture.width * picture.height > MAX_DOTS:
                raise Unseen(f"its picture has more than {MAX_DOTS / 1e6:.0f} million dots")
            picture.load()  # a file that was cut off is noticed only here
            ending = FORMATS[str(picture.format)]
    except Unseen:
        raise
    except Exception as error:  # whatever a damaged file makes the library raise
        raise Unseen("its picture cannot be read") from error
    name = f"{hashlib.sha256(content).hexdigest()[:20]}{ending}"
    if not (folder / name).exists():
        write_atomic(folder / name, content)
    return name


def on_disk(name: str) -> bytes:
    path = Path(name).expanduser()
    if not path.is_absolute():
        raise Unseen("its picture is named without its folder; bring table and pictures in one .zip")
    try:
        if not path.is_file():
            raise Unseen("its picture is not on this computer")
        if path.stat().st_size > MAX_BYTES:
            raise Unseen(f"its picture has more than {MAX_BYTES / 1e6:.0f} MB")
        return path.read_bytes()
    except OSError as error:
        raise Unseen("its picture cannot be read") from error


def in_zip(archive: ZipFile) -> Callable[[str], bytes]:
    """Finds pictures in an archive: by their whole name in it, else by the end of that name where only one has it."""
    members = {plain(one.filename): one for one in archive.infolist() if not one.is_dir() and not is_link(one)}
    ends: dict[str, list[str]] = defaultdict(list)
    for name in members:
        if is_picture(name):
            ends[PurePosixPath(name).name].append(name)

    def find(name: str) -> bytes:
        wanted = plain(name)
        found = [wanted] if wanted in members else []
        if not found:
            same = ends[PurePosixPath(wanted).name]
            # A table often names a picture from a folder above or below, or by where it once lay on a disk.
            found = [one for one in same if one.endswith(f"/{wanted}") or wanted.endswith(f"/{one}")] or same
        if len(found) != 1:
            raise Unseen("several pictures in the .zip have its name" if found else "its picture is not in the .zip")
        member = members[found[0]]
        if member.file_size > MAX_BYTES:
            raise Unseen(f"its picture has more than {MAX_BYTES / 1e6:.0f} MB")
        target = io.BytesIO()
        try:
            unpack(archive, member, target, found[0])
        except StudioError as error:
            raise Unseen("its picture cannot be read") from error
        return target.getvalue()

    return find


def plain(name: str) -> str:
    """A name in an archive as it can be compared: slashes forward, none in front."""
    return str(PurePosixPath(name.strip().replace("\\", "/"))).lstrip("/")

"""Where things live on disk, and how they are written so that a crash leaves the old or the new file."""

import errno
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.errors import StudioError

ASSETS = Path(__file__).resolve().parent.parent / "assets"
PRESETS = Path(__file__).resolve().parent.parent / "presets"


@dataclass(frozen=True)
class Workspace:
    """One studio home: every file the studio writes lies below `home`."""

    home: Path

    @property
    def models(self) -> Path:
        return self.home / "models"

    @property
    def datasets(self) -> Path:
        return self.home / "datasets"

    @property
    def runs(self) -> Path:
        return self.home / "runs"

    @property
    def locks(self) -> Path:
        return self.home / "locks"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def scratch(self) -> Path:
        return self.home / "scratch"


def default_home() -> Path:
    """`TUNESMITH_HOME`, else `~/Tunesmith`: a folder that a person can see and find again."""
    return Path(os.environ.get("TUNESMITH_HOME") or Path.home() / "Tunesmith")


def open_workspace(home: Path | str | None = None) -> Workspace:
    """Make the folders of a home, or say why that cannot be done.

    Raises StudioError when the place is not a folder, is not writable or is full.
    """
    workspace = Workspace(Path(home or default_home()).expanduser().resolve())
    folders = ("models", "datasets", "runs", "locks", "logs", "scratch")
    with speaking_of_disk(workspace.home):
        for name in folders:
            (workspace.home / name).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=workspace.home):
            pass
    return workspace


class speaking_of_disk:  # used like a function: `with speaking_of_disk(path):`
    """Turn an operating system's refusal to write at `place` into a StudioError that says what to do."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            raise disk_error(error, self.place) from error


def disk_error(error: OSError, place: Path) -> StudioError:
    """The sentence for an OSError met while reading or writing at `place`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StudioError(
            f"The disk is full, so nothing more could be written in {place}. What was there before is whole.",
            "Free some space (old runs in History are a good start) and try again.",
            cause="disk_full",
            evidence=room_words(place),
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StudioError(
            f"This computer does not let the studio use {place}.",
            "Choose a folder of your own with --home, or change the folder's permissions.",
            cause="not_writable",
            evidence=f"The system's answer was “{error.strerror}” (error {error.errno}).",
        )
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return StudioError(f"{place} is a file, and a folder is needed.", "Name another place with --home.")
    if error.errno == errno.ENOENT:
        return StudioError(f"{place} is not there.", "Check the name, or choose the file again.")
    return StudioError(f"{place} could not be used: {error.strerror or error}.", "Try another place or file.")


def room_words(place: Path) -> str:
    """How much room the disk of a place has, as a sentence; "" where it cannot be told."""
    there = next((folder for folder in (place, *place.absolute().parents) if folder.exists()), None)
    try:
        room = shutil.disk_usage(there or place)
    except OSError:
        return ""
    return f"Of {room.total / 1e9:,.1f} GB on that disk, {room.free / 1e9:,.2f} GB are free."


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write a whole file: into a neighbour first, then renamed, so that no reader ever meets half of it."""
    data = content.encode() if isinstance(content, str) else content
    with speaking_of_disk(path):
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def write_json(path: Path, value: Any) -> None:
    write_atomic(path, json.dumps(value, ensure_ascii=False, indent=1))


def read_json(path: Path, default: Any = None) -> Any:
    """The document at `path`; `default` when it is missing or damaged (a snapshot can always be made again)."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError, json.JSONDecodeError, UnicodeDecodeError):
        return default

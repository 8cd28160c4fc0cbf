"""The points of a run that can be gone back to: folders that are either whole or not there."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.workspace import read_json, write_json

SEAL = "whole.json"  # written last: the sizes of all other files, and what the run was made of
COUNTS = "counts.json"  # tokens read and learned from so far


@dataclass(frozen=True)
class Point:
    """One saved point. made_of: what the run was made of when it was saved, by name."""

    folder: Path
    step: int
    made_of: dict[str, Any]


def folder_of(checkpoints: Path, step: int) -> Path:
    """Where the Trainer saves the point of a step."""
    return checkpoints / f"checkpoint-{step}"


def seal(folder: Path, made_of: dict[str, Any]) -> None:
    """Say of a folder that all of it is there. Whatever was written is on the disk when this returns."""
    sizes = {}
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            sizes[file.relative_to(folder).as_posix()] = file.stat().st_size
            with file.open("rb") as written:
                os.fsync(written.fileno())
    write_json(folder / SEAL, {"files": sizes, "made_of": made_of})


def points(checkpoints: Path) -> list[Point]:
    """The whole ones below this folder, the oldest first. A half-written or damaged one is no point."""
    found = []
    for folder in checkpoints.glob("checkpoint-*"):
        number = folder.name.rpartition("-")[2]
        written = read_json(folder / SEAL)
        if number.isdigit() and isinstance(written, dict) and is_whole(folder, written.get("files") or {}):
            found.append(Point(folder, int(number), written.get("made_of") or {}))
    return sorted(found, key=lambda point: point.step)


def clear_broken(checkpoints: Path) -> None:
    """Remove the folders that are no whole points."""
    whole = {point.folder for point in points(checkpoints)}
    for folder in checkpoints.glob("checkpoint-*"):
        if folder not in whole:
            shutil.rmtree(folder, ignore_errors=True)


def is_whole(folder: Path, files: dict[str, int]) -> bool:
    try:
        return bool(files) and all((folder / name).stat().st_size == size for name, size in files.items())
    except OSError:
        return False

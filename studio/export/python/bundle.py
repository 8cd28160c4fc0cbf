"""The copy of a run as Python, made in a process of its own, and how far it is: for anybody who looks."""

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from studio.processes import is_alive, last_line, start_detached
from studio.training.run import Run
from studio.workspace import read_json, speaking_of_disk, write_json

FOLDER = "python"  # in the run's folder


@dataclass(frozen=True)
class CopyState:
    """status: none, working, ready or failed. script: the lines. where: what stands for a path in them, and the path.

    rows: how many the zip holds. carries: what else of the person's is in it, in words. error, hint: a StudioError's.
    """

    status: str = "none"
    script: str = ""
    zip: Path | None = None
    megabytes: float = 0.0
    rows: int = 0
    carries: tuple[str, ...] = ()
    where: tuple[tuple[str, str], ...] = ()
    error: str = ""
    hint: str = ""


def copy_state(run: Run) -> CopyState:
    """How far the copy of a run is."""
    folder = run.folder / FOLDER
    try:
        file = os.stat(folder / "state.json")
    except OSError:
        return CopyState()
    state = written(folder / "state.json", file.st_ino, file.st_mtime_ns)
    who = read_json(folder / "process.json") if state.status == "working" else None
    if who and not is_alive(who):
        words = last_line(folder / "output.log")
        return CopyState("failed", error=f"The program that writes the copy ended unexpectedly. {words}")
    return state


@lru_cache(maxsize=512)
def written(file: Path, number: int, changed: int) -> CopyState:
    """What stands in a file of that number and time: it is asked for each second."""
    document: dict[str, Any] = read_json(file) or {}
    where = tuple((str(name), str(place)) for name, place in document.pop("where", []))
    carries = tuple(document.pop("carries", []))
    archive = Path(document["zip"]) if document.get("zip") else None
    return CopyState(**{**document, "zip": archive, "where": where, "carries": carries})


def start_copy(run: Run) -> None:
    """Begin to write the copy, in the background, unless that is going on."""
    if copy_state(run).status == "working":
        return
    folder = run.folder / FOLDER
    with speaking_of_disk(folder):
        folder.mkdir(exist_ok=True)
    (folder / "process.json").unlink(missing_ok=True)
    record(run, status="working")
    write_json(
        folder / "process.json",
        start_detached("studio.export.python.worker", str(run.folder), log=folder / "output.log"),
    )


def record(run: Run, **fields: Any) -> None:
    write_json(run.folder / FOLDER / "state.json", fields)

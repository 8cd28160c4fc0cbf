"""view.json in a run's folder: its view and how much of its log that covers, so that nobody reads the log again.

Two lines of JSON: the facts, and after them the curves and the log, which take longer to read. It is an index: it can
always be made again from events.jsonl, and one that does not belong to it, or of another edition, is passed over.
"""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from studio.errors import StudioError
from studio.training.events import parse
from studio.training.view import RunView
from studio.workspace import write_atomic

NAME = "view.json"
VIEW = TypeAdapter(RunView)
# Another one when views have other fields. Raise the number when the same events come to mean something else.
EDITION = "1-" + hashlib.sha256(json.dumps(VIEW.json_schema(), sort_keys=True).encode()).hexdigest()[:12]
MARK = 4096  # bytes at the beginning and before the end of what was read, by which a log is known again


def save(folder: Path, view: RunView, offset: int) -> bool:
    """Write down the view of the log's first `offset` bytes. False where the disk refuses: it is read again then."""
    facts = VIEW.dump_python(at_a_glance(view), mode="json")
    rest = VIEW.dump_python(RunView(series=view.series, log=view.log), mode="json", include={"series", "log"})
    covers = {"edition": EDITION, "bytes": offset, "mark": mark(folder / "events.jsonl", offset)}
    try:
        write_atomic(folder / NAME, json.dumps({**covers, "view": facts}) + "\n" + json.dumps(rest) + "\n")
    except StudioError:
        return False
    return True


def at_a_glance(view: RunView) -> RunView:
    """A view without its curves and its log."""
    return replace(view, series={}, log=[])


def load_facts(folder: Path) -> tuple[RunView, int] | None:
    """The view without curves and log, and the bytes of the log that it covers; None where there is none."""
    return load(folder, 1)


def load_all(folder: Path) -> tuple[RunView, int] | None:
    """The whole view, and the bytes of the log that it covers; None where there is none."""
    return load(folder, 2)


def load(folder: Path, lines: int) -> tuple[RunView, int] | None:
    try:
        with (folder / NAME).open("rb") as file:
            facts, *rest = [parse(file.readline()) for _ in range(lines)]
        offset = int(facts["bytes"])
        if facts["edition"] != EDITION or facts["mark"] != mark(folder / "events.jsonl", offset):
            return None
        fields: dict[str, Any] = facts["view"]
        return VIEW.validate_python(fields | (rest[0] if rest else {})), offset
    except (OSError, ValueError, KeyError, TypeError, ValidationError):
        return None  # not there, cut, damaged, or somebody else's


def mark(log: Path, offset: int) -> str:
    """By what a log is known again, up to byte `offset`; "" for one that is shorter."""
    try:
        with log.open("rb") as file:
            first = file.read(min(offset, MARK))
            file.seek(max(0, offset - MARK))
            last = file.read(min(offset, MARK))
            whole = file.tell() == offset
    except FileNotFoundError:
        return ""
    return hashlib.sha256(first + last).hexdigest() if whole else ""

"""The event log of a run: one JSON object a line, written by the worker, read by everybody."""

import json
import time
from pathlib import Path
from typing import Any

Event = dict[str, Any]


class EventLog:
    """The worker's end: appends whole lines."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, kind: str, **fields: Any) -> None:
        line = json.dumps({"at": round(time.time(), 3), "kind": kind, **fields}, ensure_ascii=False)
        with self.path.open("ab") as file:
            file.write(line.encode() + b"\n")


def read_events(path: Path, offset: int = 0) -> tuple[list[Event], int]:
    """Events after byte `offset`, and the offset behind the last whole line.

    A line that is still being written is left for the next time; a damaged one (a crash, a full disk) is
    passed over.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read()
    except FileNotFoundError:
        return [], offset
    whole = data[: data.rfind(b"\n") + 1]
    events = []
    for line in whole.splitlines():
        try:
            event = json.loads(line)
        except (json.JSONDecodeError, UnicodeDecodeError):
            continue
        if isinstance(event, dict) and "kind" in event and "at" in event:
            events.append(event)
    return events, offset + len(whole)

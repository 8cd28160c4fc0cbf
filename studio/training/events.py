"""The event log of a run: one JSON object a line, written by the worker, read by everybody."""

import json
import math
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import orjson

Event = dict[str, Any]
PIECE = 1_000_000  # bytes that are read at once; a log of 100,000 steps has 30 million


class EventLog:
    """The worker's end: appends whole lines.

    muted: of a run's several processes only the first writes, and in the others this is True for all logs.
    """

    muted = False

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, kind: str, **fields: Any) -> None:
        if EventLog.muted:
            return
        line = json.dumps({"at": round(time.time(), 3), "kind": kind, **fields}, ensure_ascii=False)
        with self.path.open("a+b") as file:
            if file.tell() and not ends_a_line(file):  # a full disk or a crash has cut the last one off
                line = "\n" + line
            file.write(line.encode() + b"\n")


def ends_a_line(file: BinaryIO) -> bool:
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"


def read_events(path: Path, offset: int = 0) -> tuple[list[Event], int]:
    """Events after byte `offset`, and the offset behind the last whole line.

    A line that is still being written is left for the next time; a damaged one (a crash, a full disk) is
    passed over.
    """
    events = []
    for piece, end in in_pieces(path, offset):
        events += piece
        offset = end
    return events, offset


def in_pieces(path: Path, offset: int = 0) -> Iterator[tuple[list[Event], int]]:
    """The same in pieces of the log, so that a long one is never in memory whole: events and the offset behind them."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        file.seek(offset)
        rest = b""
        while data := file.read(PIECE):
            data = rest + data
            whole = data[: data.rfind(b"\n") + 1]
            rest = data[len(whole) :]
            if whole:
                offset += len(whole)
                yield events_in(whole), offset


def events_in(lines: bytes) -> list[Event]:
    """The events in whole lines; damaged ones are passed over."""
    events = []
    for line in lines.splitlines():
        try:
            event = parse(line)
        except ValueError:
            continue
        if isinstance(event, dict) and "kind" in event and "at" in event:
            events.append(event)
    return events


def parse(line: bytes) -> Any:
    """A line of JSON. Raises ValueError."""
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return json.loads(line)  # which knows NaN and Infinity, as Python writes them


def figures(path: Path, name: str) -> list[float]:
    """A figure of every `step` event, in their order: those that a view's curve keeps are not all of them."""
    found = [event.get(name) for events, _ in in_pieces(path) for event in events if event["kind"] == "step"]
    return [value for value in found if value is not None and math.isfinite(value)]

"""What a run's process tells beside its events: whether it waits, works, or died without a word."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from studio.processes import is_alive, last_line
from studio.training.events import read_events
from studio.training.failures.death import death
from studio.training.owner import is_owned
from studio.training.view import ENDINGS, FINAL, Failure, RunView, take_back
from studio.workspace import read_json


def look_at_process(folder: Path, view: RunView, offset: int = 0) -> None:
    """Whether the worker lives; a death without a last word becomes a failure with the log's last line.

    offset: the byte up to which its events have been folded.
    """
    who = read_json(folder / "process.json")
    before = view.status
    stop = (folder / "stop").exists()
    if view.held_up and not is_alive(who):
        who = None  # it died while it waited, so the run has lost nothing and waits on
    if who is None and view.started is not None:
        return  # the worker has spoken, and its starter is about to write down who it is
    if who is None and stop:  # taken out of the queue before its turn came
        if view.mode:
            take_back(view)
        else:
            view.status = "paused" if view.turns else "discarded"
            view.phase = ENDINGS[view.status]
    elif who is None or (view.held_up and not stop):
        view.status = "waiting"
    elif is_alive(who) or is_owned(folder):  # a second worker, started beside the first, may have come and gone
        view.status = "stopping" if stop else "running" if view.step or view.steps else "starting"
        if view.started is None:
            view.started = datetime.fromtimestamp(psutil.boot_time() + who.get("since", who["created"]), UTC)
            view.version += 1
    else:
        # Its last event may have been written between our reading and our looking.
        events, _ = read_events(folder / "events.jsonl", offset)
        if events and events[-1]["kind"] in FINAL:
            return
        view.status = "failed"
        view.ended = last_sign_of_life(folder)
        view.error = found_dead(folder, who, view)
        view.phase = ENDINGS["failed"]
        view.log.append((view.ended, view.error.message))
    if view.status != before:
        view.version += 1


def last_sign_of_life(folder: Path) -> datetime:
    written = [f.stat().st_mtime for f in (folder / "events.jsonl", folder / "process.json") if f.exists()]
    return datetime.fromtimestamp(max(written), UTC)


def found_dead(folder: Path, who: dict[str, Any], view: RunView) -> Failure:
    where = f"at step {view.step} of {view.steps}" if view.step else "before its first step"
    found = death(folder, who, where, view.memory_gb)
    return Failure(found.message, found.hint, last_line(folder / "output.log"), found.cause, found.evidence)

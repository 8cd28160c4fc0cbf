"""How long it takes until the first step: told from how long each phase before it took in earlier runs here."""

from datetime import UTC, datetime
from statistics import median
from typing import Any

from studio.errors import StudioError
from studio.training.events import Event, read_events
from studio.training.run import Run
from studio.training.view import RunView
from studio.workspace import Workspace, read_json, write_json

BOOK = "starts.json"  # in the home: of each kind of run the phases of the last few, {phase: seconds}
RUNS_KEPT = 5
FETCHING = ("Downloading", "Fetching", "Unpacking", "Waiting for")  # a model that was not here yet: that happens once

Phases = dict[str, float]


def kind_of(model: str, method: str, rows: int, device: str, devices: int = 1, ready: bool = False) -> str:
    """Runs of one kind take about as long to begin: the same model and method, and as many digits of training rows.

    ready: whether the worker had made its imports before it got the run.
    """
    return f"{model}|{method}|{len(str(rows))}|{device}|{devices}" + ("|ready" if ready else "")


def measured(events: list[Event]) -> Phases:
    """Seconds of each phase from when the last worker got the device to its first step; empty where it took none."""
    found: Phases = {}
    phase, since = "", 0.0
    for event in events:
        if event["kind"] == "device":
            found = {}
            phase, since = "Starting", event["at"]
        elif phase and event["kind"] in ("phase", "step"):
            found[phase] = round(found.get(phase, 0.0) + event["at"] - since, 3)
            if event["kind"] == "step":
                return {name: seconds for name, seconds in found.items() if not name.startswith(FETCHING)}
            phase, since = event["text"], event["at"]
    return {}


def note_down(run: Run, kind: str) -> None:
    """Keep what this run's phases took, for later runs of this kind."""
    phases = measured(read_events(run.events)[0])
    if not phases:
        return
    book = read(run.workspace)
    book[kind] = [*book.get(kind, []), phases][-RUNS_KEPT:]
    try:
        write_json(run.workspace.home / BOOK, book)
    except StudioError as error:  # no reason to end a run
        print(f"How long it took to begin was not kept. {error.message}")


def expected(workspace: Workspace, kind: str) -> Phases:
    """Seconds that each phase will take, in the order of the last run of this kind; empty without one."""
    known = read(workspace).get(kind, [])
    return {name: median(run[name] for run in known if name in run) for name in known[-1]} if known else {}


def read(workspace: Workspace) -> dict[str, list[Phases]]:
    book: Any = read_json(workspace.home / BOOK)
    known = book.items() if isinstance(book, dict) else ()
    return {kind: runs for kind, runs in known if isinstance(runs, list) and all(isinstance(run, dict) for run in runs)}


def seconds_to_first_step(view: RunView) -> float | None:
    """What is left of the phases that were measured; None without any, in a phase that was not, and once it trains.

    A phase that takes longer than it did leaves what comes after it.
    """
    if not view.live or view.status == "stopping" or view.step or view.phase not in view.expected:
        return None
    names = list(view.expected)
    now = datetime.now(UTC)
    gone = (now - (view.phase_since or now)).total_seconds()
    later = sum(view.expected[name] for name in names[names.index(view.phase) + 1 :])
    return later + max(0.0, view.expected[view.phase] - gone)

"""All figures of a run as one table: a row for each step, every step, for a spreadsheet or a program."""

import csv
from pathlib import Path
from typing import Any

from studio.datasets.downloads import FORMULA_SIGNS
from studio.datasets.store import slug
from studio.training.events import Event, read_events
from studio.training.run import Run
from studio.training.view import SERIES
from studio.workspace import speaking_of_disk

MEASURED = tuple(name for name in SERIES if name != "validation")  # at each step; `validation` is the loss of a check
Row = dict[str, Any]


def write_curves(run: Run, folder: Path) -> Path:
    """Write NAME-curves.csv into `folder` and return its path. UTF-8 with a mark, which Excel needs to see.

    Columns: step, epoch, seconds (of work since the run began, what was lost to a resume included), then each figure
    that was measured, those on the check rows under “check_NAME”. Values are not rounded; what was not measured at a
    step is an empty cell, and what was not a number is “nan” or “inf”.
    """
    events, _ = read_events(run.events)
    table = rows_of(events)
    columns = list(dict.fromkeys(name for row in table for name in row))
    first = ["step", "epoch", "seconds", *(name for name in MEASURED if name in columns)]
    checks = [name for name in columns if name.startswith("check_")]
    others = [name for name in columns if name not in (*first, *checks)]
    names = [*first, *others, *checks]
    path = folder / f"{slug(run.name)}-curves.csv"
    with speaking_of_disk(folder):
        folder.mkdir(parents=True, exist_ok=True)
        building = path.with_suffix(".part")
        with building.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([f"'{name}" if name.startswith(FORMULA_SIGNS) else name for name in names])
            writer.writerows([row.get(name) for name in names] for row in table)
        building.replace(path)
    return path


def rows_of(events: list[Event]) -> list[Row]:
    """A row for each step that was taken or checked, in order. Steps that a resume took again count as it took them."""
    rows: dict[int, Row] = {}
    worked, since, last = 0.0, None, 0.0
    for event in events:
        kind, at = event["kind"], event["at"]
        if kind == "asked":  # what lies between an ending and this is no work
            worked, since = worked + (last - since if since is not None else 0.0), None
            continue
        since, last = at if since is None else since, at
        if kind == "resumed":
            rows = {step: row for step, row in rows.items() if step <= event["step"]}
        if kind not in ("step", "check"):
            continue
        row = rows.setdefault(event["step"], {"step": event["step"], "epoch": None})
        row.setdefault("seconds", round(worked + at - since, 3))
        row.update(values_of(event))
    return [rows[step] for step in sorted(rows)]


def values_of(event: Event) -> Row:
    """The figures of one event under the names of their columns."""
    metrics = event.get("metrics") or {}
    if event["kind"] == "check":
        found = {"check_loss": event.get("loss"), **{f"check_{name}": value for name, value in metrics.items()}}
    else:
        found = {**{name: event.get(name) for name in ("epoch", *MEASURED)}, **metrics}
    return {name: value for name, value in found.items() if value is not None}

"""The table of all figures: every step in a row of its own, nothing rounded, safe in a spreadsheet."""

import csv
import math
from pathlib import Path
from typing import Any

import pytest

from studio.training.curves_csv import rows_of, write_curves
from studio.training.events import EventLog
from studio.training.recipe import Recipe
from studio.training.run import Run, create_run
from studio.workspace import Workspace


def event(at: float, kind: str, **fields: Any) -> dict[str, Any]:
    return {"at": at, "kind": kind, **fields}


@pytest.fixture
def run(workspace: Workspace) -> Run:
    recipe = {"name": "Rösti · Balanced", "data": {"file": "a.csv"}, "model": {"name": "m"}, "method": {"name": "sft"}}
    return create_run(workspace, Recipe.model_validate(recipe))


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_every_step_is_a_row_and_checks_have_columns_of_their_own(run: Run, tmp_path: Path) -> None:
    log = EventLog(run.events)
    log.write("check", step=0, loss=3.0, metrics={"f1": 0.1})
    for step in range(1, 1201):
        log.write("step", step=step, epoch=step / 600, loss=1 / step, learning_rate=1e-5 / 3, metrics={"f1": 0.5})
    log.write("check", step=1200, loss=2.0, metrics={"f1": 0.4})
    path = write_curves(run, tmp_path / "new" / "folder")
    assert path.name == "r-sti-balanced-curves.csv"
    assert path.read_bytes().startswith(b"\xef\xbb\xbf"), "Excel takes it for UTF-8 by this mark"
    rows = read(path)
    assert list(rows[0]) == ["step", "epoch", "seconds", "loss", "learning_rate", "f1", "check_loss", "check_f1"]
    assert [int(row["step"]) for row in rows] == list(range(1201))
    assert rows[0]["loss"] == "" and rows[0]["check_loss"] == "3.0" and rows[0]["epoch"] == ""
    assert float(rows[3]["loss"]) == 1 / 3 and float(rows[3]["learning_rate"]) == 1e-5 / 3, "nothing is rounded"
    assert rows[3]["check_loss"] == "" and rows[-1]["check_f1"] == "0.4"


def test_a_run_without_a_step_gives_a_table_without_rows(run: Run, tmp_path: Path) -> None:
    assert read(write_curves(run, tmp_path)) == []


def test_what_was_not_a_number_is_told_and_a_name_is_no_formula(run: Run, tmp_path: Path) -> None:
    log = EventLog(run.events)
    log.write("step", step=1, epoch=0.1, loss=math.nan, grad_norm=math.inf, metrics={"=1+1": -0.5})
    (row,) = read(write_curves(run, tmp_path))
    assert (row["loss"], row["grad_norm"], row["'=1+1"]) == ("nan", "inf", "-0.5")


def test_steps_that_were_taken_again_count_once_and_waiting_is_no_work() -> None:
    events = [
        event(100, "phase", text="Loading"),
        event(110, "step", step=1, epoch=0.1, loss=3.0),
        event(120, "step", step=2, epoch=0.2, loss=2.0),
        event(130, "step", step=3, epoch=0.3, loss=9.0),
        event(5000, "asked", mode="continue"),
        event(6000, "phase", text="Loading"),
        event(6005, "resumed", step=1),
        event(6010, "step", step=2, epoch=0.2, loss=2.5),
    ]
    rows = rows_of(events)
    assert [(row["step"], row["loss"]) for row in rows] == [(1, 3.0), (2, 2.5)]
    assert [row["seconds"] for row in rows] == [10, 40], "30 s before the end and 10 s after it went on"

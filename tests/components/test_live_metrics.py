"""What a run measured beside the loss, in the verdict, and in the table at its end."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from components import live_metrics, live_parts
from studio.processes import identity
from studio.training.events import EventLog
from studio.training.following import fold
from studio.training.view import RunView

F1 = {"name": "f1", "title": "F1 score", "sentence": "Higher is better.", "higher_is_better": True}
KL = {"name": "kl", "title": "Distance (KL)", "sentence": "How far it moved.", "higher_is_better": None}


def view_of(tmp_path: Path, checks: list[float], result: dict[str, Any] | None = None, **plan: Any) -> RunView:
    log = EventLog(tmp_path / "events.jsonl")
    log.write("phase", text="Loading")
    facts = {"metrics": [F1, KL], "best": "f1", "trained_parameters": 700_000, "parameters": 100_000_000, **plan}
    log.write("plan", **{"steps": 10, "epochs": 1, "rows": {"train": 40, "check": 4, "test": 4}, **facts})
    for number, value in enumerate(checks):
        if number:
            log.write("step", step=number, epoch=0.1, loss=2.0, learning_rate=1e-4, grad_norm=1.0, metrics={"f1": 0.5})
        log.write("check", step=number, loss=2.0 - number / 10, metrics={"f1": value})
    (tmp_path / "process.json").write_text(json.dumps(identity(os.getpid())))  # somebody lives
    if result is not None:
        log.write("finished", result=result)
    return fold(tmp_path)


def test_while_the_coach_speaks_the_verdict_above_is_silent(tmp_path: Path) -> None:
    view = view_of(tmp_path, [0.1, 0.4])
    assert live_parts.status(view, coached=True) == ""
    assert "Training has begun." in live_parts.status(view)


def test_an_ending_is_told_whatever_the_coach_says(tmp_path: Path) -> None:
    assert "Finished" in live_parts.status(view_of(tmp_path, [0.1, 0.4], {}), coached=True)


def test_a_run_without_check_rows_promises_no_check(tmp_path: Path) -> None:
    view = view_of(tmp_path, [], rows={"train": 40, "check": 0, "test": 4})
    view.step = 1
    assert "There are no check rows" in live_parts.status(view)


@pytest.mark.parametrize(("after", "kind"), [(0.8, "good"), (0.2, "warn")])
def test_the_end_says_what_the_test_rows_said(tmp_path: Path, after: float, kind: str) -> None:
    result = {
        "test_rows": 4,
        "test_loss_before": 2.0,
        "test_loss_after": 1.0,
        "test": [{"name": "f1", "before": 0.3, "after": after}],
    }
    view = view_of(tmp_path, [0.1, 0.6], result)
    found, _, _, figures = live_parts.verdict_of(view)
    assert found == kind
    assert figures[-1] == ("F1 score on 4 test rows it never saw", f"0.300 → {after:.3f}")
    drawn = live_metrics.at_the_end(view)
    assert "On 4 test rows it never saw" in drawn and "2.000" in drawn and f"{after:.3f}" in drawn
    assert "mixes up" not in drawn and "examples in the prompt" not in drawn.lower()


def test_what_is_mixed_up_is_said_in_words(tmp_path: Path) -> None:
    matrix = [[3, 5, 0], [1, 4, 0], [0, 0, 2]]
    confusion = {"labels": ["card <arrival>", "card delivery", "refund"], "matrix": matrix}
    drawn = live_metrics.at_the_end(view_of(tmp_path, [0.1], {"confusion": confusion}))
    first, second = drawn.split("<li>")[1:]
    assert "card &lt;arrival&gt;" in first and "card delivery: <b>5 times</b>" in first
    assert "<b>1 time</b>" in second and "refund" not in drawn


def test_at_most_a_dozen_pairs_are_named(tmp_path: Path) -> None:
    matrix = [[0 if i == j else 1 for j in range(5)] for i in range(5)]
    drawn = live_metrics.confused({"labels": list("abcde"), "matrix": matrix})
    assert drawn.count("<li>") == live_metrics.MOST_CONFUSED and "And 8 mistakes more." in drawn


def test_a_run_that_mixed_nothing_up_says_so(tmp_path: Path) -> None:
    assert "every test row went into its own group" in live_metrics.confused({"labels": ["a"], "matrix": [[3]]})


def test_few_shot_stands_beside_the_tuned_model(tmp_path: Path) -> None:
    few = {"shots": 3, "rows": 20, "base": 3.1, "loss": 2.4, "tuned": 1.9}
    drawn = live_metrics.at_the_end(view_of(tmp_path, [0.1], {"few_shot": few}))
    assert "3 examples in its prompt" in drawn and "2.400" in drawn and "1.900" in drawn


@pytest.mark.parametrize(
    ("trained", "whole", "words"),
    [
        (700_000, 100_000_000, "0.7 % of the model is trained (0.7 million of 100 million weights)"),
        (100, 100, "all of the model is trained (100 weights)"),
        (1, 1_000_000_000, "less than 0.001 % of the model is trained (1 of 1,000 million weights)"),
        (0, 0, ""),
    ],
)
def test_how_much_is_trained_is_said(trained: int, whole: int, words: str) -> None:
    assert live_metrics.trained_share(RunView(trained_parameters=trained, parameters=whole)) == words


def test_runs_of_the_first_version_still_have_a_verdict(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    log.write("plan", steps=2, epochs=1, rows={"train": 4, "check": 1, "test": 1})
    log.write("check", step=0, loss=3.0)
    log.write("step", step=1, epoch=0.5, loss=2.5, learning_rate=1e-4, grad_norm=1.0)
    log.write("check", step=1, loss=2.0)
    log.write("finished", result={"test_rows": 1, "test_loss_before": 3.0, "test_loss_after": 2.0})
    view = fold(tmp_path)
    kind, _, _, figures = live_parts.verdict_of(view)
    assert kind == "good" and figures[0] == ("Loss on check rows", "3.00 → 2.00")
    assert live_metrics.trained_share(view) == ""
    assert "Loss" in live_metrics.at_the_end(view)

"""What Live run's chart and cards are given: the chosen figure in full, the others small, the best point marked."""

import json
import os
from typing import Any

import pytest

from components import notify
from components.figure_cards import cards
from components.figures import LOSS, Figure, figures_of
from components.live_charts import chart
from studio.processes import identity
from studio.training.events import EventLog
from studio.training.recipe import Recipe
from studio.training.run import Run, create_run
from studio.training.view import RunView
from studio.workspace import Workspace

F1 = {"name": "f1", "title": "F1 <score>", "sentence": "Higher is better.", "higher_is_better": True}
KL = {"name": "kl", "title": "Distance (KL)", "sentence": "How far it moved.", "higher_is_better": None}


@pytest.fixture
def run(workspace: Workspace) -> Run:
    data, model = {"file": "rows.csv"}, {"name": "tiny"}
    recipe = {"name": "Shop · “Rösti”", "data": data, "model": model, "method": {"name": "sft"}}
    made = create_run(workspace, Recipe.model_validate(recipe))
    (made.folder / "process.json").write_text(json.dumps(identity(os.getpid())))  # somebody lives
    return made


def learn(run: Run, steps: int, best: str = "f1", metrics: tuple[Any, ...] = (F1, KL), **more: Any) -> RunView:
    lines = []

    def write(kind: str, **fields: Any) -> None:
        lines.append(json.dumps({"at": 1_700_000_000 + len(lines), "kind": kind, **fields}))

    write("plan", steps=steps, epochs=1, rows={"train": 40, "check": 4, "test": 4}, metrics=metrics, best=best)
    write("check", step=0, loss=3.0, metrics={"f1": 0.1})
    for step in range(1, steps + 1):
        values = {one["name"]: step / steps for one in metrics if one is not KL}
        course = {"learning_rate": 2e-4 / step, "grad_norm": 1.0, "tokens_per_second": 90.0, "memory_gb": 2.0}
        write("step", step=step, epoch=0.1, loss=2.0 + 1 / step, metrics=values, **course, **more)
    write("check", step=steps, loss=2.5, metrics={"f1": 0.4})
    with run.events.open("a") as file:
        file.write("\n".join(lines) + "\n")
    return run.view()


def find(view: RunView, key: str) -> Figure:
    return next(one for one in figures_of(view) if one.key == key)


def test_only_what_was_measured_is_a_figure(run: Run) -> None:
    assert figures_of(run.view()) == [LOSS], "before the first step there is the empty chart of the loss"
    keys = [one.key for one in figures_of(learn(run, 5))]
    assert keys == ["loss", "f1", "learning_rate", "grad_norm", "tokens_per_second", "memory_gb"]


def test_gpu_use_is_a_figure_where_it_could_be_told(run: Run) -> None:
    assert figures_of(learn(run, 5, gpu_use=93))[-1].key == "gpu_use"


def test_the_best_point_is_marked_on_the_figure_by_which_it_is_kept(run: Run) -> None:
    view = learn(run, 5)
    assert chart(run, view, find(view, "f1"))["best"] == {"x": 5, "y": 0.4, "words": "best so far 0.400"}
    assert "Best so far 0.400 at step 5" in chart(run, view, find(view, "f1"))["sentence"]
    assert chart(run, view, LOSS)["best"] is None


def test_by_the_loss_it_is_marked_on_the_loss(run: Run) -> None:
    view = learn(run, 5, best="loss")
    assert chart(run, view, LOSS)["best"] == {"x": 5, "y": 2.5, "words": "best so far 2.50"}
    assert chart(run, view, find(view, "f1"))["best"] is None


def test_training_and_check_curves_are_apart(run: Run) -> None:
    view = learn(run, 5)
    sent = chart(run, view, find(view, "f1"))
    assert sent["check"] == {"x": [0, 5], "y": [0.1, 0.4]} and sent["raw"]["x"] == [1, 2, 3, 4, 5]
    assert chart(run, view, find(view, "learning_rate"))["check"]["x"] == []


def test_a_long_run_with_many_metrics_stays_small_on_the_wire(run: Run) -> None:
    many = tuple({**F1, "name": f"m{number}", "title": f"Metric {number}"} for number in range(12))
    view = learn(run, 20_000, metrics=many, best="loss")
    sent = chart(run, view, LOSS)
    assert len(sent["raw"]["x"]) <= 500 and len(sent["mean"]["x"]) <= 250
    assert len(json.dumps(sent)) < 25_000 and len(cards(run, view, "loss")) < 40_000


def test_cards_say_value_and_change_and_which_one_is_big(run: Run) -> None:
    drawn = cards(run, learn(run, 5), "f1")
    assert "F1 &lt;score&gt;" in drawn and "Distance (KL)" not in drawn
    assert "<b>0.400</b>" in drawn and "check rows, was 0.100" in drawn and "ts-beside" in drawn
    assert drawn.count('aria-pressed="true"') == 1 and 'data-figure="f1" aria-pressed="true"' in drawn
    assert cards(run, RunView(), "loss") == ""


def test_the_news_of_an_end_names_the_run(run: Run) -> None:
    learn(run, 5)
    EventLog(run.events).write("finished", result={})
    news = notify.told("Shop", run.view())
    assert news["title"] == "Finished · Shop"
    assert news["words"].startswith("It took ") and "The best point, step 5, was kept." in news["words"]


def test_the_news_of_a_failure_is_what_happened(run: Run) -> None:
    learn(run, 5)
    EventLog(run.events).write("failed", message="The disk is full.", hint="Free some space.")
    assert notify.told("Shop", run.view()) == {"title": "Failed · Shop", "words": "The disk is full."}


def test_the_news_of_a_pause_says_where_it_goes_on(run: Run) -> None:
    learn(run, 5)
    EventLog(run.events).write("paused", step=5)
    assert notify.told("Shop", run.view())["words"] == "Paused at step 5 of 5. It can go on from there."

"""What the Compare page says of its fairness is true for what is shown, kind by kind."""

from pathlib import Path

import pytest

from components.compare_predictions import groups, marks, percent, without
from components.compare_views import panes, team, titles
from components.compare_words import fair, kind_of
from studio.training.events import EventLog
from studio.training.run import Run
from studio.workspace import Workspace, open_workspace
from tests.chat.results import adapted, keep, new_run, other_weights

HEAD = {
    "num_labels": 3,
    "id2label": {"0": "cup", "1": "lamp", "2": "rug"},
    "problem_type": "single_label_classification",
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return open_workspace(tmp_path_factory.mktemp("fair") / "home")


def kept(workspace: Workspace, base: Path, name: str, weights: str = "full") -> Run:
    run = new_run(workspace, base, "Shop <b>")
    keep(run, other_weights(base) if name == "whole" else adapted(base, name), weights=weights)
    return run


@pytest.mark.parametrize(
    ("name", "examples", "true", "false"),
    [
        (
            "lora",
            False,
            ["one loaded model", "one batch", "160 tokens"],
            ["two models", "in turn", "training rows before"],
        ),
        (
            "lora",
            True,
            ["one loaded model", "in turn", "base gets 3 of your training rows"],
            ["one batch", "two models"],
        ),
        ("prefix", False, ["one loaded model", "in turn"], ["one batch", "two models"]),
        ("whole", False, ["two models", "Both are loaded"], ["one loaded model", "one batch", "adapter"]),
    ],
)
def test_only_what_is_true_is_said(
    workspace: Workspace, tiny_model: Path, name: str, examples: bool, true: list[str], false: list[str]
) -> None:
    words = fair(kept(workspace, tiny_model, name), 160, examples)
    assert all(part in words for part in true)
    assert not any(part in words for part in false)


def test_memory_and_packing_are_said(workspace: Workspace, tiny_model: Path) -> None:
    assert "Together they take 1.5 GB of memory" in fair(kept(workspace, tiny_model, "whole"), 160, memory_mb=1500)
    assert "packed to 4 bits" in fair(kept(workspace, tiny_model, "lora", weights="4bit"), 160)


def test_the_base_pane_says_that_it_has_examples(workspace: Workspace, tiny_model: Path) -> None:
    run = kept(workspace, tiny_model, "lora")
    assert titles(run)[0] == "tiny, untouched"
    assert titles(run, with_examples=True)[0] == "tiny, with 3 of your examples in its prompt"
    assert "&lt;b&gt;" in panes(run)[1] and "<b>" not in titles(run)[0]


def predicting(workspace: Workspace, base: Path, head: object, **result: object) -> Run:
    run = new_run(workspace, base, "Sort")
    keep(run, adapted(base, "lora"), "classifier", head=head)
    EventLog(run.events).write("finished", result=result)
    return run


def test_nothing_is_made_up_for_the_base_of_a_run_that_predicts(workspace: Workspace, tiny_model: Path) -> None:
    figures = [{"name": "accuracy", "before": 0.41, "after": 0.93}]
    baseline = "Always the commonest group, “cup”."
    run = predicting(workspace, tiny_model, HEAD, test=figures, test_rows=20, baseline=baseline)
    base, tuned = panes(run)
    assert "no groups of its own" in base and "always the commonest group, “cup”" in base
    assert "41 % right" in base and "93 % right" in base and "20 test rows" in base
    assert "Type a text" in tuned
    assert "commonest" not in without(predicting(workspace, tiny_model, HEAD))


def test_what_was_trained_on_the_groups_before_is_said_so(workspace: Workspace, tiny_model: Path) -> None:
    figures = [{"name": "accuracy", "before": 0.8, "after": 0.93}]
    words = without(predicting(workspace, tiny_model, HEAD, test=figures, test_rows=20))
    assert "trained on this before" in words and "no groups of its own" not in words


def test_each_head_has_its_kind(workspace: Workspace, tiny_model: Path) -> None:
    assert kind_of(predicting(workspace, tiny_model, HEAD)) == "groups"
    assert kind_of(predicting(workspace, tiny_model, {"num_labels": 1, "problem_type": "regression"})) == "number"
    assert kind_of(predicting(workspace, tiny_model, {"num_labels": 1})) == "score"


def test_groups_are_shown_with_their_shares_and_nothing_in_them_runs() -> None:
    shares = {"<img src=x>": 0.92, "b": 0.05, "c": 0.01, "d": 0.009, "e": 0.006, "f": 0.005}
    shown = groups({"label": "<img src=x>", "scores": shares})
    assert "<img" not in shown and "92 %" in shown and "1 more group shares the other 0.5 %" in shown
    none = groups({"labels": [], "scores": {"a": 0.2, "b": 0.1}, "threshold": 0.5})
    assert "No group reaches 50 %" in none
    both = groups({"labels": ["a", "b"], "scores": {"a": 0.9, "b": 0.8, "c": 0.1}, "threshold": 0.5})
    assert both.count("ts-on") == 2 and "a, b" in both


def test_a_pair_says_which_answer_is_preferred() -> None:
    assert "prefers the same answer as your file" in marks([1.0, -1.0], ["better", "worse"])
    assert "prefers the other answer" in marks([-1.0, 1.0], ["better", "worse"])
    assert "+0.50" in marks([0.5], ["This answer"])


def test_shares_are_never_rounded_to_a_false_certainty() -> None:
    assert [percent(p) for p in (0.92, 0.051, 0.0001, 0.9999, 1.0, 0.0)] == [
        *("92 %", "5.1 %", "under 0.1 %", "over 99.9 %", "100.0 %", "0.0 %")
    ]


def test_several_groups_of_a_row_stand_in_one_line() -> None:
    assert "cup, lamp" in team(3, '["cup", "lamp"]')
    assert "[sic] hello" in team(3, "[sic] hello")

"""Sorting into several groups at once, on two-layer models."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch

from studio.datasets.versions import Version
from studio.errors import StudioError
from studio.methods import find_method, judgements
from studio.methods.predictions import predict
from studio.models.loading import load_result
from studio.workspace import Workspace
from tests.methods.judging import WAYS, batch_of, build, make_job, make_version, prove, resolve_table, table, texts

Make = Callable[..., Any]
METHOD = "multi_label"


@pytest.fixture
def version(workspace: Workspace, tmp_path: Path) -> Version:
    return make_version(workspace, tmp_path, "labels")


@pytest.fixture
def make(version: Version, tiny_encoder: Path, tmp_path: Path) -> Make:
    def trainer(**settings: object) -> Any:
        return build(make_job(METHOD, version, tiny_encoder, tmp_path / "out", **settings), METHOD)

    return trainer


CASES = [(family, {"adapt": way}) for family in ("tiny_encoder", "tiny_model") for way in WAYS]


@pytest.mark.parametrize(("family", "settings"), CASES)
def test_it_learns_changes_what_it_should_and_loads_again(
    family: str, settings: dict[str, object], version: Version, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    model = request.getfixturevalue(family)
    prove(METHOD, make_job(METHOD, version, model, tmp_path / "out", **settings), tmp_path / "kept")


def test_the_labels_are_a_row_of_zeros_and_ones(make: Make, version: Version) -> None:
    trainer = make()
    assert trainer.names == ["cheap", "dear", "small"]
    for row, label in zip(trainer.train_dataset, version.frame("train")["label"], strict=True):
        assert {name for name, there in zip(trainer.names, row["labels"], strict=True) if there} == set(
            json.loads(label)
        )
    assert (trainer.args.metric_for_best_model, trainer.args.greater_is_better) == ("eval_micro_f1", True)
    assert trainer.model.config.problem_type == "multi_label_classification"


def test_the_figures_are_those_of_the_definitions() -> None:
    truth = numpy.array([[1, 0, 0], [1, 1, 0], [0, 0, 0], [0, 1, 0]])
    guessed = numpy.array([[1, 0, 0], [1, 0, 0], [1, 0, 0], [0, 1, 0]])
    figures = judgements.of_several(truth, guessed)
    # Group 0: 2 right, 1 too many; group 1: 1 right, 1 missed; group 2 neither occurs nor is guessed.
    assert figures["micro_f1"] == pytest.approx(2 * 3 / (2 * 3 + 1 + 1))
    assert figures["macro_f1"] == pytest.approx((4 / 5 + 2 / 3) / 2)
    assert figures["exact_match"] == pytest.approx(2 / 4)
    told = judgements.several_by_group(truth, guessed, ["a", "b", "c"])
    assert [one["rows"] for one in told] == [2, 2, 0] and told[1]["recall"] == pytest.approx(1 / 2)


def test_the_threshold_decides_what_is_given(make: Make) -> None:
    logits = numpy.array([[-1.0, 0.5, 3.0]])  # probabilities 0.27, 0.62 and 0.95
    for threshold, given in ((0.2, [1, 1, 1]), (0.5, [0, 1, 1]), (0.9, [0, 0, 1])):
        trainer = make(threshold=threshold)
        assert trainer.chosen(logits).tolist() == [given]
        said = predict(logits[0].tolist(), trainer.facts)
        assert set(said["labels"]) == {name for name, one in zip(trainer.names, given, strict=True) if one}
        assert list(said["scores"]) == ["small", "dear", "cheap"] and said["threshold"] == threshold


@pytest.mark.parametrize(
    ("changed", "read"),
    [
        ({"class_weights": "balanced"}, lambda t: t.weights.tolist()),
        ({"threshold": 0.3}, lambda t: t.facts["threshold"]),
    ],
    ids=["class_weights", "threshold"],
)
def test_every_setting_of_its_own_reaches_the_trainer(
    make: Make, changed: dict[str, object], read: Callable[[Any], object]
) -> None:
    assert read(make(**changed)) != read(make())


def test_balanced_weights_make_having_a_group_count_as_much_as_not_having_it(make: Make) -> None:
    trainer = make(class_weights="balanced")
    labels = torch.tensor(list(trainer.train_dataset["labels"]))
    have = trainer.weights * labels.sum(dim=0)
    torch.testing.assert_close(have, (1 - labels).sum(dim=0))


def test_the_bites_give_the_same_loss_though_a_row_has_several_labels(make: Make) -> None:
    def losses(accumulation: int) -> list[float]:
        trainer = make(accumulation=accumulation, max_steps=5, adapt="last_layers")
        for module in trainer.model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        trainer.train()
        return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]

    assert losses(4) == pytest.approx(losses(1), rel=1e-3)


def test_what_is_kept_predicts_the_same_and_is_better_than_the_baseline(
    make: Make, tiny_encoder: Path, tmp_path: Path
) -> None:
    trainer = make(max_steps=40, adapt="full")
    before = trainer.judge_untuned(trainer.test_dataset)
    trainer.train()
    after = trainer.judge(trainer.test_dataset)
    assert after["loss"] < before["loss"] and after["micro_f1"] > before["micro_f1"]
    assert "“cheap”" in trainer.findings["baseline"] and len(trainer.findings["groups"]) == 3
    trainer.keep(tmp_path / "kept")
    facts = json.loads((tmp_path / "kept" / "result.json").read_text())
    model = load_result(tmp_path / "kept", tiny_encoder, "cpu", "float32")
    with torch.no_grad():
        logits = model(**batch_of(trainer, 3)).logits
    for row, chosen in zip(logits.tolist(), trainer.chosen(logits.numpy()).tolist(), strict=True):
        expected = {name for name, one in zip(trainer.names, chosen, strict=True) if one}
        assert set(predict(row, facts)["labels"]) == expected


def test_a_text_without_any_group_is_learned_too(workspace: Workspace, tiny_encoder: Path, tmp_path: Path) -> None:
    frame = table("labels").assign(answer=["[]" if i % 4 == 2 else '["a", "b"]' for i in range(48)])
    version = make_version(workspace, tmp_path, "labels", frame)
    trainer = build(make_job(METHOD, version, tiny_encoder, tmp_path / "out", max_steps=2), METHOD)
    assert [0.0, 0.0] in [row["labels"] for row in trainer.train_dataset]
    trainer.train()


ONCE = texts(["dear;odd", *table("labels", 24)["answer"][1:]])


@pytest.mark.parametrize(
    ("kind", "frame", "words"),
    [
        ("label", table("label"), "exactly one group"),
        ("labels", texts(["[]"] * 24), "No text to learn from has a group"),
        ("labels", ONCE, "“odd” has a single text"),
    ],
    ids=["one group each", "no group at all", "seen once"],
)
def test_groups_that_cannot_be_learned_are_refused(
    workspace: Workspace, tiny_encoder: Path, tmp_path: Path, kind: str, frame: Any, words: str
) -> None:
    with pytest.raises(StudioError, match=words) as refused:
        resolve_table(workspace, tmp_path, tiny_encoder, METHOD, kind, frame)
    assert refused.value.hint
    if kind == "label":
        assert find_method("classification").title in refused.value.hint

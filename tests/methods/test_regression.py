"""Estimating a number, on two-layer models."""

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
METHOD = "regression"


@pytest.fixture
def version(workspace: Workspace, tmp_path: Path) -> Version:
    return make_version(workspace, tmp_path, "number")


@pytest.fixture
def make(version: Version, tiny_encoder: Path, tmp_path: Path) -> Make:
    def trainer(**settings: object) -> Any:
        return build(make_job(METHOD, version, tiny_encoder, tmp_path / "out", **settings), METHOD)

    return trainer


CASES = [(family, {"adapt": way}) for family in ("tiny_encoder", "tiny_model") for way in WAYS]
CASES += [("tiny_encoder", {"adapt": "lora", "weights": "8bit"})]


@pytest.mark.parametrize(("family", "settings"), CASES)
def test_it_learns_changes_what_it_should_and_loads_again(
    family: str, settings: dict[str, object], version: Version, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    model = request.getfixturevalue(family)
    prove(METHOD, make_job(METHOD, version, model, tmp_path / "out", **settings), tmp_path / "kept")


def test_it_learns_in_standard_deviations_and_tells_in_the_unit_of_the_file(make: Make, version: Version) -> None:
    trainer = make()
    numbers = version.frame("train")["label"].astype(float)
    assert trainer.facts["scale"] == pytest.approx({"mean": numbers.mean(), "std": numbers.std(ddof=0)})
    labels = numpy.array(list(trainer.train_dataset["labels"]))
    assert (labels.mean(), labels.std()) == pytest.approx((0, 1), abs=1e-6)
    assert trainer.in_unit(labels) == pytest.approx(numbers.to_numpy())


def test_the_figures_are_those_of_the_definitions() -> None:
    figures = judgements.of_numbers(numpy.array([1.0, 2.0, 6.0]), numpy.array([2.0, 2.0, 4.0]))
    assert figures["mse"] == pytest.approx(5 / 3)
    assert figures["mae"] == pytest.approx(1)
    assert figures["r2"] == pytest.approx(1 - 5 / 14)
    alike = judgements.of_numbers(numpy.array([3.0, 3.0]), numpy.array([1.0, 2.0]))
    assert "r2" not in alike and alike["mae"] == pytest.approx(1.5)


def test_the_baseline_is_the_mean_and_training_beats_it(make: Make, tiny_encoder: Path, tmp_path: Path) -> None:
    trainer = make(max_steps=40, adapt="full")
    before = trainer.judge_untuned(trainer.test_dataset)
    mean = trainer.facts["scale"]["mean"]
    truth = trainer.in_unit(numpy.array(list(trainer.test_dataset["labels"])))
    assert before["mae"] == pytest.approx(numpy.abs(truth - mean).mean(), rel=1e-4)
    assert before["r2"] <= 1e-6
    trainer.train()
    after = trainer.judge(trainer.test_dataset)
    assert after["mae"] < before["mae"] and after["r2"] > 0.3
    assert f"{mean:.6g}" in trainer.findings["baseline"]
    points = numpy.array(trainer.findings["points"])
    assert points.shape == (len(truth), 2) and points[:, 0] == pytest.approx(truth, rel=1e-4)
    assert numpy.abs(points[:, 0] - points[:, 1]).mean() == pytest.approx(after["mae"], rel=1e-3)


def test_what_is_kept_predicts_in_the_unit_of_the_file(make: Make, tiny_encoder: Path, tmp_path: Path) -> None:
    trainer = make(max_steps=12)
    trainer.train()
    trainer.keep(tmp_path / "kept")
    facts = json.loads((tmp_path / "kept" / "result.json").read_text())
    model = load_result(tmp_path / "kept", tiny_encoder, "cpu", "float32")
    with torch.no_grad():
        logits = model(**batch_of(trainer, 4)).logits
    mine = trainer.outputs(trainer.test_dataset)[0][:4, 0]
    said = [predict(row, facts)["number"] for row in logits.tolist()]
    assert said == pytest.approx(trainer.in_unit(mine).tolist(), rel=1e-3)


def test_a_model_that_goes_on_keeps_its_scale(make: Make, workspace: Workspace, tmp_path: Path) -> None:
    trainer = make(max_steps=2, adapt="full")
    trainer.train()
    trainer.keep(tmp_path / "whole")
    dearer = table("number")
    dearer["answer"] = dearer["answer"] * 2
    version = make_version(workspace, tmp_path, "number", dearer)
    again = build(make_job(METHOD, version, tmp_path / "whole", tmp_path / "out", adapt="full"), METHOD)
    assert again.facts["scale"] == trainer.facts["scale"]
    assert again.in_unit(numpy.array(list(again.train_dataset["labels"]))).max() == pytest.approx(184)


def test_the_metrics_are_logged_and_the_best_point_has_the_least_loss(make: Make) -> None:
    trainer = make(max_steps=4, checks=2)
    assert (trainer.args.metric_for_best_model, trainer.args.greater_is_better) == ("eval_loss", False)
    trainer.train()
    checks = [entry for entry in trainer.state.log_history if "eval_loss" in entry]
    assert all({"eval_mae", "eval_mse", "eval_r2"} <= set(entry) for entry in checks)
    assert all("mae" in entry for entry in trainer.state.log_history if "loss" in entry)
    assert {metric.name for metric in find_method(METHOD).metrics} == {"mae", "mse", "r2"}


def test_numbers_that_are_all_alike_are_refused(workspace: Workspace, tiny_encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="the same number, 7, so there is nothing to estimate") as refused:
        resolve_table(workspace, tmp_path, tiny_encoder, METHOD, "number", texts([7] * 24))
    assert refused.value.hint

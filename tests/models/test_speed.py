"""What runs have measured: kept by model and way of training, and it corrects later estimates within bounds."""

import pytest

from studio.models.catalogue import find_model
from studio.models.hardware import Hardware
from studio.models.speed import LEAST, MOST, correction, predict, remember
from studio.models.starter import STARTER
from studio.workspace import Workspace, write_json

CPU = Hardware(2, 24.0, 20.0, None)
SPEEDS = [1.0, 100.0, 100.0]


def test_each_way_of_training_has_its_own_pace(workspace: Workspace) -> None:
    model = find_model(workspace, STARTER)
    remember(workspace, STARTER, 1, SPEEDS, 2.0)
    remember(workspace, STARTER, 1, [1.0, 30.0, 30.0], 4.0, "full")
    remember(workspace, STARTER, 1, [1.0, 50.0, 50.0], 1.0, "lora", "4bit")
    paces = [predict(workspace, model, CPU, *way) for way in (("lora", "full"), ("full", "full"), ("lora", "4bit"))]
    assert [pace.tokens_per_second for pace in paces] == [100.0, 30.0, 50.0]
    assert [pace.memory_gb for pace in paces] == [2.0, 4.0, 1.0]
    other = predict(workspace, model, CPU, "ia3")
    assert other.memory_gb is None and "in another way" in other.basis


def test_a_way_that_was_never_measured_is_scaled_by_its_work(workspace: Workspace) -> None:
    model = find_model(workspace, STARTER)
    ways = ("full", "lora", "last_layers")
    guessed = [predict(workspace, model, CPU, way).tokens_per_second for way in ways]
    assert guessed == sorted(guessed) and guessed[0] < guessed[2]
    remember(workspace, STARTER, 1, [1.0, 30.0, 30.0], 4.0, "full")
    known = [predict(workspace, model, CPU, way).tokens_per_second for way in ways]
    assert known[0] == 30.0 and known[0] / known[2] == pytest.approx(guessed[0] / guessed[2])


def test_what_the_first_version_kept_is_passed_over(workspace: Workspace) -> None:
    write_json(workspace.home / "speed.json", {STARTER: {"tokens_per_second": 9, "memory_gb": 1, "parameters": 5}})
    assert "guess" in predict(workspace, find_model(workspace, STARTER), CPU).basis
    remember(workspace, STARTER, 5, SPEEDS, 1.0)
    assert predict(workspace, find_model(workspace, STARTER), CPU).tokens_per_second == 100.0


def test_measured_memory_corrects_estimates_of_the_same_kind(workspace: Workspace) -> None:
    assert correction(workspace, STARTER, "lora", "full").factor == 1.0
    for measured in (2.2, 2.2, 9.0):  # one odd run changes nothing
        remember(workspace, STARTER, 1, SPEEDS, measured, estimated_gb=2.0)
    found = correction(workspace, STARTER, "lora", "full")
    assert found.factor == pytest.approx(1.1) and "+10 % after 3 runs of this kind" in found.basis


def test_runs_of_other_kinds_count_half(workspace: Workspace) -> None:
    remember(workspace, STARTER, 1, SPEEDS, 2.4, estimated_gb=2.0)
    found = correction(workspace, "another", "full", "full")
    assert found.factor == pytest.approx(1.1) and "other run" in found.basis


@pytest.mark.parametrize(("measured", "factor"), [(50.0, MOST), (0.1, LEAST)])
def test_a_correction_has_bounds(workspace: Workspace, measured: float, factor: float) -> None:
    remember(workspace, STARTER, 1, SPEEDS, measured, estimated_gb=2.0)
    assert correction(workspace, STARTER, "lora", "full").factor == factor


def test_a_run_without_an_estimate_corrects_nothing(workspace: Workspace) -> None:
    remember(workspace, STARTER, 1, SPEEDS, 3.0)
    assert correction(workspace, STARTER, "lora", "full").basis == ""


def test_old_runs_are_forgotten(workspace: Workspace) -> None:
    for measured in (8.0, *[2.0] * 5):
        remember(workspace, STARTER, 1, SPEEDS, measured, estimated_gb=2.0)
    assert "5 runs" not in correction(workspace, STARTER, "lora", "full").basis or correction(
        workspace, STARTER, "lora", "full"
    ).factor == pytest.approx(1.0)

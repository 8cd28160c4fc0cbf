"""Pairs learn in parts as they do by TRL's own way: the same losses, gradients and metrics of every step."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from studio.methods import find_method
from studio.methods.preference_trainer import longest_texts
from studio.workspace import Workspace
from tests.methods.fast_paths import SHAPES, assert_alike, made_plain, model, steps_of
from tests.methods.preference_data import job_of, pairs

PAIR_METHODS = ("dpo", "orpo", "reward")
Build = Callable[..., Any]


@pytest.fixture
def build(workspace: Workspace, tmp_path: Path) -> Build:
    """Trainers on pairs of very uneven length."""

    def longer(row: list[str], number: int) -> list[str]:
        return [row[0], row[1] + " Really." * (number * number % 11), row[2] + " Now." * (number * 7 % 13)]

    def make(name: str, shape: str = "Llama", dtype: str = "float32", **settings: Any) -> Any:
        given = {"max_steps": 4, "learning_rate": 0.005, "batch_size": 8, "checks": 1, **settings}
        version = pairs(workspace, tmp_path, 30, longer)
        job = job_of(name, model(tmp_path, shape), version, tmp_path / "out", **given)
        job = replace(job, dtype=dtype)
        torch.manual_seed(0)  # a head for marks is a new one
        trainer = find_method(name).build(job)
        trainer.budget = min(trainer.budget, 256)  # so small that a step has several parts
        return trainer

    return make


def alike(build: Build, name: str, **settings: Any) -> None:
    fast = build(name, **settings)
    assert_alike(fast, build(name, **settings), *(metric.logged or metric.name for metric in fast.metrics))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", PAIR_METHODS)
def test_every_shape_learns_as_by_the_plain_way(build: Build, name: str, shape: str) -> None:
    alike(build, name, shape=shape)


@pytest.mark.parametrize(
    "settings",
    [
        {"accumulation": 4},
        {"adapt": "full", "learning_rate": 0.0005},
        {"adapt": "prefix"},
        {"weights": "4bit"},
        {"checkpointing": True},
    ],
    ids=lambda settings: next(iter(settings)),
)
@pytest.mark.parametrize("name", PAIR_METHODS)
def test_every_way_learns_as_by_the_plain_way(build: Build, name: str, settings: dict[str, Any]) -> None:
    alike(build, name, **settings)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("dpo", {"loss": "ipo", "beta": 0.5}),
        ("dpo", {"loss": "hinge", "learning_rate": 0.0005}),
        ("dpo", {"adapt": "prompt"}),
        ("dpo", {"dtype": "bfloat16"}),
        ("orpo", {"adapt": "prompt"}),
        ("reward", {"centre": 0.1}),
    ],
    ids=str,
)
def test_every_loss_is_learned_as_by_the_plain_way(build: Build, name: str, settings: dict[str, Any]) -> None:
    alike(build, name, **settings)


def test_orpo_in_bfloat16_is_as_exact_as_in_float32(build: Build) -> None:
    """TRL's own loss cannot be held against: it is a bfloat16 number, of which there are 32 between 6 and 7."""
    fast, exact = build("orpo", dtype="bfloat16"), made_plain(build("orpo"))
    for one, two in zip(steps_of(fast), steps_of(exact), strict=True):
        assert one["loss"] == pytest.approx(two["loss"], abs=2e-2)
        assert one["grad_norm"] == pytest.approx(two["grad_norm"], rel=0.05) and one["grad_norm"] > 0


@pytest.mark.parametrize("name", PAIR_METHODS)
def test_both_answers_of_a_pair_stay_together(build: Build, name: str) -> None:
    trainer = build(name)
    rows = [trainer.train_dataset[number] for number in range(8)]
    parts = trainer.parts_of([trainer.data_collator(rows[:4]), trainer.data_collator(rows[4:])])
    assert len(parts) > 1
    for part in parts:
        count = len(part["share"])
        assert len(part["input_ids"]) == 2 * count and (count == 1 or part["input_ids"].numel() <= 256)
        better, worse = part["input_ids"].chunk(2)
        assert (better[:, :8] == worse[:, :8]).all()  # they begin with the same question
    assert sum(len(part["share"]) for part in parts) == 8


@pytest.mark.parametrize("name", PAIR_METHODS)
def test_a_check_reads_no_more_at_once_than_a_step_and_finds_the_same(build: Build, name: str) -> None:
    trainer, read = build(name), []
    collate, longest = trainer.data_collator, longest_texts(trainer.train_dataset)
    trainer.data_collator = lambda rows: read.append(len(rows)) or collate(rows)
    ours = trainer.judge(trainer.train_dataset)
    assert len(read) > 1 and sum(read) == len(longest) and max(read) * 2 * min(longest) <= 256
    trainer.args.per_device_eval_batch_size = len(longest)
    assert ours == pytest.approx(made_plain(trainer).judge(trainer.train_dataset), rel=1e-4, abs=1e-5)

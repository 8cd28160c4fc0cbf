"""ORPO on a two-layer model: it learns to write the better answers, and to write them rather than the worse ones."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from trl.experimental.orpo import ORPOTrainer

from studio.datasets.examples import render
from studio.datasets.rows import unpack
from studio.datasets.versions import Version
from studio.errors import StudioError
from studio.methods import Job, find_method
from studio.methods.orpo_trainer import OrpoTrainer
from studio.models.loading import load_tokenizer
from studio.workspace import Workspace
from tests.methods.preference_data import WAYS, job_of, learns_and_loads_again, named, pairs, same_names


@pytest.fixture
def version(workspace: Workspace, tmp_path: Path) -> Version:
    return pairs(workspace, tmp_path)


@pytest.fixture
def make_job(tiny_model: Path, version: Version, tmp_path: Path) -> Callable[..., Job]:
    return lambda **more: job_of("orpo", tiny_model, version, tmp_path / "out", **more)


@pytest.fixture
def build(make_job: Callable[..., Job]) -> Callable[..., OrpoTrainer]:
    return lambda **more: find_method("orpo").build(make_job(**more))


@pytest.mark.parametrize("way", WAYS, ids=named)
def test_it_learns_to_answer_and_to_prefer(make_job: Callable[..., Job], way: dict[str, Any], tmp_path: Path) -> None:
    figures = learns_and_loads_again(make_job(max_steps=10, **way), "orpo", tmp_path / "kept")
    assert figures["loss"][1] < figures["loss"][0] - 0.05
    assert figures["margin"][1] > figures["margin"][0]


def test_the_rows_are_what_every_method_reads(
    build: Callable[..., OrpoTrainer], version: Version, tiny_model: Path
) -> None:
    tokenizer, rows = load_tokenizer(tiny_model), build().train_dataset
    frame = version.frame("train")
    for row, messages, chosen, rejected in zip(
        rows, frame["messages"], frame["chosen"], frame["rejected"], strict=True
    ):
        for side, answer in (("chosen", chosen), ("rejected", rejected)):
            example = render(tokenizer, unpack(messages) + unpack(answer), 512)
            assert row[f"{side}_input_ids"] == example.ids
            assert row[f"{side}_labels"] == example.labels


def test_the_figures_are_those_of_trl(build: Callable[..., OrpoTrainer]) -> None:
    trainer = build(max_steps=2)
    trainer.train()
    trainer.model.eval()
    rows = trainer.test_dataset
    batch = trainer._prepare_inputs(trainer.data_collator([rows[i] for i in range(len(rows))]))
    with torch.no_grad():
        loss, metrics = ORPOTrainer.get_batch_loss_metrics(trainer, trainer.model, batch)
    expected = {"loss": float(loss), **{metric.name: metrics[metric.logged] for metric in trainer.metrics}}
    assert trainer.judge(rows) == pytest.approx(expected, rel=1e-3, abs=1e-5)


def test_metrics_have_the_same_names_in_training_and_in_checks(build: Callable[..., OrpoTrainer]) -> None:
    trainer = build(max_steps=2)
    same_names(trainer, "orpo")
    assert trainer.tokens > trainer.trained > 0


@pytest.mark.parametrize(
    ("changed", "read"),
    [
        ({"beta": 0.5}, lambda t: t.beta),
        ({"last_layers": 1, "adapt": "last_layers"}, lambda t: sum(p.requires_grad for p in t.model.parameters())),
        ({"max_length": 40}, lambda t: max(len(row["chosen_input_ids"]) for row in t.train_dataset)),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_every_setting_of_its_own_reaches_the_trainer(
    build: Callable[..., OrpoTrainer], changed: dict[str, Any], read: Callable[[Any], object]
) -> None:
    assert read(build(**changed)) != read(build(adapt=changed.get("adapt", "lora")))


def test_examples_that_are_all_cut_off_are_refused(build: Callable[..., OrpoTrainer]) -> None:
    with pytest.raises(StudioError, match="too little is left to learn from"):
        build(max_length=16)

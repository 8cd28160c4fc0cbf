"""LoRA on a two-layer model: it learns, only the adapter changes, and the loss is TRL's own."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from trl import SFTTrainer

from studio.datasets.store import add_file
from studio.datasets.versions import Version, prepare
from studio.errors import StudioError
from studio.methods import Job, find_method
from studio.methods.reply_trainer import ReplyTrainer
from studio.workspace import Workspace
from tests.conftest import chat_steps


@pytest.fixture
def version(workspace: Workspace, make_csv: Callable[..., Path]) -> Version:
    return prepare(workspace, add_file(workspace, make_csv(24)), chat_steps(split={"near_together": False}))


@pytest.fixture
def build(tiny_model: Path, version: Version, tmp_path: Path) -> Callable[..., ReplyTrainer]:
    def make(**settings: object) -> ReplyTrainer:
        method = find_method("sft")
        checked = method.settings.model_validate({"max_steps": 6, "learning_rate": 0.01, **settings})
        return method.build(Job(tiny_model, version, checked, tmp_path / "out", "cpu", "float32"))

    return make


def digest(tensor: torch.Tensor) -> str:
    return hashlib.sha256(tensor.detach().contiguous().view(torch.uint8).numpy().tobytes()).hexdigest()


def test_the_loss_falls_and_only_the_adapter_changes(build: Callable[..., ReplyTrainer]) -> None:
    trainer = build(max_steps=12)
    before = {name: digest(parameter) for name, parameter in trainer.model.named_parameters()}
    first = trainer.mean_loss(trainer.eval_dataset)
    trainer.train()
    changed = {name for name, parameter in trainer.model.named_parameters() if digest(parameter) != before[name]}
    assert trainer.mean_loss(trainer.eval_dataset) < first - 0.5
    assert changed and all("lora_" in name for name in changed)
    assert {name for name in before if "lora_" in name} == changed


def test_the_loss_is_the_same_as_trl_computes_it(build: Callable[..., ReplyTrainer]) -> None:
    trainer = build()
    batch = trainer._prepare_inputs(trainer.data_collator([trainer.train_dataset[i] for i in range(4)]))
    ours = trainer.compute_loss(trainer.model, dict(batch))
    trls = SFTTrainer.compute_loss(trainer.model and trainer, trainer.model, dict(batch))
    assert float(ours) == pytest.approx(float(trls), rel=1e-5)


def test_mean_loss_weighs_every_trained_token_alike(build: Callable[..., ReplyTrainer]) -> None:
    trainer = build()
    rows = trainer.train_dataset
    total, count = 0.0, 0
    with torch.no_grad():
        for row in rows:
            losses = trainer.token_losses(trainer.model, trainer._prepare_inputs(trainer.data_collator([row])))
            total, count = total + float(losses.sum()), count + len(losses)
    assert trainer.mean_loss(rows) == pytest.approx(total / count, rel=1e-4)
    assert count == sum(label != -100 for row in rows for label in row["labels"])


def test_bites_change_memory_and_not_the_result(build: Callable[..., ReplyTrainer]) -> None:
    def losses(accumulation: int) -> list[float]:
        trainer = build(batch_size=4, accumulation=accumulation, max_steps=3)
        trainer.train()
        return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]

    assert losses(4) == pytest.approx(losses(1), rel=1e-3)


def test_every_field_explains_itself() -> None:
    for name, field in find_method("sft").settings.model_fields.items():
        assert field.title and field.description, name
        assert {"unit", "advanced"} <= set(field.json_schema_extra or {}), name


def test_examples_that_are_all_cut_off_are_refused(build: Callable[..., ReplyTrainer]) -> None:
    with pytest.raises(StudioError, match="cut before its answer begins"):
        build(max_length=16)


def test_uneven_bites_are_refused(build: Callable[..., ReplyTrainer]) -> None:
    with pytest.raises(StudioError, match="equal bites"):
        build(batch_size=4, accumulation=3)

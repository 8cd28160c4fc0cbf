"""Packing: several examples in one row cost the same losses as each of them alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError

from studio.datasets.store import add_file
from studio.datasets.versions import Version, prepare
from studio.errors import StudioError
from studio.methods import Job, find_method
from studio.methods.packing import PACKABLE, check_kept_apart
from studio.methods.reply_trainer import ReplyTrainer
from studio.models.catalogue import find_model
from studio.models.estimate import Estimate, estimate
from studio.models.loading import load_model
from studio.models.starter import STARTER
from studio.workspace import Workspace
from tests.conftest import chat_steps
from tests.tiny import CHATML, make_tokenizer


@pytest.fixture
def version(workspace: Workspace, make_csv: Callable[..., Path]) -> Version:
    return prepare(workspace, add_file(workspace, make_csv(40)), chat_steps(split={"near_together": False}))


@pytest.fixture
def build(tiny_model: Path, version: Version, tmp_path: Path) -> Callable[..., ReplyTrainer]:
    def make(**settings: object) -> ReplyTrainer:
        method = find_method("sft")
        checked = method.settings.model_validate(
            {"max_steps": 6, "learning_rate": 0.01, "max_length": 256, "packing": True, **settings}
        )
        trainer: Any = method.build(Job(tiny_model, version, checked, tmp_path / "out", "cpu", "float32"))
        return trainer

    return make


def losses_of(trainer: ReplyTrainer, rows: list[dict[str, Any]]) -> list[float]:
    with torch.no_grad():
        batch = trainer._prepare_inputs(trainer.data_collator(rows))
        return [float(loss) for loss in trainer.token_losses(trainer.model, batch)]


def one_by_one(row: dict[str, Any]) -> list[dict[str, Any]]:
    """The examples of a packed row, each in a row of its own."""
    found, start = [], 0
    for length in row["seq_lengths"]:
        part = slice(start, start + length)
        found.append({"input_ids": row["input_ids"][part], "labels": row["labels"][part], "seq_lengths": [length]})
        start += length
    return found


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("loss_on", ["replies", "everything"])
def test_each_token_costs_what_it_costs_alone(build: Callable[..., ReplyTrainer], attention: str, loss_on: str) -> None:
    trainer = build(loss_on=loss_on)
    trainer.model.get_base_model().set_attn_implementation(attention)
    packed = [trainer.train_dataset[index] for index in range(4)]
    assert all(len(row["seq_lengths"]) > 1 for row in packed) and len({len(row["input_ids"]) for row in packed}) > 1
    together = losses_of(trainer, packed)
    plain = build(loss_on=loss_on, packing=False)  # by the way that rows go which were never packed
    plain.model.load_state_dict(trainer.model.state_dict())
    alone = [
        loss
        for row in packed
        for one in one_by_one(row)
        for loss in losses_of(plain, [{"input_ids": one["input_ids"], "labels": one["labels"]}])
    ]
    assert len(together) == len(alone) > 0
    assert together == pytest.approx(alone, abs=1e-4)


def test_without_restarted_positions_the_losses_differ(build: Callable[..., ReplyTrainer]) -> None:
    """So that the test above is known to be able to fail."""
    trainer = build()
    trainer.train()  # before training the two-layer model hardly looks back at all
    row = trainer.train_dataset[0]
    whole = {**row, "seq_lengths": [len(row["input_ids"])]}
    assert losses_of(trainer, [whole]) != pytest.approx(losses_of(trainer, [row]), abs=1e-4)


@pytest.mark.parametrize("adapt", PACKABLE)
def test_packed_training_learns_with_every_way_that_can_be_packed(
    build: Callable[..., ReplyTrainer], adapt: str
) -> None:
    trainer = build(adapt=adapt, max_steps=10, batch_size=2)
    first = trainer.mean_loss(trainer.eval_dataset)
    trainer.train()
    assert trainer.mean_loss(trainer.eval_dataset) < first


def test_steps_tokens_and_words_follow_the_packed_rows(build: Callable[..., ReplyTrainer]) -> None:
    alone = build(packing=False, max_steps=None, epochs=2)
    packed = build(max_steps=None, epochs=2)
    rows = len(packed.train_dataset)
    assert rows < len(alone.train_dataset) / 2
    assert packed.args.max_steps == 2 * -(-rows // 4) < alone.args.max_steps
    assert packed.notes[0] == f"{len(alone.train_dataset)} examples are packed into {rows} rows."
    assert max(len(row["input_ids"]) for row in packed.train_dataset) <= 256
    assert len(packed.eval_dataset) == len(alone.eval_dataset)  # only what is trained on is packed
    alone.train()
    packed.train()
    assert (packed.tokens, packed.trained) == (alone.tokens, alone.trained)  # two whole passes of the same examples


def test_the_estimate_knows_of_the_fewer_rows(workspace: Workspace, build: Callable[..., ReplyTrainer]) -> None:
    def guessed(packing: bool) -> Estimate:
        trainer = build(packing=packing, max_steps=None, epochs=2)
        plain = build(packing=False).train_dataset
        tokens = sum(len(ids) for ids in plain["input_ids"])
        rows = {"train": len(plain), "validation": 4, "test": 6}
        guess = estimate(workspace, find_model(workspace, STARTER), trainer.settings, rows, tokens)
        assert abs(guess.steps - trainer.args.max_steps) <= (2 if packing else 0)
        return guess

    packed, alone = guessed(True), guessed(False)
    assert packed.steps < alone.steps / 2
    assert packed.seconds == pytest.approx(alone.seconds, rel=0.5)  # the same tokens, in fewer steps


def test_check_rows_cost_the_same_with_packing(build: Callable[..., ReplyTrainer]) -> None:
    packed, alone = build(), build(packing=False)
    assert packed.mean_loss(packed.eval_dataset) == pytest.approx(alone.mean_loss(alone.eval_dataset), abs=1e-5)


@pytest.mark.parametrize("adapt", ["prompt", "prefix"])
def test_a_learned_beginning_is_refused(adapt: str) -> None:
    with pytest.raises(ValidationError, match="cannot each have a learned beginning"):
        find_method("sft").settings.model_validate({"packing": True, "adapt": adapt})


def small(name: str) -> Any:
    """A two-layer model with random weights of that kind."""
    import transformers

    sizes = {"vocab_size": 600, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    more = {
        "Bloom": {"n_layer": 2, "n_head": 2},  # tells places by the mask
        "Mamba": {"state_size": 8},  # carries a memory along
        "Lfm2": {"num_key_value_heads": 2, "intermediate_size": 64, "full_attn_idxs": [1]},  # convolutions
    }[name]
    torch.manual_seed(0)
    config = getattr(transformers, f"{name}Config")(**sizes, **more)
    return getattr(transformers, f"{name}ForCausalLM")(config)


@pytest.mark.parametrize("name", ["Bloom", "Mamba", "Lfm2"])
def test_a_model_that_looks_across_the_border_is_refused(name: str) -> None:
    with pytest.raises(StudioError, match="cannot keep several examples in one row apart"):
        check_kept_apart(small(name))


def test_the_refusal_comes_before_the_first_step(version: Version, tmp_path: Path) -> None:
    tokenizer = make_tokenizer()
    tokenizer.chat_template = CHATML
    tokenizer.save_pretrained(tmp_path / "model")
    small("Lfm2").save_pretrained(tmp_path / "model")
    method = find_method("sft")
    settings = method.settings.model_validate({"packing": True})
    with pytest.raises(StudioError, match="cannot keep several examples in one row apart"):
        method.build(Job(tmp_path / "model", version, settings, tmp_path / "out", "cpu", "float32"))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("weights", ["full", "8bit", "4bit"])
def test_a_model_with_plain_attention_is_not_refused(tiny_model: Path, dtype: str, weights: str) -> None:
    check_kept_apart(load_model(tiny_model, "cpu", dtype, weights=weights))

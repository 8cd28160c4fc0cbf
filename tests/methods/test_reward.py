"""A reward model of two layers: the better answers get the higher marks, and so they do when it is loaded again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from trl import RewardTrainer as TrlRewardTrainer

from studio.datasets.examples import render
from studio.datasets.rows import unpack
from studio.datasets.versions import Version
from studio.methods import Job, find_method
from studio.methods.reward_trainer import RewardTrainer
from studio.models.loading import load_result, load_tokenizer, result_facts
from studio.workspace import Workspace
from tests.methods.preference_data import WAYS, job_of, learns_and_loads_again, named, pairs, same_names

ITS_WAYS = [way for way in WAYS if way["adapt"] != "prompt"]


@pytest.fixture
def version(workspace: Workspace, tmp_path: Path) -> Version:
    return pairs(workspace, tmp_path)


@pytest.fixture
def make_job(tiny_model: Path, version: Version, tmp_path: Path) -> Callable[..., Job]:
    return lambda **more: job_of("reward", tiny_model, version, tmp_path / "out", **more)


@pytest.fixture
def build(make_job: Callable[..., Job]) -> Callable[..., RewardTrainer]:
    return lambda **more: find_method("reward").build(make_job(**more))


@pytest.mark.parametrize("way", [*ITS_WAYS, {"adapt": "last_layers", "last_layers": 0}], ids=named)
def test_better_answers_get_higher_marks(make_job: Callable[..., Job], way: dict[str, Any], tmp_path: Path) -> None:
    figures = learns_and_loads_again(make_job(max_steps=10, **way), "reward", tmp_path / "kept")
    assert figures["loss"][1] < figures["loss"][0]
    assert figures["margin"][1] > figures["margin"][0]


def test_what_is_kept_gives_one_mark_to_a_text(
    build: Callable[..., RewardTrainer], version: Version, tiny_model: Path, tmp_path: Path
) -> None:
    trainer = build(max_steps=10)
    trainer.train()
    trainer.keep(tmp_path / "kept")
    assert result_facts(tmp_path / "kept") == {"task": "classifier", "weights": "full", "head": {"num_labels": 1}}
    model, tokenizer = load_result(tmp_path / "kept", tiny_model, "cpu", "float32"), load_tokenizer(tiny_model)
    row = version.frame("test").iloc[0]
    marks = []
    for column in ("chosen", "rejected"):
        ids = render(tokenizer, unpack(row["messages"]) + unpack(row[column]), 512).ids
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([ids])).logits
        assert logits.shape == (1, 1)
        marks.append(float(logits))
    assert marks[0] > marks[1]


def test_the_figures_are_those_of_trl(build: Callable[..., RewardTrainer]) -> None:
    trainer = build(max_steps=3)
    trainer.train()
    trainer.model.eval()
    rows = trainer.test_dataset
    batch = trainer._prepare_inputs(trainer.data_collator([rows[i] for i in range(len(rows))]))
    with torch.no_grad():
        loss = TrlRewardTrainer.compute_loss(trainer, trainer.model, batch)
    figures = trainer.judge(rows)
    assert figures["loss"] == pytest.approx(float(loss), rel=1e-3)
    for name in ("accuracy", "margin"):
        assert figures[name] == pytest.approx(trainer._metrics["eval"][name][-1], rel=1e-3, abs=1e-5)
    assert figures["chosen"] - figures["rejected"] == pytest.approx(figures["margin"], abs=1e-5)


def test_metrics_have_the_same_names_in_training_and_in_checks(build: Callable[..., RewardTrainer]) -> None:
    same_names(build(max_steps=2), "reward")


@pytest.mark.parametrize(
    ("changed", "read"),
    [
        ({"centre": 0.5}, lambda t: t.args.center_rewards_coefficient),
        ({"centre": 0}, lambda t: t.args.center_rewards_coefficient),
        ({"max_length": 40}, lambda t: max(len(row["chosen_ids"]) for row in t.train_dataset)),
    ],
    ids=lambda value: f"{value}" if isinstance(value, dict) else "",
)
def test_every_setting_of_its_own_reaches_the_trainer(
    build: Callable[..., RewardTrainer], changed: dict[str, Any], read: Callable[[Any], object]
) -> None:
    assert read(build(**changed)) != read(build())


def test_a_learned_beginning_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="This method can"):
        find_method("reward").settings.model_validate({"adapt": "prompt"})

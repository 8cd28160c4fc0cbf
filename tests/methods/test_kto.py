"""KTO on a two-layer model: answers that were liked become likelier, the others less so, from thumbs and from pairs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from trl import KTOTrainer

from studio.datasets.examples import prompt_ids, render
from studio.datasets.rows import unpack
from studio.datasets.versions import Version
from studio.errors import StudioError
from studio.methods import Job, find_method
from studio.methods.kto_rows import mixed, weights, with_strangers
from studio.methods.kto_trainer import KtoTrainer
from studio.methods.preference_rows import thumb_splits
from studio.models.loading import load_tokenizer
from studio.training.recipe import Recipe, resolve
from studio.workspace import Workspace
from tests.methods.preference_data import THUMBS, WAYS, job_of, learns_and_loads_again, named, pairs, same_names, thumbs


@pytest.fixture
def version(workspace: Workspace, tmp_path: Path) -> Version:
    return thumbs(workspace, tmp_path)


@pytest.fixture
def make_job(tiny_model: Path, version: Version, tmp_path: Path) -> Callable[..., Job]:
    return lambda **more: job_of("kto", tiny_model, version, tmp_path / "out", **more)


@pytest.fixture
def build(make_job: Callable[..., Job]) -> Callable[..., KtoTrainer]:
    return lambda **more: find_method("kto").build(make_job(**more))


@pytest.mark.parametrize("way", WAYS, ids=named)
def test_the_margin_grows_and_only_what_should_changes(
    make_job: Callable[..., Job], way: dict[str, Any], tmp_path: Path
) -> None:
    figures = learns_and_loads_again(make_job(max_steps=8, batch_size=4, **way), "kto", tmp_path / "kept")
    assert figures["loss"][1] < figures["loss"][0]
    assert figures["margin"][1] > figures["margin"][0] + 0.05


def test_a_pair_is_one_thumb_up_and_one_down(workspace: Workspace, tmp_path: Path, tiny_model: Path) -> None:
    version = pairs(workspace, tmp_path)
    trainer = find_method("kto").build(job_of("kto", tiny_model, version, tmp_path / "out", max_steps=8))
    assert len(trainer.train_dataset) == 2 * version.rows["train"]
    assert sum(trainer.train_dataset["label"]) == version.rows["train"]
    trainer.train()
    assert trainer.judge(trainer.test_dataset)["margin"] > 0.05


def test_the_rows_are_what_every_method_reads(tiny_model: Path, version: Version) -> None:
    tokenizer = load_tokenizer(tiny_model)
    (train, _, _), _ = thumb_splits(tokenizer, version, 512)
    frame = version.frame("train")
    for (prompt, answer, liked), messages, label in zip(train, frame["messages"], frame["label"], strict=True):
        talk = unpack(messages)
        assert prompt == prompt_ids(tokenizer, talk[:-1])
        assert prompt + answer == render(tokenizer, talk, 512).ids
        assert liked == (label == "true")


def test_the_figures_are_those_of_trl(build: Callable[..., KtoTrainer]) -> None:
    trainer = build(max_steps=3, desirable=1.5, undesirable=0.5)
    trainer.train()
    trainer.model.eval()
    rows = trainer.test_dataset  # one batch, so that TRL's KL of a batch is the KL of all
    batch = trainer._prepare_inputs(trainer.data_collator([rows[i] for i in range(len(rows))]))
    ours = trainer.judge(rows)
    with torch.no_grad():
        loss = KTOTrainer.compute_loss(trainer, trainer.model, batch)
    logged = {metric.name: trainer._metrics["eval"][metric.logged or metric.name][-1] for metric in trainer.metrics}
    assert ours == pytest.approx({"loss": float(loss), **logged}, rel=1e-3, abs=1e-5)
    assert abs(ours["margin"]) > 0.01


def test_metrics_have_the_same_names_in_training_and_in_checks(build: Callable[..., KtoTrainer]) -> None:
    same_names(build(max_steps=2), "kto")


def test_both_kinds_are_spread_over_the_steps_and_meet_strangers() -> None:
    rows = [([number], [100 + number], number % 3 == 0) for number in range(30)]
    order = mixed(rows, 1)
    assert sorted(order) == sorted(rows) and order != mixed(rows, 2)
    assert all({row[2] for row in order[start : start + 6]} == {True, False} for start in range(0, 30, 6))
    table = with_strangers(order[:9], 4)
    own = [answer[0] for answer in table["completion_ids"]]
    other = [answer[0] for answer in table["KL_completion_ids"]]
    assert all(a != b for a, b in zip(own, other, strict=True))
    assert sorted(other[:4]) == sorted(own[:4])  # in a batch the same answers, only at other questions


@pytest.mark.parametrize(
    ("given", "expected"),
    [((None, None), (4.0, 1.0)), ((2.0, None), (2.0, 0.5)), ((None, 2.0), (8.0, 2.0)), ((3.0, 5.0), (3.0, 5.0))],
)
def test_what_is_left_empty_balances_both_kinds(
    given: tuple[float | None, float | None], expected: tuple[float, float]
) -> None:
    assert weights(10, 40, *given) == expected
    if None in given:
        assert expected[0] * 10 == expected[1] * 40


def test_uneven_thumbs_are_balanced(workspace: Workspace, tmp_path: Path, tiny_model: Path) -> None:
    version = thumbs(workspace, tmp_path, every=3)
    trainer = find_method("kto").build(job_of("kto", tiny_model, version, tmp_path / "out"))
    up = sum(trainer.train_dataset["label"])
    assert trainer.desirable_weight == 1
    assert trainer.undesirable_weight == pytest.approx(up / (len(trainer.train_dataset) - up))


@pytest.mark.parametrize(
    ("changed", "read"),
    [
        ({"beta": 0.5}, lambda t: t.beta),
        ({"desirable": 3}, lambda t: t.desirable_weight),
        ({"undesirable": 3}, lambda t: t.undesirable_weight),
        ({"batch_size": 4}, lambda t: t.args.per_device_train_batch_size),
        ({"accumulation": 2}, lambda t: t.train_dataset["KL_completion_ids"][4]),
        ({"last_layers": 1, "adapt": "last_layers"}, lambda t: sum(p.requires_grad for p in t.model.parameters())),
        ({"max_length": 40}, lambda t: max(len(r["prompt_ids"] + r["completion_ids"]) for r in t.train_dataset)),
        ({"seed": 7}, lambda t: t.train_dataset["prompt_ids"][:4]),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_every_setting_of_its_own_reaches_the_trainer(
    build: Callable[..., KtoTrainer], changed: dict[str, Any], read: Callable[[Any], object]
) -> None:
    assert read(build(**changed)) != read(build(adapt=changed.get("adapt", "lora")))


@pytest.mark.parametrize(("every", "only"), [(0, "up"), (1, "down")])
def test_thumbs_of_one_kind_are_refused(workspace: Workspace, tmp_path: Path, every: int, only: str) -> None:
    method = find_method("kto")
    assert method.check is not None
    with pytest.raises(StudioError, match=f"have a thumb {only}"):
        method.check(thumbs(workspace, tmp_path, every=every), method.settings())


def test_a_recipe_is_refused_before_it_starts(workspace: Workspace, tmp_path: Path, tiny_model: Path) -> None:
    thumbs(workspace, tmp_path, every=0)
    document: dict[str, Any] = {
        "data": {"file": str(tmp_path / "thumbs30-0.csv"), "mapping": THUMBS},
        "model": {"name": str(tiny_model)},
        "method": {"name": "kto"},
    }
    with pytest.raises(StudioError, match="nothing to tell apart"):
        resolve(workspace, Recipe.model_validate(document))
    document["settings"] = {"batch_size": 2, "accumulation": 2}
    with pytest.raises(StudioError, match="at least 2 examples in every bite"):
        resolve(workspace, Recipe.model_validate(document))


@pytest.mark.parametrize("settings", [{"batch_size": 1}, {"batch_size": 4, "accumulation": 4}])
def test_steps_that_compare_nothing_are_refused(settings: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        find_method("kto").settings.model_validate(settings)

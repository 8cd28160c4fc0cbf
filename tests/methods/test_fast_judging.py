"""Texts that are judged learn in parts as they do by the plain way: groups, several groups, numbers."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch

from studio.methods import Job, find_method
from studio.methods.fast_path.quicken import leaves_out
from studio.workspace import Workspace
from tests.methods.fast_paths import SHAPES, assert_alike, made_plain, model
from tests.methods.judging import NUMBERS, TAGS, THINGS, make_version, texts

ANSWERS: dict[str, tuple[str, Callable[[str], object], str]] = {
    "classification": ("label", lambda thing: thing, "accuracy"),
    "multi_label": ("labels", lambda thing: TAGS[thing], "exact_match"),
    "regression": ("number", lambda thing: NUMBERS[thing], "mae"),
}
Build = Callable[..., Any]


@pytest.fixture
def build(workspace: Workspace, tmp_path: Path, tiny_encoder: Path) -> Build:
    """Trainers on texts of very uneven length."""

    def make(name: str = "classification", shape: str = "Llama", dtype: str = "float32", **settings: Any) -> Any:
        kind, answer, _ = ANSWERS[name]
        things = [THINGS[i % 4] for i in range(48)]
        frame = texts([answer(thing) for thing in things], things)
        frame["text"] = [text + " and so on" * (i * i % 19) for i, text in enumerate(frame["text"])]
        ways = {"Bert": without_dropout, "Bert as it comes": lambda: tiny_encoder}
        folder = ways.get(shape, lambda: model(tmp_path, shape))()
        method = find_method(name)
        given = {"max_steps": 4, "learning_rate": 0.005, "batch_size": 8, "checks": 1, **settings}
        version = make_version(workspace, tmp_path, kind, frame)
        torch.manual_seed(0)  # the head is a new one
        job = Job(folder, version, method.settings.model_validate(given), tmp_path / "out", "cpu", dtype, tmp_path)
        trainer: Any = method.build(job)
        trainer.budget = min(trainer.budget, 128)  # so small that a step has several parts
        return trainer

    def without_dropout() -> Path:
        folder = tmp_path / "encoder"
        if not folder.exists():
            shutil.copytree(tiny_encoder, folder)
            config = json.loads((folder / "config.json").read_text())
            none = {name: 0.0 for name in config if "dropout" in name and config[name] is not None}
            (folder / "config.json").write_text(json.dumps(config | none))
        return folder

    return make


def test_what_leaves_out_something_by_chance_learns_by_the_plain_way(build: Build) -> None:
    trainer = build(shape="Bert as it comes")
    assert leaves_out(trainer.model) and not trainer.reads_in_parts and not trainer.notes
    assert build(shape="Bert").reads_in_parts


@pytest.mark.parametrize("shape", [*SHAPES, "Bert"])
def test_every_shape_learns_as_by_the_plain_way(build: Build, shape: str) -> None:
    assert_alike(build(shape=shape), build(shape=shape), "accuracy")


@pytest.mark.parametrize("name", ANSWERS)
def test_every_kind_of_answer_is_learned_as_by_the_plain_way(build: Build, name: str) -> None:
    assert_alike(build(name), build(name), ANSWERS[name][2])


@pytest.mark.parametrize(
    "settings",
    [
        {"accumulation": 4},
        {"class_weights": "balanced", "accumulation": 2},
        {"adapt": "full", "learning_rate": 0.0005},
        {"weights": "4bit"},
        {"dtype": "bfloat16"},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_every_way_learns_as_by_the_plain_way(build: Build, settings: dict[str, Any]) -> None:
    assert_alike(build(**settings), build(**settings), "accuracy")


@pytest.mark.parametrize("shape", ["Llama", "Bert"])
def test_a_step_is_read_in_parts_with_a_mask_only_where_tokens_look_ahead(build: Build, shape: str) -> None:
    trainer = build(shape=shape)
    rows = [trainer.train_dataset[number] for number in range(8)]
    parts = trainer.parts_of([trainer.data_collator(rows[:4]), trainer.data_collator(rows[4:])])
    assert len(parts) > 1 and all(len(part["labels"]) == 1 or part["input_ids"].numel() <= 128 for part in parts)
    assert sum(len(part["labels"]) for part in parts) == 8
    assert float(sum(part["share"].sum() for part in parts)) == pytest.approx(1)
    assert {"attention_mask" in part for part in parts} == {shape == "Bert"}


@pytest.mark.parametrize("shape", ["Llama", "Bert"])
def test_a_check_reads_no_more_at_once_than_a_step_and_finds_the_same(build: Build, shape: str) -> None:
    trainer, read = build(shape=shape), []
    collate = trainer.data_collator
    trainer.data_collator = lambda rows: read.append([len(row["input_ids"]) for row in rows]) or collate(rows)
    logits, labels = trainer.outputs(trainer.train_dataset)
    assert len(read) > 1 and all(len(lengths) == 1 or len(lengths) * max(lengths) <= 128 for lengths in read)
    assert labels.tolist() == list(trainer.train_dataset["labels"])
    made_plain(trainer)
    assert numpy.allclose(logits, trainer.outputs(trainer.train_dataset)[0], atol=1e-4)

"""A small model for pictures and text: it learns to name what it sees, and only what should change does."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from studio.datasets.store import add_file
from studio.datasets.versions import DataSteps, Version, prepare
from studio.errors import StudioError
from studio.methods import Job, find_method
from studio.methods.vision_trainer import VisionTrainer
from studio.models.loading import load_processor, load_result
from studio.training.recipe import Recipe, resolve
from studio.workspace import Workspace, open_workspace
from tests.methods.proof import changed_by_training, digests, logits, same_after_reload

COLOURS = {"red": (220, 20, 20), "blue": (20, 20, 220)}
MAPPING = {
    "kind": "picture",
    "shape": "pictures",
    "columns": {"picture": "image", "prompt": "question", "reply": "answer"},
}
STEPS = {"mapping": MAPPING, "split": {"test": 4, "validation": 10}}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CSV of 30 red and blue pictures of different sizes, each with the same question."""
    folder = tmp_path_factory.mktemp("pictures")
    with (folder / "rows.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "question", "answer"])
        for i in range(30):
            name = list(COLOURS)[i % 2]
            shade = tuple(min(255, part + i) for part in COLOURS[name])
            Image.new("RGB", (20 + 3 * i, 40), shade).save(folder / f"{i}.png")
            writer.writerow([folder / f"{i}.png", "Which colour?", f"It is {name}."])
    return folder / "rows.csv"


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory, table: Path) -> Version:
    workspace = open_workspace(tmp_path_factory.mktemp("vision") / "home")
    return prepare(workspace, add_file(workspace, table), DataSteps.model_validate(STEPS))


@pytest.fixture
def build(tiny_vision_model: Path, version: Version, tmp_path: Path) -> Callable[..., VisionTrainer]:
    def make(**settings: object) -> VisionTrainer:
        method = find_method("vision")
        checked = method.settings.model_validate({"max_steps": 6, "learning_rate": 0.01, **settings})
        trainer = method.build(Job(tiny_vision_model, version, checked, tmp_path / "out", "cpu", "float32"))
        assert isinstance(trainer, VisionTrainer)
        return trainer

    return make


def batch_of(trainer: VisionTrainer, rows: int = 3) -> dict[str, torch.Tensor]:
    batch = trainer.data_collator([trainer.train_dataset[i] for i in range(rows)])
    return {name: value for name, value in batch.items() if name != "labels"}


@pytest.mark.parametrize("adapt", ["lora", "last_layers", "full"])
def test_the_loss_falls_and_only_what_should_changes(
    build: Callable[..., VisionTrainer], adapt: str, tmp_path: Path, tiny_vision_model: Path, version: Version
) -> None:
    trainer = build(adapt=adapt, last_layers=1, max_steps=12, learning_rate=0.01 if adapt == "lora" else 0.003)
    before = trainer.judge(trainer.eval_dataset)["loss"]
    changed = changed_by_training(trainer)
    assert trainer.judge(trainer.eval_dataset)["loss"] < before - 0.5
    names = {name for name, _ in trainer.model.named_parameters()}
    seeing = {name for name in names if "vision_model" in name or "connector" in name}
    assert seeing
    if adapt == "lora":
        assert changed == {name for name in names if "lora_" in name}
        assert not changed & seeing
    elif adapt == "last_layers":
        last = ("model.text_model.layers.1.", "model.text_model.norm.")
        assert changed == {name for name in names if name.startswith(last)}
    else:
        assert changed == names
    job = Job(tiny_vision_model, version, trainer.settings, tmp_path, "cpu", "float32")
    same_after_reload(trainer, job, batch_of(trainer), tmp_path / "kept")
    if adapt != "lora":
        assert load_processor(tmp_path / "kept").image_processor.size["longest_edge"] == 32


@pytest.mark.parametrize("weights", ["4bit", "8bit"])
def test_packed_weights_learn_too(
    build: Callable[..., VisionTrainer], weights: str, tmp_path: Path, tiny_vision_model: Path
) -> None:
    trainer = build(weights=weights, max_steps=10)
    before = trainer.judge(trainer.eval_dataset)["loss"]
    trainer.train()
    assert trainer.judge(trainer.eval_dataset)["loss"] < before - 0.3
    trainer.keep(tmp_path / "kept")
    batch = batch_of(trainer)
    again = load_result(tmp_path / "kept", tiny_vision_model, "cpu", "float32")
    torch.testing.assert_close(logits(again, batch), logits(trainer.model, batch), rtol=1e-3, atol=1e-3)


def test_it_looks_at_the_picture(build: Callable[..., VisionTrainer]) -> None:
    trainer = build(adapt="full", learning_rate=0.005, max_steps=60, batch_size=8, checks=1)
    trainer.train()
    rows = [dict(row) for row in trainer.eval_dataset]
    right = trainer.judge(trainer.eval_dataset)["loss"]
    by_colour = {trainer.processing_class.tokenizer.decode(row["reply"]): row["picture"] for row in rows}
    assert len(by_colour) == 2
    swapped = {answer: next(p for other, p in by_colour.items() if other != answer) for answer in by_colour}
    for row in rows:
        row["picture"] = swapped[trainer.processing_class.tokenizer.decode(row["reply"])]
    from datasets import Dataset

    assert trainer.judge(Dataset.from_list(rows))["loss"] > right + 0.1


def test_only_reply_tokens_are_learned(build: Callable[..., VisionTrainer]) -> None:
    trainer = build()
    tokenizer = trainer.processing_class.tokenizer
    batch = trainer.data_collator([trainer.train_dataset[i] for i in range(4)])
    for ids, labels, mask in zip(batch["input_ids"], batch["labels"], batch["attention_mask"], strict=True):
        learned = labels != -100
        assert tokenizer.decode(ids[learned]) in ("It is red.<|im_end|>", "It is blue.<|im_end|>")
        assert (ids[learned] == labels[learned]).all()
        assert not (learned & ~mask.bool()).any()
        assert int((ids == trainer.processing_class.image_token_id).sum()) == 4
    trainer.train()
    assert trainer.trained > 0 and trainer.tokens > trainer.trained


def test_the_loss_is_that_of_the_whole_model(build: Callable[..., VisionTrainer]) -> None:
    trainer = build()
    batch = trainer.data_collator([trainer.train_dataset[i] for i in range(4)])
    with torch.no_grad():
        expected = trainer.model.eval()(**batch).loss
        found = trainer.compute_loss(trainer.model, batch)
    assert float(found) == pytest.approx(float(expected), rel=1e-4)


def test_judging_does_not_depend_on_the_batches(build: Callable[..., VisionTrainer]) -> None:
    trainer = build()
    eight = trainer.judge(trainer.eval_dataset)["loss"]
    trainer.args.per_device_eval_batch_size = 1
    assert trainer.judge(trainer.eval_dataset)["loss"] == pytest.approx(eight, rel=1e-4)


def test_pictures_are_made_smaller_before_the_model_gets_them(build: Callable[..., VisionTrainer]) -> None:
    trainer = build(picture_size=24)
    sizes = [trainer.data_collator.picture(row["picture"]).size for row in trainer.train_dataset]
    assert max(max(size) for size in sizes) == 24
    whole = [build().data_collator.picture(row["picture"]).size for row in trainer.train_dataset]
    assert max(max(size) for size in whole) > 24


def test_long_answers_are_cut_and_the_picture_never(build: Callable[..., VisionTrainer]) -> None:
    longest = max(build().data_collator.length(row) for row in build().train_dataset)
    trainer = build(max_length=longest + 2)
    assert {len(row["reply"]) for row in trainer.train_dataset} == {2}
    with pytest.raises(StudioError, match="cut before its answer begins"):
        build(max_length=16)


@pytest.mark.parametrize(
    ("changed", "read"),
    [
        ({"last_layers": 1, "adapt": "last_layers"}, lambda t: sum(p.requires_grad for p in t.model.parameters())),
        ({"picture_size": 24}, lambda t: t.data_collator.picture_size),
        ({"max_length": 300}, lambda t: t.data_collator.max_length),
        ({"rank": 4}, lambda t: t.model.peft_config["default"].r),
        ({"learning_rate": 0.001}, lambda t: t.args.learning_rate),
        ({"batch_size": 2}, lambda t: t.args.per_device_train_batch_size),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_settings_reach_the_trainer(
    build: Callable[..., VisionTrainer], changed: dict[str, object], read: Callable[[Any], object]
) -> None:
    assert read(build(**changed)) != read(build(adapt=changed.get("adapt", "lora")))


@pytest.fixture
def recipe(table: Path, tiny_vision_model: Path) -> Callable[..., Recipe]:
    def make(model: Path = tiny_vision_model, data: dict[str, object] | None = None, **settings: object) -> Recipe:
        return Recipe.model_validate(
            {
                "data": data or {"file": str(table)},
                "model": {"name": str(model)},
                "method": {"name": "vision"},
                "settings": {"max_length": 256, **settings},
            }
        )

    return make


def test_a_recipe_names_pictures_and_nothing_else(workspace: Workspace, recipe: Callable[..., Recipe]) -> None:
    resolved = resolve(workspace, recipe())
    assert resolved.data.mapping is not None and resolved.data.mapping.kind == "picture"
    again = resolved.version(workspace)
    assert again.rows["train"] + again.rows["validation"] + again.rows["test"] == 30


def test_what_cannot_work_is_refused_in_words(
    workspace: Workspace,
    recipe: Callable[..., Recipe],
    tiny_model: Path,
    tiny_vision_model: Path,
    make_csv: Callable[..., Path],
    tmp_path: Path,
) -> None:
    with pytest.raises(StudioError, match="cannot train it"):
        resolve(workspace, recipe(model=tiny_model))
    with pytest.raises(StudioError, match="cannot learn from “questions and answers”"):
        resolve(workspace, recipe(data={"file": str(make_csv())}))
    with pytest.raises(StudioError, match="512"):
        resolve(workspace, recipe(max_length=1024))
    with pytest.raises(StudioError, match="prefix tuning"):
        resolve(workspace, recipe(adapt="prefix"))
    bare = tmp_path / "bare"
    bare.mkdir()
    for file in ("config.json", "tokenizer.json", "chat_template.jinja", "model.safetensors"):
        (bare / file).write_bytes((tiny_vision_model / file).read_bytes())
    with pytest.raises(StudioError, match="how pictures are prepared"):
        resolve(workspace, recipe(model=bare))
    sft = recipe()
    sft.method.name = "sft"
    with pytest.raises(StudioError) as refused:
        resolve(workspace, sft)
    assert "Learn from pictures" in refused.value.hint


def test_the_same_seed_gives_the_same_start(build: Callable[..., VisionTrainer]) -> None:
    assert digests(build().model) == digests(build().model)

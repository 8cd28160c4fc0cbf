"""Continued pre-training on a two-layer model: nothing of a document is lost, and held-out passages cost less."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from studio.datasets.store import add_file
from studio.datasets.versions import DataSteps, Version, prepare
from studio.errors import StudioError
from studio.methods import Job, find_method
from studio.methods.pretraining import passage_rows
from studio.methods.reply_trainer import ReplyTrainer
from studio.models.loading import load_tokenizer
from studio.training.recipe import DataPart, MethodPart, ModelPart, Recipe, resolve
from studio.workspace import Workspace
from tests.methods.proof import changed_by_training, same_after_reload

WAYS = ("lora", "prompt", "prefix", "ia3", "last_layers", "gradual", "full")
TEXT = DataSteps.model_validate(
    {
        "mapping": {"kind": "text", "shape": "plain_text", "columns": {"text": "text"}, "passage_length": 400},
        "split": {"near_together": False},
    }
)


def write_documents(folder: Path) -> Path:
    """A text file of 24 short documents and a long one, which the data step cuts into passages."""
    things = ("cup", "lamp", "rug", "vase")
    lines = [f"The {things[i % 4]} is on its way. It comes on day {i}, and it is paid." for i in range(24)]
    lines.append(" ".join(f"The {things[i % 4]} number {i} is on its way." for i in range(40)))
    path = folder / "documents.csv"
    path.write_text("text\n" + "\n".join(f'"{line}"' for line in lines) + "\n")
    return path


@pytest.fixture
def version(workspace: Workspace, tmp_path: Path) -> Version:
    return prepare(workspace, add_file(workspace, write_documents(tmp_path)), TEXT)


@pytest.fixture
def job(tiny_model: Path, version: Version, tmp_path: Path) -> Callable[..., Job]:
    def make(**settings: object) -> Job:
        checked = find_method("pretraining").settings.model_validate({"max_steps": 12, "max_length": 128, **settings})
        return Job(tiny_model, version, checked, tmp_path / "out", "cpu", "float32")

    return make


def built(job: Job) -> ReplyTrainer:
    trainer: Any = find_method("pretraining").build(job)
    return trainer


def of_last_layers(name: str) -> bool:
    return ".layers." in name or "norm" in name


INTENDED = {
    "lora": lambda name: "lora_" in name,
    "prompt": lambda name: "prompt_encoder" in name,
    "prefix": lambda name: "prompt_encoder" in name,
    "ia3": lambda name: "ia3_" in name,
    "last_layers": of_last_layers,
    "gradual": lambda name: True,
    "full": lambda name: True,
}


@pytest.mark.parametrize("adapt", WAYS)
def test_perplexity_falls_what_should_change_changes_and_is_there_again(
    job: Callable[..., Job], tmp_path: Path, adapt: str
) -> None:
    rate = {"learning_rate": 0.01} if adapt in ("lora", "ia3") else {}
    rate = {"learning_rate": 0.002} if adapt in ("last_layers", "gradual", "full") else rate
    mine = job(adapt=adapt, **rate)
    trainer = built(mine)
    before = trainer.judge(trainer.eval_dataset)
    changed = changed_by_training(trainer)
    after = trainer.judge(trainer.eval_dataset)
    assert after["perplexity"] < before["perplexity"]
    assert after["loss"] == pytest.approx(torch.tensor(after["perplexity"]).log().item(), rel=1e-4)
    assert changed == {name for name, _ in trainer.model.named_parameters() if INTENDED[adapt](name)}
    same_after_reload(trainer, mine, {"input_ids": torch.arange(3, 40)[None]}, tmp_path / "kept")


def test_every_setting_of_its_own_reaches_the_trainer(job: Callable[..., Job]) -> None:
    assert len(built(job(packing=True)).train_dataset) < len(built(job()).train_dataset)

    def trained(layers: int) -> int:
        model = built(job(adapt="last_layers", last_layers=layers)).model
        return sum(p.numel() for p in model.parameters() if p.requires_grad)

    assert trained(1) < trained(2)


def test_a_long_passage_is_read_whole_in_pieces_and_that_is_said(job: Callable[..., Job], version: Version) -> None:
    tokenizer = load_tokenizer(job().folder)
    whole, none = passage_rows(tokenizer, version, "train", 10_000)
    cut, long = passage_rows(tokenizer, version, "train", 40)
    assert none == 0 and long == sum(len(ids) > 40 for ids in whole["input_ids"]) > 0
    assert max(len(ids) for ids in cut["input_ids"]) == 40
    # Every token is learned once: all but the first of a passage, which nothing stands in front of.
    learned = [token for labels in cut["labels"] for token in labels[1:]]
    assert learned == [token for labels in whole["labels"] for token in labels[1:]]
    assert any("longer than 40 tokens" in note for note in built(job(max_length=40)).notes)
    assert not any("read in pieces" in note for note in built(job(max_length=512)).notes)


def test_a_passage_of_one_token_does_no_harm(job: Callable[..., Job]) -> None:
    from studio.datasets.examples import Example
    from studio.methods.pretraining import pieces

    assert pieces(Example([5], [5], 1), 16) == [([5], [5])]
    assert [len(ids) for ids, _ in pieces(Example(list(range(31)), list(range(31)), 31), 16)] == [16, 16]
    assert [len(ids) for ids, _ in pieces(Example(list(range(32)), list(range(32)), 32), 16)] == [16, 16, 2]


def test_a_model_without_a_chat_format_reads_documents(job: Callable[..., Job], tmp_path: Path) -> None:
    mine = job(max_steps=2)
    base = shutil.copytree(mine.folder, tmp_path / "base")
    (base / "chat_template.jinja").unlink()
    trainer = built(replace(mine, folder=base))
    assert not trainer.processing_class.chat_template
    trainer.train()
    assert trainer.trained > 0


def test_the_mark_that_a_model_expects_in_front_is_there(job: Callable[..., Job], version: Version) -> None:
    from tokenizers.processors import TemplateProcessing

    tokenizer = load_tokenizer(job().folder)
    mark = tokenizer.bos_token_id
    assert passage_rows(tokenizer, version, "test", 128)[0]["input_ids"][0][0] != mark
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single=f"{tokenizer.bos_token} $A", special_tokens=[(tokenizer.bos_token, mark)]
    )
    row = passage_rows(tokenizer, version, "test", 128)[0][0]
    assert row["input_ids"][0] == mark and row["labels"][0] == -100


def test_questions_and_encoders_are_refused_in_words(
    workspace: Workspace, make_csv: Callable[..., Path], tiny_model: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    questions = DataPart(file=str(make_csv()), prompt="question", reply="answer")
    documents = DataPart(file=str(write_documents(tmp_path)), mapping=TEXT.mapping)
    method = MethodPart(name="pretraining")
    with pytest.raises(StudioError, match="Learn from documents cannot learn from “questions and answers”"):
        resolve(workspace, Recipe(data=questions, model=ModelPart(name=str(tiny_model)), method=method))
    with pytest.raises(StudioError, match="cannot train it"):
        resolve(workspace, Recipe(data=documents, model=ModelPart(name=str(tiny_encoder)), method=method))
    found = resolve(workspace, Recipe(data=documents, model=ModelPart(name=str(tiny_model)), method=method))
    assert found.settings["packing"] is False


def test_a_length_beyond_the_model_is_refused_in_words(workspace: Workspace, tiny_model: Path, tmp_path: Path) -> None:
    recipe = Recipe(
        data=DataPart(file=str(write_documents(tmp_path)), mapping=TEXT.mapping),
        model=ModelPart(name=str(tiny_model)),
        method=MethodPart(name="pretraining"),
        settings={"max_length": 4096},
    )
    with pytest.raises(StudioError, match="can read 512 tokens at once"):
        resolve(workspace, recipe)

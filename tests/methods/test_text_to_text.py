"""Text to text on a two-layer T5: it learns in every way of training, and its figures are what greedy writing gives."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from studio.chat.generation import greedy_answers
from studio.datasets.store import add_file
from studio.datasets.versions import DataSteps, Version, prepare
from studio.errors import StudioError
from studio.methods import Job, find_method
from studio.methods.text_to_text_trainer import TextToTextTrainer
from studio.models.loading import load_result, load_tokenizer
from studio.models.seq2seq import text_ids
from studio.training.recipe import DataPart, MethodPart, ModelPart, Recipe, resolve
from studio.workspace import Workspace
from tests.conftest import chat_steps
from tests.methods.proof import changed_by_training, same_after_reload

METHOD = "text_to_text"


@pytest.fixture
def version(workspace: Workspace, make_csv: Callable[..., Path]) -> Version:
    return prepare(workspace, add_file(workspace, make_csv(24)), chat_steps(split={"near_together": False}))


@pytest.fixture
def job(tiny_encoder_decoder: Path, version: Version, tmp_path: Path) -> Callable[..., Job]:
    def make(**settings: object) -> Job:
        checked = find_method(METHOD).settings.model_validate({"max_steps": 12, "max_length": 128, **settings})
        return Job(tiny_encoder_decoder, version, checked, tmp_path / "out", "cpu", "float32")

    return make


def built(job: Job) -> TextToTextTrainer:
    trainer: Any = find_method(METHOD).build(job)
    return trainer


INTENDED = {
    "lora": lambda name: "lora_" in name,
    "prompt": lambda name: "prompt_encoder" in name,
    "prefix": lambda name: "prompt_encoder" in name,
    "ia3": lambda name: "ia3_" in name,
    "last_layers": lambda name: name.startswith("decoder.block") or "final_layer_norm" in name,
    "gradual": lambda name: True,
    "full": lambda name: True,
}


@pytest.mark.parametrize("adapt", find_method(METHOD).settings.applicable)
def test_the_loss_falls_what_should_change_changes_and_is_there_again(
    job: Callable[..., Job], tmp_path: Path, adapt: str
) -> None:
    rate = {"learning_rate": 0.01} if adapt not in ("prompt", "prefix") else {"learning_rate": 0.1}
    mine = job(adapt=adapt, **rate)
    trainer = built(mine)
    before = trainer.judge(trainer.eval_dataset)
    changed = changed_by_training(trainer)
    after = trainer.judge(trainer.eval_dataset)
    assert after["loss"] < before["loss"]
    intended = {name for name, _ in trainer.model.named_parameters() if INTENDED[adapt](name)}
    assert changed and changed <= intended
    unused = intended - changed
    assert all("decoder" not in name for name in unused), unused
    batch = {
        "input_ids": torch.arange(3, 30)[None],
        "attention_mask": torch.ones(1, 27),
        "labels": torch.tensor([[5, 6]]),
    }
    same_after_reload(trainer, mine, batch, tmp_path / "kept")


@pytest.mark.parametrize("weights", ["8bit", "4bit"])
def test_packed_weights_learn_too(job: Callable[..., Job], tmp_path: Path, weights: str) -> None:
    trainer = built(job(weights=weights, learning_rate=0.01))
    before = trainer.judge(trainer.eval_dataset)["loss"]
    assert all("lora_" in name for name in changed_by_training(trainer))
    assert trainer.judge(trainer.eval_dataset)["loss"] < before


def test_exact_match_is_what_greedy_writing_gives(job: Callable[..., Job], version: Version, tmp_path: Path) -> None:
    mine = job(adapt="full", learning_rate=0.01, max_steps=60, checks=1)
    trainer = built(mine)
    trainer.train()
    figures = trainer.judge(trainer.train_dataset)
    assert figures["exact_match"] > 0.5 and figures["token_accuracy"] >= figures["exact_match"]
    trainer.keep(tmp_path / "kept")
    model = load_result(tmp_path / "kept", mine.folder, "cpu", "float32")
    texts = version.texts("train")
    asked = [[{"role": "user", "content": prompt}] for prompt in texts["prompt"]]
    written = greedy_answers(model, load_tokenizer(mine.folder), asked, 40)
    same = sum(one == other for one, other in zip(written, texts["reply"], strict=True))
    assert same / len(texts) == pytest.approx(figures["exact_match"])


@pytest.mark.parametrize("adapt", ["lora", "prompt", "prefix", "ia3"])
def test_an_adapter_answers_as_it_was_trained(job: Callable[..., Job], version: Version, adapt: str) -> None:
    """Writing freely gives the tokens that are the likeliest when the same text is given: the adapter is on in both."""
    trainer = built(job(adapt=adapt, learning_rate=0.01 if adapt in ("lora", "ia3") else 0.1))
    trainer.train()
    model = trainer.accelerator.unwrap_model(trainer.model).eval()
    for ids in trainer.eval_dataset["input_ids"]:
        asked = torch.tensor([ids])
        with torch.no_grad():
            written = model.generate(
                input_ids=asked, attention_mask=torch.ones_like(asked), max_new_tokens=6, do_sample=False
            )
            labels = written[:, 1:]
            likeliest = model(input_ids=asked, attention_mask=torch.ones_like(asked), labels=labels).logits.argmax(-1)
        assert likeliest.tolist() == labels.tolist()


def test_bites_change_memory_and_not_the_result(job: Callable[..., Job], tmp_path: Path) -> None:
    mine = job(max_steps=3, learning_rate=0.01)
    steady = shutil.copytree(mine.folder, tmp_path / "steady")
    # Without dropout, which would draw other numbers for each way of cutting.
    config = json.loads((steady / "config.json").read_text())
    (steady / "config.json").write_text(json.dumps({**config, "dropout_rate": 0.0}))

    def losses(accumulation: int) -> list[float]:
        settings = mine.settings.model_copy(update={"accumulation": accumulation})
        trainer = built(replace(mine, folder=steady, settings=settings))
        trainer.train()
        return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]

    assert losses(4) == pytest.approx(losses(1), rel=1e-3)


def test_the_loss_is_the_models_own(job: Callable[..., Job]) -> None:
    trainer = built(job())
    batch = trainer._prepare_inputs(trainer.data_collator([trainer.train_dataset[i] for i in range(4)]))
    assert float(trainer.compute_loss(trainer.model, batch)) == pytest.approx(
        float(trainer.model(**batch).loss), rel=1e-5
    )


def test_tokens_are_counted(job: Callable[..., Job]) -> None:
    trainer = built(job(max_steps=None, epochs=1))
    trainer.train()
    rows = trainer.train_dataset
    assert trainer.trained == sum(len(labels) for labels in rows["labels"])
    assert trainer.tokens == trainer.trained + sum(len(ids) for ids in rows["input_ids"])


def test_every_setting_of_its_own_reaches_the_trainer(job: Callable[..., Job]) -> None:
    def trained(layers: int) -> int:
        model = built(job(adapt="last_layers", last_layers=layers)).model
        return sum(p.numel() for p in model.parameters() if p.requires_grad)

    assert trained(1) < trained(2) < trained(3)


def test_long_texts_are_cut_keep_their_end_and_that_is_said(
    job: Callable[..., Job], workspace: Workspace, make_csv: Callable[..., Path]
) -> None:
    steps = chat_steps(system="Answer as a kind clerk would who knows all the parcels.", split={"near_together": False})
    version = prepare(workspace, add_file(workspace, make_csv(24)), steps)
    trainer = built(replace(job(max_length=16), version=version))
    end = trainer.processing_class.eos_token_id
    assert all(len(ids) <= 16 and ids[-1] == end for ids in trainer.train_dataset["input_ids"])
    assert "longer than 16 tokens are cut" in trainer.notes[0]
    assert not built(job()).notes


def test_marks_are_those_of_the_tokenizer(tiny_encoder_decoder: Path) -> None:
    from tokenizers.processors import TemplateProcessing

    tokenizer = load_tokenizer(tiny_encoder_decoder)
    end = tokenizer.eos_token_id
    plain, _ = text_ids(tokenizer, ["cup"], 16)
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single=f"$A {tokenizer.eos_token}", special_tokens=[(tokenizer.eos_token, end)]
    )
    marked, _ = text_ids(tokenizer, ["cup"], 16)
    assert plain == marked and plain[0].count(end) == 1
    assert text_ids(tokenizer, [], 16) == ([], 0)


def test_labels_are_learned_as_text(
    workspace: Workspace, tiny_encoder_decoder: Path, make_csv: Callable[..., Path], tmp_path: Path
) -> None:
    mapping = {"kind": "label", "shape": "text_label", "columns": {"text": "question", "label": "answer"}}
    steps = DataSteps.model_validate({"mapping": mapping, "split": {"near_together": False}})
    version = prepare(workspace, add_file(workspace, make_csv(24)), steps)
    settings = find_method(METHOD).settings.model_validate({"max_steps": 2})
    trainer = built(Job(tiny_encoder_decoder, version, settings, tmp_path / "out", "cpu", "float32"))
    written = trainer.processing_class.decode(trainer.train_dataset[0]["labels"], skip_special_tokens=True)
    assert written.startswith("Your ") and written.endswith("is on its way to you.")


def test_a_decoder_and_documents_are_refused_in_words(
    workspace: Workspace, make_csv: Callable[..., Path], tiny_model: Path, tiny_encoder_decoder: Path, tmp_path: Path
) -> None:
    questions = DataPart(file=str(make_csv()), prompt="question", reply="answer")
    method = MethodPart(name=METHOD)
    with pytest.raises(StudioError, match="cannot train it"):
        resolve(workspace, Recipe(data=questions, model=ModelPart(name=str(tiny_model)), method=method))
    (tmp_path / "story.txt").write_text("\n".join(f"This is the day number {i} of a long story." for i in range(20)))
    documents = DataPart(
        file=str(tmp_path / "story.txt"), mapping={"kind": "text", "shape": "plain_text", "columns": {"text": "text"}}
    )
    with pytest.raises(StudioError, match="cannot learn from “plain text”"):
        resolve(workspace, Recipe(data=documents, model=ModelPart(name=str(tiny_encoder_decoder)), method=method))
    found = resolve(workspace, Recipe(data=questions, model=ModelPart(name=str(tiny_encoder_decoder)), method=method))
    assert found.method.name == METHOD

"""Few-shot: the untrained model with training examples in its prompt, judged on the very same tokens."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio.datasets.store import add_file
from studio.datasets.versions import Version, prepare
from studio.evaluation.few_shot import ROWS, chosen_shots, few_shot, few_shot_rows, with_tuned
from studio.methods import Job, find_method
from studio.methods.reply_trainer import ReplyTrainer
from studio.training.events import EventLog
from studio.training.recipe import load_recipe, resolve
from studio.training.run import create_run
from studio.training.session import Session
from studio.workspace import Workspace
from tests.conftest import chat_steps

SPLIT = {"near_together": False}


@pytest.fixture
def version(workspace: Workspace, make_csv: Callable[..., Path]) -> Version:
    return prepare(workspace, add_file(workspace, make_csv(40)), chat_steps(system="Be kind.", split=SPLIT))


@pytest.fixture
def build(tiny_model: Path, version: Version, tmp_path: Path) -> Callable[..., ReplyTrainer]:
    def make(rows: Version | None = None, **settings: object) -> ReplyTrainer:
        method = find_method("sft")
        checked = method.settings.model_validate({"max_steps": 6, "learning_rate": 0.01, **settings})
        trainer: Any = method.build(Job(tiny_model, rows or version, checked, tmp_path / "out", "cpu", "float32"))
        return trainer

    return make


def test_examples_stand_in_front_and_the_same_tokens_are_judged(
    build: Callable[..., ReplyTrainer], version: Version
) -> None:
    trainer = build()
    alone, shown, counts = few_shot_rows(trainer, version, 3)
    assert set(counts) == {3} and len(alone) == len(shown) == version.rows["test"] > 0
    tokenizer = trainer.processing_class
    for one, more in zip(alone, shown, strict=True):
        learned = [[label for label in row["labels"] if label != -100] for row in (one, more)]
        assert learned[0] == learned[1]
        text = tokenizer.decode(more["input_ids"])
        assert text.count("<|im_start|>assistant") == 4 and text.count("Be kind.") == 1
        assert text.startswith("<|im_start|>system")
        question = tokenizer.decode(one["input_ids"]).split("<|im_start|>user")[1]
        assert text.endswith(question)


def test_the_examples_are_training_rows_and_depend_on_the_seed_alone(version: Version) -> None:
    frame = version.frame("train")
    first, again, other = (chosen_shots(frame, "chat", seed, 3) for seed in (1, 1, 2))
    assert first == again != other and len(first) == 3
    asked = {message["content"] for row in frame["messages"] for message in json.loads(row)}
    assert all(message["content"] in asked for shot in first for message in shot)
    assert all(message["weight"] == 0 for shot in first for message in shot if message["role"] == "assistant")
    assert all(message["role"] != "system" for shot in first for message in shot)


def test_conversations_that_cannot_stand_in_front_are_passed_over() -> None:
    import numpy

    from studio.datasets.rows import new_rows, pack

    good = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    talks = [good, [good[1], *good], [*good[:1], *good], [*good[:1], {**good[1], "tool_calls": [{"function": {}}]}]]
    rows = new_rows(numpy.arange(4), messages=[pack(talk) for talk in talks])
    assert [[m["content"] for m in shot] for shot in chosen_shots(rows, "chat", 0, 4)] == [["a", "b"]]
    rows = new_rows(numpy.arange(3), messages=[pack(good)] * 3)
    assert len(chosen_shots(rows, "chat", 0, 3)) == 1  # the same example three times is one


def test_fewer_examples_where_they_do_not_fit_and_that_is_said(
    build: Callable[..., ReplyTrainer], version: Version
) -> None:
    said: list[str] = []
    trainer = build(shots=20, max_length=256)
    figures = few_shot(trainer, version, said.append)
    _, shown, counts = few_shot_rows(trainer, version, 20)
    assert max(len(ids) for ids in shown["input_ids"]) <= 256
    assert figures["fewer"] == len(shown) and "fewer than 20 examples" in said[0] and 0 < max(counts) < 20
    longest = max(len(ids) for ids in few_shot_rows(build(), version, 1)[0]["input_ids"])
    assert few_shot(build(shots=3, max_length=longest), version, said.append) == {}
    assert "No training example fits" in said[1]


def test_figures_are_those_of_the_untrained_and_the_tuned_model(
    build: Callable[..., ReplyTrainer], version: Version
) -> None:
    trainer = build(max_steps=12)
    alone, shown, _ = few_shot_rows(trainer, version, 3)
    base, more = trainer.judge(alone)["loss"], trainer.judge(shown)["loss"]  # the adapter does nothing yet
    trainer.train()
    figures = with_tuned(few_shot(trainer, version, print), trainer, version)
    assert figures["base"] == pytest.approx(base, rel=1e-5) and figures["loss"] == pytest.approx(more, rel=1e-5)
    assert figures["tuned"] == pytest.approx(trainer.judge(alone)["loss"]) and figures["tuned"] < base
    assert (figures["shots"], figures["rows"], figures["fewer"]) == (3, len(alone), 0)


def test_no_shots_and_no_test_rows_leave_it_out(build: Callable[..., ReplyTrainer], version: Version) -> None:
    assert few_shot(build(shots=0), version, print) == {}
    trainer = build()
    trainer.test_dataset = None
    assert few_shot(trainer, version, print) == {} and with_tuned({}, trainer, version) == {}


def test_at_most_so_many_test_rows_are_asked(
    build: Callable[..., ReplyTrainer], workspace: Workspace, make_csv: Callable[..., Path]
) -> None:
    many = prepare(workspace, add_file(workspace, make_csv(120, "many.csv")), chat_steps(split={**SPLIT, "test": 60}))
    alone, shown, _ = few_shot_rows(build(many), many, 1)
    assert len(alone) == len(shown) == ROWS < 60


@pytest.mark.parametrize("settings", [{}, {"adapt": '"full"', "learning_rate": 0.001}])
def test_a_run_writes_it_into_its_result(
    workspace: Workspace, make_recipe: Callable[..., Path], settings: dict[str, Any]
) -> None:
    """With an adapter it is taken at the end; where the model itself is changed, before training."""
    run = create_run(workspace, resolve(workspace, load_recipe(make_recipe(40, max_steps=8, **settings))))
    Session(run, EventLog(run.events)).train()
    result = run.view().result
    found = result["few_shot"]
    assert set(found) == {"shots", "rows", "fewer", "base", "loss", "tuned"}
    assert found["base"] == pytest.approx(result["test_loss_before"], rel=1e-5)
    assert found["tuned"] == pytest.approx(result["test_loss_after"], rel=1e-5)
    assert found["loss"] != found["base"]

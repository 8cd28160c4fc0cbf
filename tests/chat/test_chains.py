"""Runs on top of earlier ones, and runs of the first version, are asked and taken away like all others."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.chat.client import Chat
from studio.chat.generation import greedy_answers
from studio.datasets.examples import messages_of
from studio.export.bundle import build_zip
from studio.export.origin import base_title, place_elsewhere
from studio.models.hardware import training_dtype
from studio.models.loading import RESULT, load_model, load_result, load_tokenizer
from studio.training.run import Run
from studio.workspace import Workspace, open_workspace
from tests.chat.results import lively
from tests.finished import CHAT, finished

QUESTION = "Where is my cup 3?"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return open_workspace(tmp_path_factory.mktemp("chains") / "home")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    return lively(tiny_model, tmp_path_factory.mktemp("lively") / "tiny")


@pytest.fixture(scope="module")
def chat(workspace: Workspace) -> Iterator[Chat]:
    service = Chat(workspace)
    yield service
    service.close()


def expected(run: Run, base: Path) -> tuple[str, str]:
    """What base and tuned say alone."""
    dtype, asked = training_dtype("cpu"), [messages_of("", QUESTION)]
    tokenizer = load_tokenizer(base)
    assert run.kept is not None
    (plain,) = greedy_answers(load_model(base, "cpu", dtype), tokenizer, asked, 12)
    (tuned,) = greedy_answers(load_result(run.kept, base, "cpu", dtype), tokenizer, asked, 12)
    return plain, tuned


def asked(chat: Chat, run: Run) -> tuple[str, str]:
    answers = list(chat.ask(run.id, QUESTION, 12))[-1]
    return answers.base, answers.tuned


def test_an_adapter_trained_further_is_compared_with_the_model_at_the_beginning(
    chat: Chat, workspace: Workspace, base: Path
) -> None:
    first = finished(workspace, "sft", CHAT, base, learning_rate=0.01)
    second = finished(workspace, "sft", CHAT, base, start=first.id, learning_rate=0.01)
    assert asked(chat, second) == expected(second, base)
    assert base_title(second) == base.name
    assert build_zip(second)[0].name == "adapter.zip"


def test_an_adapter_on_a_whole_model_of_an_earlier_run_is_compared_with_that(
    chat: Chat, workspace: Workspace, base: Path
) -> None:
    first = finished(workspace, "sft", CHAT, base, name="Earlier", adapt="full", learning_rate=0.01)
    second = finished(workspace, "sft", CHAT, base, start=first.id, learning_rate=0.05, max_steps=6)
    assert asked(chat, second) == expected(second, first.whole_model)
    assert base_title(second) == "Earlier" and place_elsewhere(second) == "path/to/Earlier"
    _, card, code = build_zip(second)
    assert "base_model: Earlier\n" in card and "path/to/Earlier" in code
    assert str(workspace.home) not in card + code


def test_a_run_of_the_first_version_opens_as_ever(chat: Chat, workspace: Workspace, base: Path) -> None:
    """No result.json, the method called “lora”, answers.json with answers alone."""
    run = finished(workspace, "sft", CHAT, base, learning_rate=0.01)
    (run.adapter / RESULT).unlink()
    recipe = run.folder / "recipe.toml"
    text = recipe.read_text()
    newer = ("adapt", "weights", "rslora", "dora", "lora_plus", "init", "virtual_tokens", "last_layers", "loss_on")
    lines = [line for line in text.splitlines() if line.split(" = ")[0] not in (*newer, "packing", "shots")]
    recipe.write_text("\n".join(lines).replace('name = "sft"', 'name = "lora"'))
    assert run.recipe().method.name == "lora"
    assert asked(chat, run) == expected(run, base)
    _, card, code = build_zip(run)
    assert "(lora)" in card and "AutoModelForCausalLM" in code and len(code.splitlines()) == 5
    answers = json.loads((run.folder / "answers.json").read_text())
    assert set(answers) == {"max_new_tokens", "conversations", "split", "answers"}


def test_the_base_alone_gets_the_examples(chat: Chat, workspace: Workspace, base: Path) -> None:
    run = finished(workspace, "sft", CHAT, base, learning_rate=0.01)
    plain, tuned = asked(chat, run)
    shots = [messages_of("", "Where is my lamp?", "In the post, in the post, in the post.")] * 3
    answers = list(chat.ask(run.id, QUESTION, 12, examples=shots))[-1]
    turns = [message for shot in shots for message in shot] + messages_of("", QUESTION)
    model = load_model(base, "cpu", training_dtype("cpu"))
    (with_examples,) = greedy_answers(model, load_tokenizer(base), [turns], 12)
    assert answers.way == "turns"
    assert (answers.base, answers.tuned) == (with_examples, tuned)
    assert with_examples != plain


def test_more_examples_than_a_model_can_read_are_refused(chat: Chat, workspace: Workspace, base: Path) -> None:
    from studio.errors import StudioError

    run = finished(workspace, "sft", CHAT, base, learning_rate=0.01)
    with pytest.raises(StudioError, match="can read 512 at once"):
        list(chat.ask(run.id, QUESTION, 12, examples=[messages_of("", "Where? " * 200, "Here.")] * 3))

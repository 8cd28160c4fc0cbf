"""The chat process: streams both answers, can be stopped, and is started again when it died."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model

from studio.chat.client import Answers, Chat
from studio.datasets.store import add_file
from studio.errors import StudioError
from studio.models.loading import load_model
from studio.training.recipe import load_recipe, resolve
from studio.training.run import Run, create_run
from studio.workspace import open_workspace
from tests.tiny import SAMPLE


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Run:
    """A run with an adapter that answers unlike its base, without a training."""
    folder = tmp_path_factory.mktemp("chat")
    workspace = open_workspace(folder / "home")
    add_file(workspace, SAMPLE)
    (folder / "r.toml").write_text(f'[data]\nfile = "{SAMPLE}"\n[model]\nname = "{tiny_model}"\n')
    run = create_run(workspace, resolve(workspace, load_recipe(folder / "r.toml")))
    torch.manual_seed(1)
    adapter = LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM")
    get_peft_model(load_model(tiny_model, "cpu", "float32"), adapter).save_pretrained(run.adapter)
    return run


@pytest.fixture(scope="module")
def chat(run: Run) -> Iterator[Chat]:
    service = Chat(run.workspace)
    yield service
    service.close()


def last(chat: Chat, run: Run, tokens: int = 20) -> Answers:
    return list(chat.ask(run.id, "Where is my cup?", tokens))[-1]


def test_both_answers_come_and_differ(chat: Chat, run: Run) -> None:
    answers = list(chat.ask(run.id, "Where is my cup?", 20))
    assert answers[0].phase == "Loading the model"
    assert answers[-1].phase == "Done" and answers[-1].base_done and answers[-1].tuned_done
    assert answers[-1].base != answers[-1].tuned
    assert 0 < answers[-1].base_tokens <= 20


def test_the_same_question_gets_the_same_answers(chat: Chat, run: Run) -> None:
    first, second = last(chat, run), last(chat, run)
    assert (first.base, first.tuned) == (second.base, second.tuned)


def test_stop_ends_the_answer_and_keeps_what_there_is(chat: Chat, run: Run) -> None:
    seen = []
    for answers in chat.ask(run.id, "Where is my cup?", 1000):
        seen.append(answers)
        if answers.phase == "Writing":
            chat.stop()
    assert seen[-1].phase == "Stopped"
    assert 0 < max(seen[-1].base_tokens, seen[-1].tuned_tokens) < 1000


def test_a_reader_who_leaves_does_not_spoil_the_next_answer(chat: Chat, run: Run) -> None:
    whole = last(chat, run)
    for _ in chat.ask(run.id, "Where is my cup?", 1000):
        break
    assert last(chat, run).tuned == whole.tuned


def test_a_process_that_died_is_said_and_started_again(chat: Chat, run: Run) -> None:
    whole = last(chat, run)
    chat.child.started().kill()
    with pytest.raises(StudioError, match="ended unexpectedly"):
        last(chat, run)
    assert last(chat, run).tuned == whole.tuned


@pytest.mark.parametrize(
    ("run_id", "question", "words"), [("gone", "Hello?", "not on this computer"), ("", "", "not on")]
)
def test_impossible_questions_are_refused(chat: Chat, run_id: str, question: str, words: str) -> None:
    with pytest.raises(StudioError, match=words):
        list(chat.ask(run_id, question))


def test_an_empty_question_is_refused(chat: Chat, run: Run) -> None:
    with pytest.raises(StudioError, match="no question yet"):
        list(chat.ask(run.id, "   "))

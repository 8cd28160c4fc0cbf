"""A run that predicts is asked through the chat process, and says what its own model says."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.chat.client import Answers, Chat
from studio.errors import StudioError
from studio.workspace import Workspace, open_workspace, read_json
from tests.finished import LABELS, NUMBERS, PAIRS, finished


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return open_workspace(tmp_path_factory.mktemp("predictions") / "home")


@pytest.fixture(scope="module")
def chat(workspace: Workspace) -> Iterator[Chat]:
    service = Chat(workspace)
    yield service
    service.close()


def last(chat: Chat, run_id: str, question: str, **more: object) -> Answers:
    return list(chat.ask(run_id, question, **more))[-1]  # type: ignore[arg-type]


@pytest.mark.parametrize("adapt", ["lora", "full"])
def test_a_text_gets_its_groups_with_their_shares(
    chat: Chat, workspace: Workspace, tiny_encoder: Path, adapt: str
) -> None:
    run = finished(workspace, "classification", LABELS, tiny_encoder, adapt=adapt, max_steps=4, learning_rate=0.01)
    recorded = read_json(run.folder / "answers.json")
    for text, expected in zip(recorded["asked"], recorded["predictions"], strict=True):
        answers = last(chat, run.id, text)
        assert answers.phase == "Done" and answers.way == "predicts" and (answers.base, answers.tuned) == ("", "")
        (found,) = answers.predictions or []
        assert found["label"] == expected["label"]
        assert found["scores"] == pytest.approx(expected["scores"], abs=1e-3)
        assert sum(found["scores"].values()) == pytest.approx(1)


def test_a_number_is_in_the_unit_of_the_file(chat: Chat, workspace: Workspace, tiny_encoder: Path) -> None:
    run = finished(workspace, "regression", NUMBERS, tiny_encoder, max_steps=4, learning_rate=0.01)
    recorded = read_json(run.folder / "answers.json")
    (found,) = last(chat, run.id, recorded["asked"][0]).predictions or []
    assert found["number"] == pytest.approx(recorded["predictions"][0]["number"], abs=1e-2)
    assert -5 < found["number"] < 8


def test_answers_get_marks(chat: Chat, workspace: Workspace, tiny_model: Path) -> None:
    run = finished(workspace, "reward", PAIRS, tiny_model, max_steps=12, learning_rate=0.01)
    asked = read_json(run.folder / "answers.json")["asked"][0][0]["content"]
    better, worse = last(chat, run.id, asked, to_score=["On its way.", "Who cares."]).predictions or []
    assert better["score"] > worse["score"]
    with pytest.raises(StudioError, match="no answer to score"):
        last(chat, run.id, asked)

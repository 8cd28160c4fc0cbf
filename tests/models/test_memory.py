"""Questions about memory: an answer that is known is given again without asking, and survives a restart."""

from typing import Any

import pytest

from studio.errors import StudioError
from studio.models.memory import Estimator, Parts, Question
from studio.workspace import Workspace

PARTS = Parts(4.0, 0.5, 0.25, 1.0, 2.0, 0.5, 0.75, "step")


def question(**changes: Any) -> Question:
    asked = {"architecture": {"model_type": "llama"}, "method": "sft", "settings": {"rank": 8}, "tokens": 128}
    return Question(**{**asked, "dtype": "float32", "device": "cpu", **changes})


class Helper:
    """Stands in for the process: answers every question and counts them."""

    def __init__(self, unknown: int = -1) -> None:
        self.asked, self.unknown = 0, unknown

    def ask(self, request: dict[str, Any]) -> Any:
        for place, _ in enumerate(request["questions"]):
            self.asked += 1
            wrong = {"place": place, "unknown": "Not this kind of model.", "advice": "Choose another."}
            yield wrong if place == self.unknown else {"place": place, "parts": PARTS.as_dict()}


def estimator(workspace: Workspace, helper: Helper) -> Estimator:
    made = Estimator(workspace)
    made.child = helper  # type: ignore[assignment]
    return made


def test_the_parts_add_up_and_keep_their_order() -> None:
    assert PARTS.total == pytest.approx(9.0)
    assert next(name for name, _ in PARTS.items()) == "weights"


def test_a_correction_leaves_what_is_known_to_the_byte() -> None:
    more = PARTS.scaled(1.2)
    assert more.total == pytest.approx(1.2 * 9.0)
    assert (more.weights, more.adapter, more.optimiser) == (4.0, 0.5, 1.0)
    assert more.activations > PARTS.activations
    assert PARTS.scaled(0.1).total == pytest.approx(5.5)  # never below what is known


@pytest.mark.parametrize("name", ["learning_rate", "epochs", "seed", "warmup"])
def test_settings_without_a_share_in_the_memory_are_the_same_question(name: str) -> None:
    assert question(settings={"rank": 8, name: 1}).key == question().key


def test_what_has_a_share_in_it_is_another_question() -> None:
    others = [
        question(settings={"rank": 16}),
        question(tokens=129),
        question(dtype="bfloat16"),
        question(device="cuda"),
        question(architecture={"model_type": "llama", "hidden_size": 64}),
        question(trained=0.5),
    ]
    assert len({each.key for each in [question(), *others]}) == len(others) + 1


def test_an_answer_is_remembered_and_survives_a_restart(workspace: Workspace) -> None:
    helper = Helper()
    first = estimator(workspace, helper)
    assert first.known(question()) is None
    assert first.ask(question()) == PARTS == first.ask(question()) == first.known(question())
    assert helper.asked == 1
    again = estimator(workspace, helper)
    assert again.known(question()) == PARTS
    assert again.ask(question()) == PARTS and helper.asked == 1


def test_many_questions_are_answered_in_one_go_and_alike_ones_once(workspace: Workspace) -> None:
    helper = Helper(unknown=1)
    made = estimator(workspace, helper)
    found = dict(made.ask_all([question(), question(tokens=256), question()]))
    assert helper.asked == 2 and set(found) == {0, 1, 2}
    assert found[0] == found[2] == PARTS
    assert isinstance(found[1], StudioError) and found[1].message == "Not this kind of model."
    with pytest.raises(StudioError, match="Not this kind"):
        made.ask(question(tokens=256))
    assert helper.asked == 2


def test_a_damaged_file_is_no_trouble(workspace: Workspace) -> None:
    (workspace.home / "memory.json").write_text('{"a": {"nothing": 1}, "b"')
    assert estimator(workspace, Helper()).ask(question()) == PARTS

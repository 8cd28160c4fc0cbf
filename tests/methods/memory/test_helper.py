"""The process that reckons, asked for real."""

from studio.errors import StudioError
from studio.methods.sft import SftSettings
from studio.models.memory import Estimator, Parts, Question
from studio.workspace import Workspace
from tests.methods.memory.test_reckon import LLAMA


def test_a_whole_list_is_answered_and_what_cannot_be_told_has_its_reason(workspace: Workspace) -> None:
    settings = SftSettings().model_dump(mode="json")
    known = Question(LLAMA, "sft", settings, 64, "float32", "cpu")
    unknown = Question({"model_type": "nobody"}, "sft", settings, 64, "float32", "cpu")
    estimator = Estimator(workspace)
    try:
        found = dict(estimator.ask_all([known, unknown]))
        again = Estimator(workspace).known(known)
    finally:
        estimator.close()
    assert isinstance(found[0], Parts) and found[0].total > 0 and found[0] == again
    assert isinstance(found[1], StudioError)

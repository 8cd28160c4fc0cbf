"""Which states of the page's choice of data stand for the same rows."""

from components.data_choice import Prepared
from components.data_versions import same_rows
from tests.conftest import chat_steps


def test_the_same_steps_on_the_same_dataset_are_the_same_rows() -> None:
    told = Prepared(dataset="a", steps=chat_steps())
    waiting = told.model_copy(update={"ready": False})
    assert same_rows(told.model_dump_json(), waiting.model_dump_json())


def test_another_dataset_or_other_steps_are_other_rows() -> None:
    told = Prepared(dataset="a", steps=chat_steps())
    other = told.model_copy(update={"dataset": "b"})
    less = told.model_copy(update={"steps": chat_steps().model_copy(update={"left_out": [3]})})
    assert not any(same_rows(told.model_dump_json(), one.model_dump_json()) for one in (other, less))


def test_while_there_are_no_rows_nothing_is_the_same() -> None:
    assert not same_rows("", "")

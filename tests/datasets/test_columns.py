"""The guess of prompt and reply, and how sure it is."""

import pandas
import pytest

from studio.datasets.columns import guess_columns


@pytest.mark.parametrize(
    ("columns", "prompt", "reply"),
    [
        (["id", "question", "answer"], "question", "answer"),
        (["Instruction", "Input", "Output"], "Instruction", "Output"),
        (["customer_message", "our-reply"], "customer_message", "our-reply"),
        (["completion", "prompt"], "prompt", "completion"),
    ],
)
def test_usual_names_are_sure(columns: list[str], prompt: str, reply: str) -> None:
    frame = pandas.DataFrame([{c: f"text {c} {i}" for c in columns} for i in range(5)])
    guess = guess_columns(frame)
    assert (guess.prompt, guess.reply) == (prompt, reply)
    assert guess.sure == {"prompt": True, "reply": True}


def test_unknown_names_are_guessed_from_the_text_and_said_to_be_a_guess() -> None:
    rows = [{"nr": str(i), "x": f"a short line {i}", "y": f"a much longer line of text {i} " * 5} for i in range(9)]
    guess = guess_columns(pandas.DataFrame(rows))
    assert (guess.prompt, guess.reply) == ("x", "y")
    assert guess.sure == {"prompt": False, "reply": False}
    assert all(guess.reason.values())


def test_numbers_alone_are_not_guessed() -> None:
    guess = guess_columns(pandas.DataFrame({"a": ["1", "2"], "b": ["3", "4"]}))
    assert (guess.prompt, guess.reply) == (None, None)

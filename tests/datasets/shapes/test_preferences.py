"""Better and worse answers, and thumbs up or down, in the spellings of the field."""

import pytest

from studio.datasets.rows import unpack
from studio.datasets.shapes import Mapping
from tests.datasets.shapes.tables import guessed, mapped, messages, reasons, table

USER = {"role": "user", "content": "How are you?"}
GOOD = {"role": "assistant", "content": "Very well, thanks."}
BAD = {"role": "assistant", "content": "Go away."}


def gpt(words: str) -> dict[str, str]:
    return {"from": "gpt", "value": words}


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "How are you?", "chosen": "Very well, thanks.", "rejected": "Go away."},
        {"prompt": [USER], "chosen": [GOOD], "rejected": [BAD]},
        {"chosen": [USER, GOOD], "rejected": [USER, BAD]},
        {"prompt": "How are you?", "chosen": [USER, GOOD], "rejected": [USER, BAD], "score_chosen": "8"},
        {"chosen": "How are you? Very well, thanks.", "rejected": "How are you? Go away."},
        {
            "conversations": [{"from": "human", "value": "How are you?"}],
            "chosen": gpt("Very well, thanks."),
            "rejected": gpt("Go away."),
        },
        {"instruction": "How are you?", "input": "", "chosen": "Very well, thanks.", "rejected": "Go away."},
        {
            "chosen": "\n\nHuman: How are you?\n\nAssistant: Very well, thanks.",
            "rejected": "\n\nHuman: How are you?\n\nAssistant: Go away.",
        },
        {
            "input": {"messages": [USER], "tools": []},
            "preferred_output": [GOOD],
            "non_preferred_output": [BAD],
        },
    ],
    ids=["text", "messages", "implicit", "ultra", "implicit text", "llama-factory", "alpaca", "hh", "openai"],
)
def test_every_spelling_of_a_pair_gives_the_same_row(row: dict[str, object]) -> None:
    frame = table(row, row)
    found = guessed(frame)
    assert (found.mapping.kind, found.sure) == ("preference", True)
    rows = mapped(frame)
    assert messages(rows) == [("user", "How are you?")]
    assert (unpack(rows["chosen"][0]), unpack(rows["rejected"][0])) == ([GOOD], [BAD])


def test_hh_conversations_are_split_where_they_part() -> None:
    start = "\n\nHuman: Hi\n\nAssistant: Hello\n\nHuman: And now?"
    rows = mapped(table({"chosen": start + "\n\nAssistant: Tea.", "rejected": start + "\n\nAssistant: Nothing."}))
    assert messages(rows) == [("user", "Hi"), ("assistant", "Hello"), ("user", "And now?")]
    assert messages(rows, column="chosen") == [("assistant", "Tea.")]


def test_the_input_of_an_instruction_and_the_system_message_are_kept() -> None:
    row = {"instruction": "Add.", "input": "1 2", "chosen": "It is 3.", "rejected": "It is 4.", "system": "Count."}
    assert messages(mapped(table(row, row))) == [("system", "Count."), ("user", "Add.\n\n1 2")]


PAIRS = Mapping(kind="preference", shape="preference_pairs", columns={"prompt": "p", "chosen": "c", "rejected": "r"})


@pytest.mark.parametrize(
    ("prompt", "chosen", "rejected", "reason"),
    [
        ("a", "", "c", "no better answer"),
        ("a", "b", "", "no worse answer"),
        ("a", "b", "b", "both answers are the same"),
        ("", "b", "c", "no question"),
        ([USER, GOOD], "b", "c", "no question"),
        ("a", [USER], [BAD], "no better answer"),
        ("a", [GOOD], [{"role": "assistant", "content": ""}], "no worse answer"),
        ("a", '[{"role":', "c", "the conversation is not valid JSON"),
    ],
)
def test_pairs_that_cannot_be_used_say_why(prompt: object, chosen: object, rejected: object, reason: str) -> None:
    assert reasons(table({"p": prompt, "c": chosen, "r": rejected}), PAIRS) == [reason]


@pytest.mark.parametrize(
    ("up", "down"),
    [
        ("true", "false"),
        ("1", "0"),
        ("up", "down"),
        ("Good", "bad"),
        ("thumbs-up", "Thumbs down"),
        ("👍", "👎"),
        ("1.0", "-1"),
    ],
)
def test_thumbs_in_their_spellings(up: str, down: str) -> None:
    rows = [{"prompt": f"What is {i}?", "completion": f"It is {i}.", "label": (up, down)[i % 2]} for i in range(6)]
    found = guessed(table(*rows))
    assert (found.mapping.shape, found.sure) == ("rated_replies", True)
    made = mapped(table(*rows))
    assert list(made["label"]) == ["true", "false"] * 3
    assert messages(made) == [("user", "What is 0?"), ("assistant", "It is 0.")]


@pytest.mark.parametrize(("column", "verdict"), [("messages", "label"), ("conversations", "kto_tag")])
def test_conversations_with_thumbs(column: str, verdict: str) -> None:
    frame = table({column: [USER, GOOD], verdict: True}, {column: [USER, BAD], verdict: False})
    assert guessed(frame).mapping.columns == {"messages": column, "verdict": verdict}
    assert list(mapped(frame)["label"]) == ["true", "false"]


def test_other_verdicts_are_left_out() -> None:
    mapping = Mapping(kind="feedback", shape="rated_replies", columns={"prompt": "p", "reply": "r", "verdict": "v"})
    frame = table({"p": "a", "r": "b", "v": "so so"}, {"p": "a", "r": "b", "v": ""}, {"p": "", "r": "b", "v": "1"})
    assert reasons(frame, mapping) == [
        "a verdict that is neither thumbs up nor thumbs down",
        "no thumbs up or down",
        "no question",
    ]

"""Personal data in the arguments of calls of tools: found and replaced, and nothing else in the calls is touched."""

from typing import Any

import numpy
import pytest

from studio.datasets.fixing import Fix, carry_out
from studio.datasets.health import encoding
from studio.datasets.health.check import Data
from studio.datasets.health.personal_data import CHECK, Options
from studio.datasets.rows import Messages, new_rows, pack, unpack

NAME = "write_to_ann@shop.example"  # nobody names a tool so, but no name may ever be changed


def calling(arguments: Any, words: str = "") -> Messages:
    call = {"id": "ann@shop.example", "type": "function", "function": {"name": NAME, "arguments": arguments}}
    return [
        {"role": "user", "content": "Please see to it."},
        {"role": "assistant", "content": words, "tool_calls": [call]},
        {"role": "tool", "content": "Done."},
        {"role": "assistant", "content": "It is done."},
    ]


def chat(arguments: Any, words: str = "") -> Data:
    return Data(new_rows(numpy.array([1]), messages=[pack(calling(arguments, words))]), "chat")


def masked(data: Data, options: Options | None = None, column: str = "messages") -> Any:
    found = CHECK.find(data)
    assert found is not None and CHECK.mend is not None
    mended = CHECK.mend(data, found, options).data
    assert CHECK.find(mended) is None or options
    message = next(one for one in unpack(mended.rows[column][0]) if "tool_calls" in one)
    return message["tool_calls"][0]["function"]["arguments"]


def test_texts_are_masked_wherever_they_are_nested_and_all_else_stays() -> None:
    before = {
        "to": ["bob@shop.example", "the boss"],
        "cc": {"name": "Ann", "address": "ann@shop.example"},
        "ann@shop.example": True,
        "count": 4111111111111111,
        "urgent": None,
        "share": 0.5,
        "empty": "",
    }
    expected = {**before, "to": ["[e-mail]", "the boss"], "cc": {"name": "Ann", "address": "[e-mail]"}}
    data = chat(before)
    assert masked(data) == expected
    assert list(masked(data)) == list(before)  # the order of the arguments, too
    assert "bob@shop.example" in data.rows["messages"][0]  # the data that came in is as it was


def test_names_of_tools_and_ids_are_never_changed() -> None:
    data = chat({"to": "bob@shop.example"})
    _, done, _ = carry_out(CHECK, data, Fix(name="personal_data"))
    after = carry_out(CHECK, data, Fix(name="personal_data"))[0].rows["messages"][0]
    call = unpack(after)[1]["tool_calls"][0]
    assert (call["id"], call["type"], call["function"]["name"]) == ("ann@shop.example", "function", NAME)
    assert (done.removed, done.changed) == (0, 1)


@pytest.mark.parametrize(
    ("argument", "value", "then"),
    [
        ("phone_number", "0301234567", "[phone]"),
        ("customerPhone", "030 1234567", "[phone]"),
        ("phone2", "0301234567", "[phone]"),
        ("password", "Sommer2024!", "[key]"),
        ("api_key", "h7Gk29dLq0Zx81", "[key]"),
        ("card", "4222222222222", "[card number]"),
    ],
)
def test_the_name_of_an_argument_tells_what_its_value_is(argument: str, value: str, then: str) -> None:
    assert masked(chat({argument: value})) == {argument: then}


@pytest.mark.parametrize(
    "arguments",
    [{"order_id": "0301234567"}, {"city": "Anklam"}, {"version": "1.2.3.4"}, {}, {"ann@shop.example": "yes"}],
)
def test_what_is_no_personal_data_is_not_found(arguments: dict[str, str]) -> None:
    assert CHECK.find(chat(arguments)) is None


def test_signs_that_json_escapes_come_through() -> None:
    said = 'She wrote: "mail\\me"\n at ann@shop.example \u2028 \U0001f600'
    assert masked(chat({"body": said})) == {"body": said.replace("ann@shop.example", "[e-mail]")}


def test_made_up_values_are_the_same_in_words_and_in_calls() -> None:
    data = chat({"to": "bob@shop.example"}, words="I write to bob@shop.example.")
    arguments = masked(data, Options(replace_with="made-up values"))
    found = CHECK.find(data)
    assert found is not None and CHECK.mend is not None
    rows = CHECK.mend(data, found, Options(replace_with="made-up values")).data.rows
    assert arguments["to"].endswith("@example.com")
    assert unpack(rows["messages"][0])[1]["content"] == f"I write to {arguments['to']}."


@pytest.mark.parametrize("column", ["chosen", "rejected"])
def test_better_and_worse_answers_are_searched_too(column: str) -> None:
    answers = {name: [pack([{"role": "assistant", "content": name}])] for name in ("chosen", "rejected")}
    answers[column] = [pack(calling({"to": "bob@shop.example"})[1:2])]
    data = Data(new_rows(numpy.array([1]), messages=["[]"], **answers), "preference")
    assert masked(data, column=column) == {"to": "[e-mail]"}


def test_the_example_names_the_argument_and_hides_the_value() -> None:
    found = CHECK.find(chat({"phone_number": "+49 30 901820"}))
    assert found is not None and found.count == "1 row: 1 phone number"
    assert found.examples == ["Row 1: “phone number: +49…”"]


def test_a_preview_shows_a_change_that_is_only_in_a_call() -> None:
    before = carry_out(CHECK, chat({"to": "bob@shop.example"}, words="I write."), Fix(name="personal_data"))[2][0]
    assert "to: bob@shop.example" in before.before and before.after is not None
    assert "to: [e-mail]" in before.after and "bob@" not in before.after


def test_other_fixes_leave_calls_alone() -> None:
    data = chat({"text": "cafÃ© au lait"}, words="Un cafÃ© au lait")
    found = encoding.CHECK.find(data)
    assert found is not None and encoding.CHECK.mend is not None
    message = unpack(encoding.CHECK.mend(data, found, None).data.rows["messages"][0])[1]
    assert message["content"] == "Un café au lait"
    assert message["tool_calls"][0]["function"]["arguments"] == {"text": "cafÃ© au lait"}

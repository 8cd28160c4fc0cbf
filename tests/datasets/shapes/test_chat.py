"""Questions and answers in every layout become conversations."""

import pandas
import pytest

from studio.datasets.rows import unpack
from studio.datasets.shapes import Mapping, apply, count_reasons
from tests.datasets.shapes.tables import guessed, mapped, messages, reasons, table

ASK = {"from": "human", "value": "How warm is it in Rome?"}
CALL = {"from": "function_call", "value": '{"name": "weather", "arguments": {"city": "Rome"}}'}
SEEN = {"from": "observation", "value": '{"degrees": 31}'}
SAID = {"from": "gpt", "value": "31 degrees."}
TOOL = {"name": "weather", "description": "Tells the weather.", "parameters": {"type": "object", "properties": {}}}


@pytest.mark.parametrize(
    ("columns", "prompt", "reply"),
    [
        (["id", "question", "answer"], "question", "answer"),
        (["customer_message", "our-reply"], "customer_message", "our-reply"),
        (["completion", "prompt"], "prompt", "completion"),
        (["Frage", "Antwort"], "Frage", "Antwort"),
        (["userMessage", "botResponse"], "userMessage", "botResponse"),
        (["article", "summary"], "article", "summary"),
    ],
)
def test_prompt_and_reply_are_known_by_their_names(columns: list[str], prompt: str, reply: str) -> None:
    found = guessed(table(*({c: f"some text of {c} {i}" for c in columns} for i in range(6))))
    assert found.mapping.shape == "prompt_reply"
    assert (found.mapping.columns["prompt"], found.mapping.columns["reply"]) == (prompt, reply)
    assert prompt in found.reason and reply in found.reason


def test_prompt_and_reply_are_guessed_from_the_text_and_said_to_be_a_guess() -> None:
    rows = ({"nr": str(i), "x": f"a short line {i}", "y": f"a much longer line {i} " * 5} for i in range(9))
    found = guessed(table(*rows))
    assert found.mapping.columns == {"prompt": "x", "reply": "y"}
    assert not found.sure


def test_fields_of_a_nested_cell_are_found_by_their_paths() -> None:
    frame = table(*({"translation": {"en": f"the house {i}", "de": f"das große Haus {i}"}} for i in range(4)))
    assert guessed(frame).mapping.columns == {"prompt": "translation.en", "reply": "translation.de"}
    assert messages(mapped(frame)) == [("user", "the house 0"), ("assistant", "das große Haus 0")]


def test_single_words_with_their_meaning_are_questions_and_answers() -> None:
    found = guessed(table(*({"word": word, "meaning": f"a kind of {word}"} for word in ("pear", "apple", "plum"))))
    assert found.mapping.columns == {"prompt": "word", "reply": "meaning"} and not found.sure


def test_ids_dates_and_addresses_are_never_text() -> None:
    rows = (
        {
            "question": f"https://example.org/a/{i}",
            "answer": f"2024-01-{i + 1:02d} 10:00:00",
            "message": f"ORD-{i}",
            "x": f"Where is parcel {i}?",
            "y": f"It is at the post office, in box number {i}.",
        }
        for i in range(9)
    )
    assert guessed(table(*rows)).mapping.columns == {"prompt": "x", "reply": "y"}


def test_background_is_put_below_the_prompt() -> None:
    frame = table(
        {"instruction": "Sum up.", "context": "A long story.", "response": "Short."},
        {"instruction": "Say hi.", "context": "", "response": "Hi."},
    )
    rows = mapped(frame)
    assert messages(rows) == [("user", "Sum up.\n\nA long story."), ("assistant", "Short.")]
    assert messages(rows, 1)[0] == ("user", "Say hi.")


def test_the_prompt_may_be_a_template_and_the_reply_a_path() -> None:
    frame = table({"title": "Lost", "body": "Where?", "meta": {"out": ["Here."]}})
    columns = {"prompt": "Answer {title}:\n{body}", "reply": "meta.out[0]"}
    rows, _ = apply(frame, Mapping(kind="chat", shape="prompt_reply", columns=columns))
    assert messages(rows) == [("user", "Answer Lost:\nWhere?"), ("assistant", "Here.")]


def test_the_instruction_comes_first_and_the_rows_own_wins() -> None:
    frame = table(
        {"question": "a b", "answer": "c d", "system": "Be brief."}, {"question": "e f", "answer": "g h", "system": ""}
    )
    rows = mapped(frame, system="Be kind.")
    assert messages(rows)[0] == ("system", "Be brief.")
    assert messages(rows, 1) == [("system", "Be kind."), ("user", "e f"), ("assistant", "g h")]
    own = table({"messages": [{"role": "developer", "content": "Own."}, *chat("a", "b")]})
    assert messages(mapped(own, system="Be kind."))[0] == ("system", "Own.")


def chat(*texts: str) -> list[dict[str, str]]:
    return [{"role": ("user", "assistant")[place % 2], "content": text} for place, text in enumerate(texts)]


def test_alpaca_with_earlier_turns() -> None:
    frame = table(
        {"instruction": "Add.", "input": "1 2", "output": "3", "system": "Count.", "history": [["Hi", "Hello"]]},
        {"instruction": "Wave.", "input": "", "output": "o/", "system": "", "history": []},
    )
    assert guessed(frame).mapping.shape == "alpaca"
    rows = mapped(frame)
    assert messages(rows) == [
        ("system", "Count."),
        ("user", "Hi"),
        ("assistant", "Hello"),
        ("user", "Add.\n\n1 2"),
        ("assistant", "3"),
    ]
    assert messages(rows, 1) == [("user", "Wave."), ("assistant", "o/")]


def test_sharegpt_with_calls_of_tools() -> None:
    frame = table({"conversations": [ASK, CALL, SEEN, SAID], "system": "Be exact.", "tools": "[" + tool() + "]"})
    found = guessed(frame)
    assert (found.mapping.shape, found.sure) == ("sharegpt", True)
    rows = mapped(frame)
    assert [role for role, _ in messages(rows)] == ["system", "user", "assistant", "tool", "assistant"]
    assert unpack(rows["messages"][0])[2]["tool_calls"] == [
        {"type": "function", "function": {"name": "weather", "arguments": {"city": "Rome"}}}
    ]
    assert unpack(rows["tools"][0]) == [{"type": "function", "function": TOOL}]


def tool() -> str:
    return table({"tool": TOOL})["tool"][0]


def test_words_and_calls_of_one_turn_are_one_message() -> None:
    said = {"from": "gpt", "value": "Let me look."}
    rows = mapped(table({"conversations": [ASK, said, CALL, CALL, SEEN, SEEN, SAID]}))
    second = unpack(rows["messages"][0])[1]
    assert second["content"] == "Let me look." and len(second["tool_calls"]) == 2


def test_openai_messages_with_parts_weights_and_calls() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Rome"}'}}
    parts = [{"type": "text", "text": "How warm"}, {"type": "text", "text": "is it?"}]
    conversation = [
        {"role": "developer", "content": "Be exact."},
        {"role": "user", "content": parts},
        {"role": "assistant", "content": None, "tool_calls": [call], "weight": 0},
        {"role": "tool", "tool_call_id": "c1", "content": "31"},
        {"role": "assistant", "content": "31 degrees.", "weight": 1},
    ]
    frame = table({"messages": conversation, "tools": [{"type": "function", "function": TOOL}]})
    assert guessed(frame).mapping.columns == {"messages": "messages", "tools": "tools"}
    assert unpack(mapped(frame)["messages"][0]) == [
        {"role": "system", "content": "Be exact."},
        {"role": "user", "content": "How warm\nis it?"},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": {"city": "Rome"}}}
            ],
            "weight": 0,
        },
        {"role": "tool", "content": "31", "tool_call_id": "c1"},
        {"role": "assistant", "content": "31 degrees.", "weight": 1},
    ]


def test_prompt_and_completion_may_hold_messages() -> None:
    rows = mapped(
        table({"prompt": chat("Hi", "Hello", "And?"), "completion": [{"role": "assistant", "content": "So."}]})
    )
    assert messages(rows) == [("user", "Hi"), ("assistant", "Hello"), ("user", "And?"), ("assistant", "So.")]


def test_lists_of_texts_are_turns() -> None:
    frame = table(*({"id": str(i), "dialog": ["Hello there", f"Hello number {i}"]} for i in range(3)))
    assert not guessed(frame).sure
    assert messages(mapped(frame)) == [("user", "Hello there"), ("assistant", "Hello number 0")]


def test_question_about_a_passage_keeps_the_passage_together() -> None:
    passage, other = "Rome lies on the Tiber. It is old.", "Paris lies on the Seine. It is big."
    frame = table(
        {"id": "a1", "title": "Rome", "context": passage, "question": "Where?", "answers": squad("on the Tiber")},
        {"id": "a2", "title": "Rome", "context": passage, "question": "How old?", "answers": squad("old")},
        {"id": "a3", "title": "Paris", "context": other, "question": "Where?", "answers": squad("on the Seine")},
    )
    assert guessed(frame).mapping.shape == "question_passage"
    rows = mapped(frame)
    assert messages(rows) == [("user", f"{passage}\n\nWhere?"), ("assistant", "on the Tiber")]
    assert rows["group"][0] == rows["group"][1] != rows["group"][2]
    unanswerable = table({"context": passage, "question": "Why?", "answers": {"text": [], "answer_start": []}})
    assert reasons(unanswerable, guessed(frame).mapping) == ["no answer"]


def squad(answer: str) -> dict[str, object]:
    return {"text": [answer, "another"], "answer_start": [1, 2]}


def test_a_column_that_names_the_conversation_keeps_rows_together() -> None:
    rows = [{"session_id": f"s{i // 2}", "question": f"What is {i}?", "answer": f"It is {i}."} for i in range(6)]
    found = guessed(table(*rows))
    assert found.mapping.group == "session_id" and "stay together" in found.reason
    assert list(mapped(table(*rows))["group"]) == ["s0", "s0", "s1", "s1", "s2", "s2"]


MESSAGES = Mapping(kind="chat", shape="messages", columns={"messages": "m", "tools": "t"})


@pytest.mark.parametrize(
    ("conversation", "reason"),
    [
        ("", "no conversation"),
        ("[]", "no conversation"),
        ("[{", "the conversation is not valid JSON"),
        ("5", "no conversation"),
        ([5], "a message of the conversation does not say who speaks"),
        (chat("Hi"), "the conversation does not end with an answer"),
        (chat("Hi", " "), "no answer"),
        (chat("", "Hello"), "no question"),
        (chat("Hi", "Hello")[1:], "no question"),
        ([{"role": "owl", "content": "Hoo"}], "an unknown speaker, “owl”, in the conversation"),
        ([*chat("a")] * 3 + chat("a", "b")[1:], "one side of the conversation speaks three times in a row"),
        ([chat("a")[0], {"role": "tool", "content": "x"}, chat("a", "b")[1]], "the result of a tool stands"),
        ([{"role": "user", "content": [{"type": "image_url"}]}], "a picture, sound or file"),
        ([ASK, {"from": "function_call", "value": "weather in Rome"}, SAID], "a call of a tool that is not valid JSON"),
        ([ASK, {"from": "function_call", "value": "[]"}, SAID], "a call of a tool that is not valid JSON"),
    ],
)
def test_conversations_that_cannot_be_used_say_why(conversation: object, reason: str) -> None:
    (found,) = reasons(table({"m": conversation, "t": ""}), MESSAGES)
    assert found.startswith(reason)


def test_broken_tools_are_left_out() -> None:
    (found,) = reasons(table({"m": chat("a", "b"), "t": "[{]"}), MESSAGES)
    assert found.startswith("the list of tools is not valid JSON")


def test_two_messages_in_a_row_are_let_through_for_the_health_report() -> None:
    rows, left_out = apply(table({"m": [*chat("a"), *chat("a", "b")], "t": ""}), MESSAGES)
    assert len(rows) == 1 and left_out == []


def test_rows_that_are_left_out_are_counted_by_reason_and_keep_their_numbers() -> None:
    frame = pandas.DataFrame({"q": ["a", "", "c", " "], "a": ["b", "c", "", "d"]})
    mapping = Mapping(kind="chat", shape="prompt_reply", columns={"prompt": "q", "reply": "a"})
    rows, left_out = apply(frame, mapping)
    assert list(rows["row"]) == [1]
    assert [(row.row, row.reason) for row in left_out] == [(2, "no question"), (3, "no answer"), (4, "no question")]
    assert count_reasons(left_out) == [(2, "no question"), (1, "no answer")]
    assert list(apply(frame, mapping, first=101)[0]["row"]) == [101]

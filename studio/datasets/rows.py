"""Rows as every later step sees them, whatever shape the file had.

A frame of rows has these columns, all text but the first; what a kind does not use is "":

- `row`: 1-based row of the file's table; a long document that was cut has several rows with one number, and so has
  one that its weight repeats; the rows of a separate test file are counted on behind those of the file
- `messages`: JSON of the conversation, [{"role", "content", ...}], in the names that chat templates use
- `tools`: JSON list of the tools that the conversation may call
- `chosen`, `rejected`: JSON of the messages that end the conversation, for preference pairs
- `text`: what is to be judged, or a passage to learn from
- `label`: the group, the groups (JSON list), the number, "true" / "false", or the name of the picture
- `group`: rows with the same value here belong together in a split; a document without one has its own (`own_group`)
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy
import orjson
import pandas

Message = dict[str, Any]
Messages = list[Message]
ChangeArgument = Callable[[str, str], str]  # name of the argument, its text -> new text
PLAIN = "text"  # in place of a role, for what nobody says to anybody
COLUMNS = ("row", "messages", "tools", "chosen", "rejected", "text", "label", "group")


@dataclass(frozen=True)
class Kind:
    """What one row of this kind teaches. `fields` are the columns of a frame of rows that it fills."""

    title: str
    sentence: str
    fields: tuple[str, ...]


KINDS = {
    "chat": Kind("Questions and answers", "It learns to answer.", ("messages", "tools")),
    "preference": Kind("Better and worse answers", "It learns which to prefer.", ("messages", "chosen", "rejected")),
    "feedback": Kind("Answers with thumbs up or down", "It learns what people liked.", ("messages", "label")),
    "label": Kind("Texts with a group", "It learns to sort.", ("text", "label")),
    "number": Kind("Texts with a number", "It learns to estimate.", ("text", "label")),
    "picture": Kind("Pictures with questions", "It learns to answer about pictures.", ("messages", "label")),
    "text": Kind("Plain text", "It learns the language of your documents.", ("text",)),
}


def new_rows(number: numpy.ndarray, **columns: Any) -> pandas.DataFrame:
    """A frame of rows from the columns that are known; `number` holds the 1-based rows of the file."""
    frame = pandas.DataFrame({"row": numpy.asarray(number, dtype="int64")})
    for column in COLUMNS[1:]:
        frame[column] = pandas.Series(columns.get(column, ""), index=frame.index, dtype="str")
    return frame


def own_group(number: int) -> str:
    """The `group` of all passages of one document of the file, where no column names another."""
    return f"row {number}"


def pack(value: Any) -> str:
    """JSON as it stands in a frame of rows: always the same text for the same value."""
    return orjson.dumps(value).decode()


def unpack(text: str) -> Any:
    return orjson.loads(text) if text else []


def content_of(message: Message) -> str:
    """The words of one message; of one that only calls tools, the calls."""
    content = message.get("content")
    if isinstance(content, str) and content:
        return content
    calls = message.get("tool_calls")
    return pack(calls) if calls else ""


def plain_texts(rows: pandas.DataFrame, kind: str) -> pandas.DataFrame:
    """Columns `prompt` (all that is read) and `reply` (what is learned), as plain text, one line of each a row."""
    if kind == "text":
        return pandas.DataFrame({"prompt": pandas.Series("", index=rows.index, dtype="str"), "reply": rows["text"]})
    if kind in ("label", "number"):
        return pandas.DataFrame({"prompt": rows["text"], "reply": rows["label"]})
    prompts, replies = [], []
    for packed, chosen in zip(rows["messages"], rows["chosen"], strict=True):
        messages = unpack(packed) + unpack(chosen)
        last = messages.pop() if messages and messages[-1].get("role") == "assistant" else {}
        prompts.append("\n".join(content_of(message) for message in messages))
        replies.append(content_of(last))
    return pandas.DataFrame({"prompt": prompts, "reply": replies}, index=rows.index, dtype="str")


def change_texts(
    rows: pandas.DataFrame, change: Callable[[str], str], change_argument: ChangeArgument | None = None
) -> tuple[pandas.DataFrame, numpy.ndarray]:
    """The rows with `change` applied to every text in them, labels left alone.

    change_argument: the same for texts in the arguments of calls of tools, given the name of the argument too; without
    it calls are left alone. Returns new rows and a boolean array: which of them are different now.
    """
    changed = rows.copy()
    for column in ("messages", "chosen", "rejected"):
        if (rows[column] != "").any():
            changed[column] = pandas.Series(
                [change_messages(packed, change, change_argument) for packed in rows[column]],
                index=rows.index,
                dtype="str",
            )
    if (rows["text"] != "").any():
        changed["text"] = pandas.Series([change(text) if text else text for text in rows["text"]], index=rows.index)
    fields = ["messages", "chosen", "rejected", "text"]
    return changed, (changed[fields] != rows[fields]).any(axis=1).to_numpy()


def change_messages(packed: str, change: Callable[[str], str], change_argument: ChangeArgument | None = None) -> str:
    if not packed:
        return packed
    messages = unpack(packed)
    for message in messages:
        if isinstance(message.get("content"), str):
            message["content"] = change(message["content"])
        if change_argument:
            for function in called(message):
                function["arguments"] = change_value(function["arguments"], "", change_argument)
    return pack(messages)


def called(message: Message) -> list[dict[str, Any]]:
    """What a message calls, each {"name", "arguments"}; calls without arguments are passed over."""
    functions = [call.get("function") for call in message.get("tool_calls") or []]
    return [function for function in functions if function and "arguments" in function]


def change_value(value: Any, name: str, change: ChangeArgument) -> Any:
    """Every text in a nested value changed, its name being the key nearest above it; keys and all else as they are."""
    if isinstance(value, dict):
        return {key: change_value(item, key, change) for key, item in value.items()}
    if isinstance(value, list):
        return [change_value(item, name, change) for item in value]
    return change(name, value) if isinstance(value, str) else value


def conversations(rows: pandas.DataFrame, kind: str) -> Iterator[tuple[Messages, list[Any]]]:
    """(messages, tools) of every row: texts with a label become a question and its answer, plain text one “turn”."""
    if kind == "text":
        yield from (([{"role": PLAIN, "content": text}], []) for text in rows["text"])
        return
    if kind in ("label", "number"):
        for text, label in zip(rows["text"], rows["label"], strict=True):
            yield [{"role": "user", "content": text}, {"role": "assistant", "content": label}], []
        return
    for messages, tools, chosen in zip(rows["messages"], rows["tools"], rows["chosen"], strict=True):
        yield unpack(messages) + unpack(chosen), unpack(tools)

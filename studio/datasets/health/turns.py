"""Conversations in which the speakers do not take turns, or which do not end with an answer."""

from dataclasses import replace
from typing import Any

import numpy
import pandas

from studio.datasets.health.check import Check, Data, Found, Mended, quote
from studio.datasets.rows import Message, Messages, content_of, pack, unpack

INSTRUCTIONS = ("system", "developer")
# Who may speak after whom, "" being the beginning; an assistant that called a tool is followed by the tool.
AFTER = {"": {"user"}, "user": {"assistant"}, "assistant": {"user"}, "calling": {"tool"}, "tool": {"tool", "assistant"}}
SPEAKERS = {"user": "the person", "assistant": "the model", "tool": "a tool"}


def find(data: Data) -> Found | None:
    packed = zip(data.rows["messages"].tolist(), data.rows["chosen"].tolist(), strict=True)
    reasons = (trouble(unpack(messages) + unpack(chosen)) for messages, chosen in packed)
    wrong = [(at, reason) for at, reason in enumerate(reasons) if reason]
    if not wrong:
        return None
    examples = [f"Row {data.rows['row'].iat[at]}: {reason}" for at, reason in wrong[:3]]
    return Found(numpy.array([at for at, _ in wrong]), examples)


def trouble(messages: Messages) -> str:
    """What is wrong with a conversation, as a sentence; "" when nothing is."""
    before = ""
    for place, message in enumerate(messages):
        role = str(message.get("role"))
        if role in INSTRUCTIONS and before == "":
            continue
        if role not in AFTER[before]:
            return out_of_turn(place, role, before, message)
        before = state(message)
    if before != "assistant":
        return "The conversation does not end with an answer of the model."
    return ""


def state(message: Message) -> str:
    """Where a conversation stands after this message: a key of AFTER."""
    role = str(message.get("role"))
    return "calling" if role == "assistant" and message.get("tool_calls") else role


def out_of_turn(place: int, role: str, before: str, message: Message) -> str:
    said = quote(content_of(message), 60)
    speaker = SPEAKERS.get(role, f"“{role}”")
    if before == "":
        return f"The conversation begins with {speaker}: {said}."
    if role == before:
        return f"Message {place + 1} is {speaker} speaking twice in a row: {said}."
    return f"Message {place + 1} comes from {speaker} out of turn: {said}."


def usable(messages: Messages) -> Messages:
    """The longest beginning that takes turns and ends with an answer; empty when there is none."""
    for end in range(len(messages), 0, -1):
        if messages[end - 1].get("role") == "assistant" and not trouble(messages[:end]):
            return messages[:end]
    return []


def mend(data: Data, found: Found, options: Any) -> Mended:
    """Cut each conversation after its last good answer; one without any is left out, and so is a preference pair."""
    cut = data.rows["messages"].tolist()
    changed, removed = [], []
    for at in found.positions.tolist():
        messages = [] if str(data.rows["chosen"].iat[at]) else usable(unpack(cut[at]))
        if messages:
            cut[at] = pack(messages)
            changed.append(at)
        else:
            removed.append(at)
    rows = data.rows.copy()
    rows["messages"] = pandas.Series(cut, index=rows.index, dtype="str")
    gone = numpy.array(removed, dtype="int64")
    return Mended(replace(data, rows=rows).without(gone), gone, numpy.array(changed, dtype="int64"))


CHECK = Check(
    name="turns",
    title="Turns out of order",
    why="A conversation has to go back and forth and end with an answer, or there is nothing to learn at its end.",
    severity="serious",
    find=find,
    fix="Cut after the last good answer",
    mend=mend,
    kinds=("chat", "preference", "feedback"),
)

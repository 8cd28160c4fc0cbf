"""Rows without a question or without an answer."""

import numpy

from studio.datasets.health.check import Check, Data, Found, quote, removing
from studio.datasets.rows import unpack


def find(data: Data) -> Found | None:
    no_reply = (data.texts["reply"].str.strip() == "").to_numpy(dtype=bool, copy=True)
    if data.kind in ("chat", "preference", "feedback"):
        # A conversation that breaks off before the answer is a matter for the check on turns.
        for position in numpy.flatnonzero(no_reply):
            no_reply[position] = ends_with_assistant(data, int(position))
    no_prompt = numpy.zeros(len(no_reply), dtype=bool)
    if data.kind != "text":
        no_prompt = (data.texts["prompt"].str.strip() == "").to_numpy(dtype=bool)
    positions = numpy.flatnonzero(no_reply | no_prompt)
    if not len(positions):
        return None
    return Found(positions, [sentence(data, int(position), bool(no_reply[position])) for position in positions[:3]])


def ends_with_assistant(data: Data, position: int) -> bool:
    messages = unpack(str(data.rows["messages"].iat[position])) + unpack(str(data.rows["chosen"].iat[position]))
    return bool(messages) and messages[-1].get("role") == "assistant"


def sentence(data: Data, position: int, no_reply: bool) -> str:
    row, missing = data.rows["row"].iat[position], missing_words(data.kind)[int(no_reply)]
    if data.kind == "text":
        return f"Row {row} is empty."
    other = str(data.texts["prompt" if no_reply else "reply"].iat[position])
    return f"Row {row} has no {missing}: {quote(other)}." if other.strip() else f"Row {row} is empty."


def missing_words(kind: str) -> tuple[str, str]:
    """What the prompt and the reply of this kind are called."""
    return {"label": ("text", "group"), "number": ("text", "number")}.get(kind, ("question", "answer"))


CHECK = Check(
    name="empty_replies",
    title="Empty questions or answers",
    why="A row with nothing to read or nothing to answer teaches the model to say nothing.",
    severity="serious",
    find=find,
    fix="Leave these rows out",
    mend=removing,
    safe=True,
)

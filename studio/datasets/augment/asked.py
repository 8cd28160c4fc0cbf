"""What is asked in a row: the one text that augmentation may change. Answers and labels are out of its reach."""

from collections.abc import Sequence

import numpy
import pandas

from studio.datasets.rows import Messages, pack, unpack


def asked_in(rows: pandas.DataFrame, kind: str) -> list[str]:
    """For each row the text, or the words of the last user turn; "" where there are none."""
    if kind in ("label", "number"):
        return rows["text"].tolist()
    found = []
    for packed in rows["messages"]:
        messages = unpack(packed)
        place = last_question(messages)
        found.append("" if place is None else messages[place]["content"])
    return found


def asking(rows: pandas.DataFrame, kind: str, positions: numpy.ndarray, texts: Sequence[str]) -> pandas.DataFrame:
    """Copies of the rows at `positions` that ask `texts` instead, and are the same otherwise."""
    copies = rows.iloc[positions].reset_index(drop=True)
    if kind in ("label", "number"):
        copies["text"] = pandas.Series(list(texts), index=copies.index, dtype="str")
        return copies
    packed = [replaced(unpack(old), text) for old, text in zip(copies["messages"], texts, strict=True)]
    copies["messages"] = pandas.Series(packed, index=copies.index, dtype="str")
    return copies


def replaced(messages: Messages, text: str) -> str:
    place = last_question(messages)
    assert place is not None
    return pack([{**message, "content": text} if i == place else message for i, message in enumerate(messages)])


def last_question(messages: Messages) -> int | None:
    """Position of the last user turn that is in words; None when there is none."""
    for place in range(len(messages) - 1, -1, -1):
        if messages[place].get("role") == "user":
            return place if isinstance(messages[place].get("content"), str) else None
    return None

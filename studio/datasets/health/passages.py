"""The words of a row that a fix could change, and how a piece of them is shown in an example."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy

from studio.datasets.health.check import Data, Found, Mended, quote
from studio.datasets.rows import ChangeArgument, called, change_texts, unpack

NAME = re.compile(r"[^\W\d_](?:[^\W\d]|-){0,40}\d{0,2}")
WORD_END = re.compile(r"[_-]+|(?<=[a-z])(?=[A-Z])")  # of phone_number and phoneNumber


def passages(data: Data, calls: bool = False) -> list[str]:
    """Every text of each row, one string a row, texts parted by a blank line.

    Exactly the texts that `change_texts` reaches, so that what is found is what a fix can mend: the rejected answers
    too, but no labels. calls: the texts in the arguments of calls of tools as well, each behind its name.
    """
    texts = data.rows["text"].tolist()
    for column in ("messages", "chosen", "rejected"):
        for position, packed in enumerate(data.rows[column].tolist()):
            if packed:
                texts[position] = "\n\n".join([*filter(None, (texts[position],)), *contents(packed, calls)])
    return texts


def texts_at(data: Data, position: int) -> list[str]:
    """The texts of one row each by itself, for checks to which their beginnings and ends matter."""
    row = data.rows.iloc[position]
    texts = [text for column in ("messages", "chosen", "rejected") for text in contents(row[column])]
    return [row["text"], *texts] if row["text"] else texts


def contents(packed: str, calls: bool = False) -> list[str]:
    texts: list[str] = []
    for message in unpack(packed):
        if isinstance(words := message.get("content"), str) and words:
            texts.append(words)
        if calls and "tool_calls" in message:
            texts += [
                behind_name(name) + text for function in called(message) for name, text in named(function["arguments"])
            ]
    return texts


def named(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """The texts in a nested value, each with the key nearest above it, as `change_texts` goes through them."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from named(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from named(item, name)
    elif isinstance(value, str) and value:
        yield name, value


def behind_name(name: str) -> str:
    """What is put before the text of an argument, because its name may be all that tells what it is: “phone number: ”.

    A name with other signs than letters may be data itself, which a fix could not mask there; it is left out.
    """
    return WORD_END.sub(" ", name) + ": " if NAME.fullmatch(name) else ""


def change_found(
    data: Data, found: Found, change: Callable[[str], str], change_argument: ChangeArgument | None = None
) -> Mended:
    """Apply `change` to every text of the rows that were found. Their lengths in tokens are no longer known.

    change_argument: see `change_texts`.
    """
    index = data.rows.index[found.positions]
    part, different = change_texts(data.rows.loc[index], change, change_argument)
    rows = data.rows.copy()
    for column in ("messages", "chosen", "rejected", "text"):
        rows.loc[index, column] = part[column]
    lengths = data.lengths if not different.any() else None
    nothing = numpy.empty(0, dtype="int64")
    return Mended(replace(data, rows=rows, lengths=lengths), nothing, found.positions[different])


def found_at(positions: list[int], examples: list[str], count: str = "") -> Found | None:
    """A finding from a plain list of positions; None when it is empty."""
    return Found(numpy.asarray(positions, dtype="int64"), examples[:3], count) if positions else None


def row_name(data: Data, position: int) -> str:
    """“Row 31”: the row of the file that stands at this position."""
    return f"Row {data.rows['row'].iat[position]}"


def quote_around(text: str, start: int, end: int, before: int = 30, length: int = 90) -> str:
    """The words around text[start:end] in quotation marks, as far as its paragraph goes."""
    begin = begin_near(text, start, before)
    last = paragraph_end(text, end)
    return quote(
        ("…" if cut_before(text, begin) else "") + text[begin : max(end, min(last, begin + length + 1))], length
    )


def begin_near(text: str, start: int, before: int = 30) -> int:
    """Where to begin when the words before `start` are shown: at a word, in the same paragraph."""
    begin = max(0, start - before)
    paragraph = text.rfind("\n\n", begin, start)
    begin = paragraph + 2 if paragraph >= 0 else begin
    if cut_before(text, begin) and not text[begin - 1].isspace():
        space = text.find(" ", begin, start)
        begin = space + 1 if space >= 0 else start
    return begin


def cut_before(text: str, begin: int) -> bool:
    """Whether something of the same paragraph stands before."""
    return begin > 0 and text[max(0, begin - 2) : begin] != "\n\n"


def paragraph_end(text: str, end: int) -> int:
    at = text.find("\n\n", end)
    return at if at >= 0 else len(text)

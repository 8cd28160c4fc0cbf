"""Prompts built out of several columns: “Classify this ticket: {title}\n{body}”.

A field is a column's name or a path into a nested cell; doubled braces stand for themselves. Python's own formatting is
not used, because it would let a template reach into the attributes of objects.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import pandas

from studio.datasets.paths import column_and_rest, pick, text_of, values_at
from studio.errors import StudioError

SHOWN = 3  # rows of a preview
TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


@dataclass(frozen=True)
class Piece:
    """Literal text, or the name of a field."""

    text: str
    field: bool


@dataclass(frozen=True)
class Completion:
    """Names that fit what is being typed; the chosen one replaces the text from `start` to `end`."""

    start: int
    end: int
    names: list[str]


@dataclass(frozen=True)
class Preview:
    """The first rows filled in, "" for one that has nothing to fill in and would be left out; or what is wrong."""

    texts: list[str]
    problems: list[str]


@lru_cache(maxsize=256)
def parse(template: str) -> tuple[Piece, ...]:
    """The pieces of a template in order. Raises StudioError at a brace without its partner."""
    pieces: list[Piece] = []
    at = 0
    for match in TOKEN.finditer(template):
        pieces.append(Piece(template[at : match.start()], False))
        token = match.group()
        if token in ("{", "}"):
            partner = "}" if token == "{" else "{"
            raise StudioError(
                f"The brace “{token}” near “{around(template, match.start())}” has no partner “{partner}”.",
                f"Write a column's name between braces, {{like this}}, or “{token * 2}” for the sign itself.",
            )
        pieces.append(Piece(token[0], False) if match.group(1) is None else Piece(match.group(1).strip(), True))
        at = match.end()
    pieces.append(Piece(template[at:], False))
    return tuple(piece for piece in pieces if piece.text or piece.field)


def around(template: str, at: int) -> str:
    return " ".join(template[max(0, at - 10) : at + 15].split())


def fields_of(template: str) -> list[str]:
    """The fields that a template names, each once, in order. Raises StudioError at a brace without its partner."""
    return list(dict.fromkeys(piece.text for piece in parse(template) if piece.field))


def problems(template: str, columns: Iterable[str]) -> list[str]:
    """What is wrong with a template, one sentence each; empty when it can be used."""
    columns = [str(column) for column in columns]
    try:
        fields = fields_of(template)
    except StudioError as error:
        return [error.text]
    if not fields:
        return ["The template names no column, so every row would get the same text. Add one, {like this}."]
    return [unknown(field, columns) for field in fields if column_and_rest(field, columns) is None]


def unknown(name: str, columns: Sequence[str]) -> str:
    """That there is no such column, and which one was probably meant."""
    if not name:
        return "There is nothing between two braces. Write a column's name there, or double the braces: “{{ }}”."
    from rapidfuzz import fuzz, process

    close = process.extractOne(name, columns, scorer=fuzz.ratio, processor=str.casefold, score_cutoff=60)
    hint = f"Did you mean “{close[0]}”?" if close else f"The columns are: {', '.join(columns)}."
    return f"There is no column called “{name}”. {hint}"


def render(template: str, row: Mapping[str, str]) -> str:
    """The template with the fields of one row filled in. Raises StudioError when a column is missing."""
    words = []
    for piece in parse(template):
        if not piece.field:
            words.append(piece.text)
            continue
        found = column_and_rest(piece.text, row)
        if found is None:
            raise StudioError(unknown(piece.text, list(row)), "Choose one of the columns, or double the braces.")
        column, rest = found
        words.append(text_of(pick(row[column], rest)) if rest else row[column])
    return "".join(words)


def render_all(template: str, frame: pandas.DataFrame) -> list[str]:
    """The template filled in for every row; "" for a row in which all its fields are empty.

    Raises StudioError when a column is missing or nothing would be filled in.
    """
    wrong = problems(template, frame.columns)
    if wrong:
        raise StudioError(wrong[0], "Mend the template, or choose a column instead.")
    fields = fields_of(template)
    values = [values_at(frame, field) or [] for field in fields]
    # Each piece becomes either its text or the place of its field, so that a row is one join.
    plan = [(fields.index(piece.text) if piece.field else -1, piece.text) for piece in parse(template)]
    return [
        "".join([row[place] if place >= 0 else text for place, text in plan])
        if any(cell and not cell.isspace() for cell in row)
        else ""
        for row in zip(*values, strict=True)
    ]


def preview(template: str, head: pandas.DataFrame) -> Preview:
    """How the first rows of a table would read, made while the template is being typed; never raises.

    A column's name or a path alone, without braces, is shown as it is used then: the cells themselves.
    """
    first = head.head(SHOWN)
    alone = None if set("{}") & set(template) and template not in first.columns else values_at(first, template.strip())
    if alone is not None:
        return Preview([cell.strip() for cell in alone], [])
    wrong = problems(template, first.columns)
    return Preview([], wrong) if wrong else Preview([text.strip() for text in render_all(template, first)], [])


def complete(text: str, cursor: int, columns: Iterable[str]) -> Completion | None:
    """The columns that fit the name being typed at the cursor; None when the cursor is not between braces.

    Names that begin with what is typed come first, then those that contain it.
    """
    before = text[:cursor]
    start = before.rfind("{")
    if start < before.rfind("}") or start < 0 or doubled(before, start):
        return None
    typed = before[start + 1 :].strip().lower()
    end = cursor + len(re.match(r"[^{}\n]*(?=\})|", text[cursor:]).group())  # type: ignore[union-attr]  # always matches
    names = [str(column) for column in columns if not re.search(r"[{}]", str(column))]
    fitting = [name for name in names if typed in name.lower()]
    return Completion(start + 1, end, sorted(fitting, key=lambda name: not name.lower().startswith(typed)))


def doubled(text: str, at: int) -> bool:
    """Whether the brace there is the second of a pair that stands for itself."""
    run = len(text[: at + 1]) - len(text[: at + 1].rstrip("{"))
    return run % 2 == 0

"""Prompts built out of several columns: “Classify this ticket: {title}\n{body}”.

A field is a column's name or a path into a nested cell; doubled braces stand for themselves. Python's own formatting is
not used, because it would let a template reach into the attributes of objects.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import pandas

from studio.datasets.paths import column_and_rest, paths_in, pick, steps_of, text_of, values_at
from studio.errors import StudioError

SHOWN = 3  # rows of a preview
TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


@dataclass(frozen=True)
class Piece:
    """Literal text, or the name of a field."""

    text: str
    field: bool


@dataclass(frozen=True)
class Preview:
    """The first rows filled in, "" for one that has nothing to fill in and would be left out, and what is wrong.

    A template that cannot be used has no texts. One with texts and a problem can: a path leads nowhere in these rows.
    """

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
    """How the first three rows of a table would read, made while the template is being typed; never raises.

    A column's name or a path alone, without braces, is shown as it is used then: the cells themselves. head: the first
    rows, best some hundreds; a path that leads nowhere in any of them is told, with the one that was probably meant.
    """
    name = template.strip()
    alone = (template in head.columns or not set("{}") & set(template)) and column_and_rest(name, names(head))
    if alone:
        cells = values_at(head.head(SHOWN), name) or []
        return Preview([cell.strip() for cell in cells], nowhere([name], head))
    wrong = problems(template, head.columns)
    if wrong:
        return Preview([], wrong)
    texts = render_all(template, head.head(SHOWN))
    return Preview([text.strip() for text in texts], nowhere(fields_of(template), head))


def nowhere(fields: Sequence[str], head: pandas.DataFrame) -> list[str]:
    """A sentence for each path into nested cells that leads to nothing in any of these rows."""
    from rapidfuzz import fuzz, process

    found = []
    for field in fields:
        column, rest = column_and_rest(field, names(head)) or ("", "")
        if not rest or head.empty or any(values_at(head, field) or []):
            continue
        known = paths_in(head, column)
        if steps_of(rest) in [steps_of(path[len(column) :]) for path in known]:
            continue  # it is spelled as it should be, and there is nothing in it
        rows = "the first row" if len(head) == 1 else f"any of the first {len(head):,} rows"
        close = process.extractOne(field, known, scorer=fuzz.ratio, processor=str.casefold, score_cutoff=60)
        inside = f"In “{column}” there are: {', '.join(known[:10])}." if known else f"“{column}” has nothing inside it."
        hint = f"Did you mean “{close[0]}”?" if close else inside
        found.append(f"There is nothing at “{field}” in {rows}. {hint}")
    return found


def names(frame: pandas.DataFrame) -> list[str]:
    return [str(column) for column in frame.columns]

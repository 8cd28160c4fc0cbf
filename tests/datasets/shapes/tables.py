"""Small tables for the tests of the shapes, every cell as the readers leave it: text, nested values as JSON."""

import json
from typing import Any

import pandas

from studio.datasets.rows import unpack
from studio.datasets.shapes import Guess, LeftOut, Mapping, apply, count_reasons, guess


def table(*rows: dict[str, Any]) -> pandas.DataFrame:
    def cell(value: Any) -> str:
        return value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)

    return pandas.DataFrame([{k: cell(v) for k, v in row.items()} for row in rows]).fillna("").astype("str")


def guessed(frame: pandas.DataFrame, name: str = "") -> Guess:
    found = guess(frame, name)
    assert found is not None
    assert found.reason.endswith(".") and found.mapping not in found.others
    return found


def mapped(frame: pandas.DataFrame, **changes: Any) -> pandas.DataFrame:
    """The rows by the guessed mapping, none of which may be left out."""
    rows, left_out = apply(frame, guessed(frame).mapping.model_copy(update=changes))
    assert left_out == []
    return rows


def messages(rows: pandas.DataFrame, place: int = 0, column: str = "messages") -> list[tuple[str, str]]:
    """(role, content) of each message of a row."""
    return [(message["role"], message["content"]) for message in unpack(rows[column][place])]


def reasons(frame: pandas.DataFrame, mapping: Mapping) -> list[str]:
    """Why each row of the table was left out, all of them."""
    rows, left_out = apply(frame, mapping)
    assert rows.empty and [row.row for row in left_out] == list(range(1, len(frame) + 1))
    return [row.reason for row in left_out]


__all__ = ["LeftOut", "count_reasons", "guessed", "mapped", "messages", "reasons", "table"]

"""Nested cells, and the fields in them, named by a path: `meta.topic`, `answers[-1].text`, `meta["odd.key"]`.

A query language (jmespath and its kin) would read dashes, spaces and brackets in people's own field names as operators;
here everything between two dots is a name.
"""

import ast
import json
import re
import warnings
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import orjson
import pandas

Step = str | int
STEP = re.compile(r"""\[(-?\d+)\]|\[("(?:[^"\\]|\\.)*")\]|\.?([^.\[\]]+)""")
DEEPEST, MOST, SAMPLE = 4, 60, 50


def load(cell: str) -> Any:
    """The value that a cell holds as JSON. Raises ValueError when it holds none.

    Tables that went through a spreadsheet or a CSV export often carry Python's spelling of lists ([{'role': 'user'}])
    or the NaN of other JSON writers; both are read, NaN as nothing.
    """
    try:
        return orjson.loads(cell)
    except ValueError:
        if cell[:1] not in ("[", "{"):
            raise
    for read in (load_loosely, load_python):
        try:
            # Through orjson once more, so that nothing gets in that could not be written again.
            return orjson.loads(orjson.dumps(read(cell)))
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            continue
    raise ValueError("not valid JSON")


def load_loosely(cell: str) -> Any:
    return json.loads(cell, parse_constant=lambda _: None)


def load_python(cell: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about odd escapes in people's text
        return ast.literal_eval(cell)


def text_of(value: Any) -> str:
    """A value as the text of a cell: text as it is, nothing as "", all else as JSON.

    What is nested more than 254 deep, which orjson reads but does not write, counts as nothing.
    """
    if isinstance(value, str):
        return value
    try:
        return "" if value is None else orjson.dumps(value).decode()
    except TypeError:
        return ""


@lru_cache(maxsize=1024)
def steps_of(path: str) -> tuple[Step, ...] | None:
    """The names and numbers that a path goes through, or None when it is not a path."""
    steps: list[Step] = []
    at = 0
    while at < len(path):
        match = STEP.match(path, at)
        if match is None:
            return None
        number, quoted, name = match.groups()
        try:
            steps.append(int(number) if number else orjson.loads(quoted) if quoted else name)
        except ValueError:  # more digits than Python reads, or a bad escape
            return None
        at = match.end()
    return tuple(steps)


def pick(value: Any, path: str) -> Any:
    """What stands at the path in a cell (its JSON as text, or already read) or in a row (a mapping); None if nothing.

    A text on the way that holds JSON is read.
    """
    steps = steps_of(path)
    return None if steps is None else follow(value, steps)


def follow(value: Any, steps: tuple[Step, ...]) -> Any:
    for step in steps:
        if isinstance(value, str):
            try:
                value = load(value)
            except ValueError:
                return None
        if isinstance(value, Mapping):
            value = value.get(step if isinstance(step, str) else str(step))
        elif isinstance(value, list) and isinstance(step, int) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def column_and_rest(path: str, columns: Iterable[str]) -> tuple[str, str] | None:
    """The column that a path begins with, and the path inside its cells ("" for the whole cell); None if there is none.

    The longest name wins, because columns may have dots and brackets in their own names.
    """
    begins = [c for c in columns if c and (path == c or path.startswith((c + ".", c + "[")))]
    if not begins:
        return None
    column = max(begins, key=len)
    return column, path[len(column) :]


def values_at(frame: pandas.DataFrame, path: str) -> list[str] | None:
    """The text at the path for every row, "" where there is none; None when no column begins so."""
    found = column_and_rest(path, map(str, frame.columns))
    if found is None:
        return None
    column, rest = found
    cells: list[str] = frame[column].tolist()
    steps = steps_of(rest)
    if not rest:
        return cells
    return [""] * len(cells) if steps is None else [text_of(follow(cell, steps)) for cell in cells]


def paths_in(head: pandas.DataFrame, column: str) -> list[str]:
    """The paths that lead into the cells of a column, each beginning with the column's name, most frequent first.

    They are looked up in the first 50 rows; of a list the first and the last entry are named.
    """
    counts: dict[str, int] = {}
    for cell in head[column].head(SAMPLE):
        if cell[:1] in ("{", "["):
            try:
                walk(load(cell), column, 1, counts)
            except ValueError:
                continue
    return sorted(counts, key=lambda path: -counts[path])[:MOST]


def walk(value: Any, path: str, depth: int, counts: dict[str, int]) -> None:
    """Count every path below a value."""
    if depth > DEEPEST or len(counts) > 20 * MOST:
        return
    if isinstance(value, dict):
        below = [(path + spelled(key), item) for key, item in value.items()]
    elif isinstance(value, list) and value:
        below = [(f"{path}[0]", value[0]), (f"{path}[-1]", value[-1])]
    else:
        return
    for deeper, item in below:
        counts[deeper] = counts.get(deeper, 0) + 1
        walk(item, deeper, depth + 1, counts)


def spelled(key: str) -> str:
    """A field's name as a step of a path."""
    return f".{key}" if key and not re.search(r"[.\[\]{}]", key) else f"[{orjson.dumps(key).decode()}]"

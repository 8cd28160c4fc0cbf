"""JSON Lines: one object a line."""

import json
from typing import Any

import pandas

from studio.datasets.readers.table import Table, as_text, decode, guess_note, valid
from studio.errors import StudioError


def read(data: bytes, name: str) -> Table:
    """Rows of a JSON Lines file; a value that is not text is kept as its JSON."""
    text, encoding = decode(data, name)
    rows: list[dict[str, str]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            reason = getattr(
                error, "msg", "a number too long" if isinstance(error, ValueError) else "nested too deeply"
            )
            raise StudioError(
                f"Line {number} of {name} is not valid JSON ({reason}).",
                "Mend that line, or leave it out, and bring the file again.",
            ) from error
        if not isinstance(value, dict):
            raise StudioError(
                f"Line {number} of {name} is not an object with named fields.",
                'Each line should look like {"question": "...", "answer": "..."}.',
            )
        rows.append({valid(str(key)): cell(item) for key, item in value.items()})
    frame = as_text(pandas.DataFrame(rows, dtype=object))
    return Table(frame, "JSON Lines", encoding, guess_note(encoding))


def cell(value: Any) -> str:
    if value is None:
        return ""
    return valid(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))

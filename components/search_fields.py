"""The settings that a search varies: what the page shows of each, and what comes back from it."""

import json
from typing import Any

from pydantic import ValidationError

from components.settings_fields import RATE, choices_of
from studio.errors import StudioError
from studio.methods import Method
from studio.methods.fields import kind_of
from studio.search.checks import searchable
from studio.search.space import MOST_MINUTES, MOST_RUNS, Range, Search, is_whole, proposed

Row = dict[str, Any]
POINTS = 3  # values of a range that a grid tries, unless it is told
LIMITS = {
    "runs": f"1 to {MOST_RUNS} runs",
    "minutes": f"more than 0 and at most {MOST_MINUTES:,} minutes (a week)",
    "steps": "a whole number of steps above 0",
}


def offered(method: Method, settings: dict[str, Any]) -> list[tuple[str, str]]:
    """Title and name of every setting that can be searched now, the learning rate first."""
    names = sorted(searchable(method, settings), key=lambda name: name != RATE)
    return [(str(method.settings.model_fields[name].title), name) for name in names]


def rows(method: Method, settings: dict[str, Any], names: list[str], grid: bool, before: str) -> str:
    """The part's value: a row for each of these settings, with what was typed before where it was there already.

    settings: with what is empty filled in (a learning rate). before: the value as it was.
    """
    known = {row["name"]: row for row in read(before)}
    fields = method.settings.model_fields
    found = []
    for name in [name for name in names if name in fields]:
        row = known[name] if name in known else begun(method, name, settings.get(name))
        found.append(row | {"title": str(fields[name].title)})
    return json.dumps({"grid": grid, "rows": found})


def begun(method: Method, name: str, now: Any) -> Row:
    """A row as it is proposed: around the present value, or with every choice ticked."""
    info = method.settings.model_fields[name]
    kind, _ = kind_of(info)
    if kind is bool:
        return {"name": name, "options": [["on", True, True], ["off", False, True]]}
    if kind not in (int, float):
        return {"name": name, "options": [[*one, True] for one in choices_of(name, info, method.settings)]}
    around = proposed(info, now)
    return {
        "name": name,
        "whole": is_whole(info),
        "low": around.low if around else None,
        "high": around.high if around else None,
        "log": around.log if around else False,
        "points": POINTS,
        "now": now,
    }


def read(value: str) -> list[Row]:
    """The rows of a value; none where it is damaged."""
    try:
        found = json.loads(value or "{}").get("rows", [])
    except (ValueError, AttributeError):
        return []
    return [row for row in found if isinstance(row, dict) and "name" in row] if isinstance(found, list) else []


def ranges(value: str, names: list[str]) -> dict[str, Range]:
    """What is tried for each setting, from the part's value. Raises StudioError where that is none of ours."""
    found = {}
    for row in read(value):
        if row["name"] not in names:
            continue
        try:
            if "options" in row:
                found[str(row["name"])] = Range(values=[one for _, one, ticked in row["options"] if ticked])
            else:
                found[str(row["name"])] = Range(**{key: row[key] for key in ("low", "high", "log", "points")})
        except (ValidationError, KeyError, ValueError, TypeError) as error:
            title = row.get("title", row["name"])
            raise StudioError(
                f"{title}: the range is not whole.", "Give both of its ends.", str(row["name"])
            ) from error
    return found


def asked(chosen: dict[str, Any]) -> Search:
    """The search that the form asks for. Raises StudioError where a number of it will not do."""
    way = chosen["search_way"]
    numbers = {
        "runs": None if way == "grid" else chosen["search_runs"] or None,
        "minutes": chosen["search_minutes"] or None,
        "steps": chosen["search_steps"] or None,
    }
    try:
        return Search(
            over=ranges(chosen["search_ranges"], list(chosen["search_over"] or [])),
            way=way,
            pruning=chosen["search_pruning"],
            **numbers,
        )
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][0])
        raise StudioError(f"A search takes {LIMITS.get(field, 'another choice here')}.", "Change it.", field) from error

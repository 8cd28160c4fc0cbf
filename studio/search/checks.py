"""What can be searched, and what is wrong with a search, told field by field before anything of it begins."""

import math
import typing
from itertools import product
from typing import Any

from pydantic.fields import FieldInfo

from studio.errors import StudioError
from studio.methods import Method
from studio.methods.field_errors import field_errors, shown
from studio.methods.fields import applying, kind_of, when
from studio.search.space import MOST_RUNS, Params, Range, Search, grid_size, is_whole

MOST_FIELDS, MOST_POINTS = 6, 50
FEWEST_CHECKS = 3  # with fewer, nobody looks at a run before it is nearly over
OPTIONAL = " Change it, or leave it empty."  # what a form says of a setting; a range needs both of its ends
FIXED = {
    "keep_by": "it decides by what the runs are compared, so all need the same",
    "max_steps": "how long the runs are is said of all of them together",
    "devices": "it changes how fast a run is, and not what it learns",
    "keep_points": "it changes what is kept, and not what is learned",
    "shots": "it is shown to the model before training, and changes nothing of that",
    "spread": "it changes how fast a run is, and not what it learns",
}


def searchable(method: Method, settings: Params) -> list[str]:
    """The settings of a method that can be searched while the others are as given."""
    fields = method.settings.model_fields
    there = applying(method.settings, settings)
    return [name for name, info in fields.items() if name in there and is_searchable(name, info)]


def is_searchable(name: str, info: FieldInfo) -> bool:
    kind, _ = kind_of(info)
    known = kind in (int, float, bool) or typing.get_origin(kind) is typing.Literal
    return known and name not in FIXED and not name.endswith("_run")


def check_search(search: Search, method: Method, settings: Params, context: int = 0, model: str = "This model") -> None:
    """Raises StudioError for the first thing that is wrong; its `field` is a setting's name, or one of the search's.

    settings: of the run that is varied. context: tokens that its model reads, 0 not known.
    """
    for error in wrong(search, method, settings, context, model).values():
        raise error


def wrong(
    search: Search, method: Method, settings: Params, context: int = 0, model: str = "This model"
) -> dict[str, StudioError]:
    """What is wrong, by field. Empty: all is well."""
    settings = settings | ({"max_steps": search.steps} if search.steps else {})
    found = [
        wrong_range(name, wanted, search, method, settings, context, model) for name, wanted in search.over.items()
    ]
    errors = {error.field: error for error in found if error}
    if not errors and (error := wrong_whole(search, method, settings)):
        errors[error.field] = error
    return errors


def wrong_range(
    name: str, wanted: Range, search: Search, method: Method, settings: Params, context: int, model: str
) -> StudioError | None:
    fields = method.settings.model_fields
    if name not in fields:
        known = ", ".join(one for one, info in fields.items() if is_searchable(one, info))
        return StudioError(
            f"“{name}” is no setting of the method “{method.title}”, so it cannot be searched.",
            f"Its own are: {known}.",
            name,
        )
    title = fields[name].title or name
    if not is_searchable(name, fields[name]):
        why = FIXED.get(name, "only numbers, switches and choices can be")
        return StudioError(f"{title} cannot be searched: {why}.", "Take it out.", name)
    if name == "epochs" and settings.get("max_steps"):
        return StudioError(
            f"{title} would change nothing: each run takes {settings['max_steps']:,} steps.",
            "Take it out, or leave the number of steps empty.",
            name,
        )
    if not any(name in applying(method.settings, one) for one in others(name, search, method, settings)):
        titles = [f"“{fields[other].title}”" for other in when(fields[name])]
        are = "is" if len(titles) == 1 else "are"
        return StudioError(
            f"{title} does not count while {' and '.join(titles)} {are} as in the run above.",
            "Change that, or take this out.",
            name,
        )
    said = range_error(fields[name], wanted)
    if said:
        return StudioError(*said, name)
    tried = list(wanted.values) or [whole(fields[name], end) for end in (wanted.low, wanted.high)]
    return refused(name, tried, method, settings, context, model)


def others(name: str, search: Search, method: Method, settings: Params) -> list[Params]:
    """The settings with each value of those that are searched, too, and that decide whether this one counts."""
    deciding = [other for other in when(method.settings.model_fields[name]) if other in search.over]
    values: list[list[Any]] = [search.over[other].values or [settings.get(other)] for other in deciding]
    return [settings | dict(zip(deciding, one, strict=True)) for one in product(*values)]


def range_error(info: FieldInfo, wanted: Range) -> tuple[str, str] | None:
    """What is wrong with a range whatever the other settings are, as message and hint."""
    title, kind = info.title, kind_of(info)[0]
    low, high = wanted.low, wanted.high
    if wanted.values:
        few = len(set(map(repr, wanted.values))) < 2
        return (f"{title}: there is only one value to try.", "Choose at least two.") if few else None
    if kind not in (int, float):
        return f"{title} is no number, and no value of it is chosen.", "Choose at least two."
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return f"{title}: the range is empty.", "Write its smallest and its largest value."
    if low > high:
        return f"{title}: the range is reversed, {shown(low)} is more than {shown(high)}.", "Swap the two."
    if low == high:
        return f"{title}: the range holds only {shown(low)}.", "Make one end smaller or larger."
    if is_whole(info) and (low != int(low) or high != int(high)):
        return f"{title}: it takes whole numbers.", "Write both ends without a point."
    if wanted.log and low <= 0:
        return f"{title}: a spread by ratio needs values above 0.", "Begin above 0, or spread it by difference."
    if not 2 <= wanted.points <= MOST_POINTS:
        return f"{title}: a grid tries 2 to {MOST_POINTS} values of a range.", "Change how many it tries."
    return None


def whole(info: FieldInfo, value: float | None) -> float | int:
    assert value is not None
    return int(value) if is_whole(info) else value


def refused(
    name: str, values: list[Any], method: Method, settings: Params, context: int, model: str
) -> StudioError | None:
    """The first of these values that the setting does not take, and why; what is wrong elsewhere is told there."""
    if name in field_errors(method, settings, context, model):
        settings = {other: value for other, value in settings.items() if other != name}
    for value in values:
        said = field_errors(method, settings | {name: value}, context, model).get(name)
        if said:
            return StudioError(
                said.removesuffix(OPTIONAL), "Every value that is tried has to be one that it takes.", name
            )
    return None


def wrong_whole(search: Search, method: Method, settings: Params) -> StudioError | None:
    """What is wrong with a search beside its ranges."""
    if not search.over:
        return StudioError("Nothing is searched yet.", "Choose at least one setting and its range.", "over")
    if len(search.over) > MOST_FIELDS:
        return StudioError(f"A search takes at most {MOST_FIELDS} settings.", "Take some out.", "over")
    if search.way == "grid":
        size = grid_size(search, method.settings)
        if size > MOST_RUNS:
            return StudioError(
                f"The grid has {size:,} combinations, and {MOST_RUNS} is the most.", "Try fewer values.", "way"
            )
    elif search.runs is None and search.minutes is None:
        return StudioError("The search would never end.", "Say after how many runs or minutes it is enough.", "runs")
    fields = method.settings.model_fields
    checks = settings.get("checks", fields["checks"].default)
    if search.pruning != "none" and "checks" not in search.over and checks < FEWEST_CHECKS:
        return StudioError(
            f"With {checks} checks a run is looked at too seldom to be ended early.",
            f"Set “{fields['checks'].title}” to {FEWEST_CHECKS} or more, or end no run early.",
            "pruning",
        )
    return None

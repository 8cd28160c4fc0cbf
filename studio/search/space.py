"""What is searched: ranges of settings, the way of choosing among them, and when it is enough."""

import itertools
import math
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

from studio.methods.fields import kind_of, limits

Value = bool | int | float | str
Params = dict[str, Any]
MOST_RUNS, MOST_MINUTES = 500, 60 * 24 * 7
DIGITS = 4  # significant digits of a number that is tried: more of them say nothing, and nobody can read them


Way = Literal["grid", "random", "tpe"]
Pruning = Literal["none", "asha", "hyperband"]
# Each with the words of the page: its name, and what it does.
WAYS: dict[Way, tuple[str, str]] = {
    "tpe": ("Learn from the runs so far (TPE)", "Tries more of what has worked; mostly the best with few runs."),
    "random": ("At random", "Draws each anew, whatever came out before."),
    "grid": ("Every combination (grid)", "Tries each value with each other value, once."),
}
PRUNINGS: dict[Pruning, tuple[str, str]] = {
    "asha": ("Soon (ASHA)", "At an eighth and at half of the way, a run that is not among the best quarter ends."),
    "hyperband": ("Sometimes later (Hyperband)", "Some runs are spared at first, for late starters."),
    "none": ("Never", "Every run is trained to its end."),
}


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Range(Part):
    """Values of one setting: from `low` to `high`, or one of `values`."""

    low: float | None = Field(None, description="Smallest value.")
    high: float | None = Field(None, description="Largest value.")
    log: bool = Field(False, description="Spread evenly by ratio, as suits a learning rate, not by difference.")
    points: int = Field(3, description="How many values of it a grid has.")
    values: list[Value] = Field(default_factory=list, description="In place of low and high: the values to try.")


class Search(Part):
    """How settings are searched for. `over` maps names of settings to their ranges."""

    over: dict[str, Range] = Field(description="The settings that are searched, by name.")
    way: Way = Field("tpe", description="How the next settings are chosen.")
    pruning: Pruning = Field("asha", description="How the hopeless are ended early.")
    runs: int | None = Field(None, ge=1, le=MOST_RUNS, description="At most so many runs.")
    minutes: float | None = Field(None, gt=0, le=MOST_MINUTES, description="At most so many minutes of training.")
    steps: int | None = Field(None, ge=1, description="Steps of each run; as many as the recipe has when left out.")
    seed: int = Field(42, ge=0, description="The same number chooses the same settings again.")
    higher_is_better: bool = Field(False, description="Of the figure by which a run's best point is kept.")


def is_whole(info: FieldInfo) -> bool:
    return kind_of(info)[0] is int


def grid(search: Search, schema: type[BaseModel]) -> list[Params]:
    """All combinations, the last setting changing fastest."""
    columns = [points(wanted, is_whole(schema.model_fields[name])) for name, wanted in search.over.items()]
    return [dict(zip(search.over, combination, strict=True)) for combination in itertools.product(*columns)]


def grid_size(search: Search, schema: type[BaseModel]) -> int:
    return math.prod(len(points(wanted, is_whole(schema.model_fields[name]))) for name, wanted in search.over.items())


def points(wanted: Range, of_integers: bool) -> list[Any]:
    """The values of a range in a grid, evenly spread."""
    if wanted.values:
        return list(wanted.values)
    assert wanted.low is not None and wanted.high is not None
    shares = [number / (wanted.points - 1) for number in range(wanted.points)]
    if wanted.log:
        low, high = math.log(wanted.low), math.log(wanted.high)
        found = [math.exp(low + (high - low) * share) for share in shares]
    else:
        found = [wanted.low + (wanted.high - wanted.low) * share for share in shares]
    return list(dict.fromkeys(tidy(value, wanted, of_integers) for value in found))


def tidy(value: float, within: Range, of_integers: bool) -> int | float:
    """A number as it is trained with: whole where the setting is, else with a few digits; never outside the range."""
    assert within.low is not None and within.high is not None
    if of_integers:
        return min(max(round(value), math.ceil(within.low)), math.floor(within.high))
    return min(max(float(f"{value:.{DIGITS}g}"), float(within.low)), float(within.high))


def proposed(info: FieldInfo, now: Any) -> Range | None:
    """A range around the present value: a quarter of it to four times as much, as far as the setting takes that.

    None where there is no number above 0.
    """
    if isinstance(now, bool) or not isinstance(now, (int, float)) or now <= 0:
        return None
    least, most = limits(info)
    low, high = max(now / 4, least or 0), min(now * 4, math.inf if most is None else most)
    if is_whole(info):
        low, high = max(1, round(low)), max(1, round(high))
    return Range(low=float(f"{low:.{DIGITS}g}"), high=float(f"{high:.{DIGITS}g}"), log=low > 0)

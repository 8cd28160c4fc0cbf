"""Weights: rows of one value are trained on more often than others, or more seldom."""

import math
from typing import Annotated

import numpy
import pandas
from pydantic import BaseModel, ConfigDict, Field

from studio.datasets.rows import plain_texts
from studio.datasets.splits import lots
from studio.datasets.store import Dataset
from studio.errors import StudioError

HEAVIEST = 10
Weight = Annotated[float, Field(ge=0, le=HEAVIEST, allow_inf_nan=False)]


class Weights(BaseModel):
    """How often the training rows of each value of a column are trained on in one pass over the data."""

    model_config = ConfigDict(extra="forbid")

    column: str = Field(description="Column of the file whose values are weighed, such as “source”.")
    values: dict[str, Weight] = Field(
        description="For each value a weight from 0 to 10: 2 trains on each of its rows twice, 0.5 on half of them, "
        "0 on none. Values that are not named have the weight 1. Check and test rows are never weighed."
    )


def weigh(
    frame: pandas.DataFrame, dataset: Dataset, weights: Weights | None, kind: str, seed: int
) -> tuple[pandas.DataFrame, list[tuple[int, str]]]:
    """The rows of a version (with `split`), training rows repeated by their weight; and rows left out, with reasons.

    Repeats stand behind each other under one number. What is over a whole weight falls on rows drawn by the seed and
    their own words: of 10 rows with the weight 2.5 five come twice and five three times.

    Raises StudioError when the column or a value is not there, or when nothing would be left to learn from.
    """
    if weights is None:
        return frame, []
    cells = column_of(dataset, weights)
    trained = numpy.flatnonzero((frame["split"] == "train").to_numpy())
    rows = frame.iloc[trained]
    value = cells[rows["row"].to_numpy() - 1]
    draw = lots(rows, plain_texts(rows, kind), seed)
    times = numpy.ones(len(frame), dtype="int64")
    left_out = []
    for name, weight in weights.values.items():
        own = numpy.flatnonzero(value == name)
        whole = math.floor(weight)
        drawn = own[numpy.argsort(draw[own], kind="stable")[: math.floor((weight - whole) * len(own) + 0.5)]]
        times[trained[own]] = whole
        times[trained[drawn]] += 1
        if whole == 0 and len(own) > len(drawn):
            left_out.append((len(own) - len(drawn), f"the weight of “{name}” is {weight:g}"))
    if not times[trained].any():
        raise StudioError(
            "With these weights no row is left to learn from.", "Give at least one of them a weight of 1 or more."
        )
    return frame.iloc[numpy.repeat(numpy.arange(len(frame)), times)].reset_index(drop=True), left_out


def column_of(dataset: Dataset, weights: Weights) -> numpy.ndarray:
    """The cells that are weighed, one for each row of the file."""
    if weights.column not in dataset.facts.columns:
        raise StudioError(
            f"There is no column called “{weights.column}” in {dataset.name} to weigh its rows by.",
            f"Choose one of these: {', '.join(dataset.facts.columns[:30])}.",
        )
    cells = pandas.read_parquet(dataset.table, columns=[weights.column])[weights.column]
    known = cells.unique().tolist()
    missing = next((name for name in weights.values if name not in known), None)
    if missing is not None:
        raise StudioError(
            f"A weight is set for “{missing}”, but no row of {dataset.name} has that in “{weights.column}”.",
            f"The values there are: {', '.join(map(str, known[:10]))}{' and more' if len(known) > 10 else ''}.",
        )
    return cells.to_numpy(dtype=object)

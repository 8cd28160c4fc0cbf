"""Rows with more tokens than one example may have."""

from typing import Any

import numpy
from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from studio.datasets.health.check import Check, Data, Found, NotComputed, removing


class Options(BaseModel):
    """What the fix takes out. It names its rows, because another model would count other lengths."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rows: list[PositiveInt] = Field(min_length=1, description="Rows of the file that are left out.")
    limit: int | None = Field(default=None, description="Longest example in tokens when they were counted; a note.")
    model: str = Field(default="", description="The model in whose tokens they were counted; a note.")


def find(data: Data) -> Found | None:
    if data.lengths is None or data.limit is None:
        raise NotComputed("How long a row is depends on the model. Choose a model first, and this is counted.")
    positions = numpy.flatnonzero(data.lengths > data.limit)
    if not len(positions):
        return None
    longest = positions[numpy.argsort(-data.lengths[positions], kind="stable")][:3]
    examples = [
        f"Row {data.rows['row'].iat[at]} has {data.lengths[at]:,} tokens (pieces of words). "
        f"The limit is {data.limit:,}."
        for at in longest
    ]
    return Found(positions, examples)


def remember(data: Data, found: Found) -> dict[str, Any]:
    rows = numpy.unique(data.rows["row"].to_numpy()[found.positions]).tolist()
    return {"rows": rows, "limit": data.limit, "model": data.model}


def recall(data: Data, options: Options) -> Found | None:
    """The rows that the options name, less those that other fixes have taken out already."""
    positions = numpy.flatnonzero(data.rows["row"].isin(options.rows).to_numpy(dtype=bool))
    return Found(positions, []) if len(positions) else None


CHECK = Check(
    name="too_long",
    title="Longer than the limit",
    why="What is over the limit is cut off at the end, so the model learns answers without an ending.",
    severity="warning",
    find=find,
    fix="Leave these rows out",
    mend=removing,
    options=Options,
    remember=remember,
    recall=recall,
)

"""Rows with more tokens than one example may have."""

import numpy

from studio.datasets.health.check import Check, Data, Found, NotComputed


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


CHECK = Check(
    name="too_long",
    title="Longer than the limit",
    why="What is over the limit is cut off at the end, so the model learns answers without an ending.",
    severity="warning",
    find=find,
)

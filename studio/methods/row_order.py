"""The order of the rows comes from the seed and the pass alone, so that a run that goes on finds its place again."""

from collections import deque
from typing import TYPE_CHECKING, Any

import numpy
import torch

if TYPE_CHECKING:
    from datasets import Dataset


def steady(sampler: Any, seed: int) -> Any:
    """A sampler that draws from a source of its own, where it would draw from the random numbers of everybody."""
    if getattr(sampler, "generator", "none") is None and type(sampler).__name__ == "LengthGroupedSampler":
        sampler.generator = torch.Generator().manual_seed(seed)
    return sampler


def wind_forward(sampler: Any, passes: int) -> Any:
    """A sampler with a source of its own as it is after so many passes over the rows."""
    if getattr(sampler, "generator", None) is not None:
        for _ in range(passes):
            deque(iter(sampler), maxlen=0)
    return sampler


def drawn(rows: "Dataset", most: int) -> "Dataset":
    """At most so many of these rows, in their order; of as many rows always the same ones, in every run.

    They are drawn: taken at equal distances, rows in which two kinds take turns would give one kind alone.
    """
    if len(rows) <= most:
        return rows
    chosen = numpy.random.default_rng(0).choice(len(rows), most, replace=False)
    return rows.select(sorted(chosen.tolist()))

"""Made rows that come near a row kept for checking or testing are dropped: learned, they would give its answer away.

With slips and frames around two different questions, the one that is made can come nearer to a test row than either.
"""

import numpy
import pandas

from studio.datasets.near import groups_of, near_labels, shingles_of, texts_to_compare
from studio.datasets.rows import plain_texts
from studio.datasets.splits import NEAR


def near_held_out(made: pandas.DataFrame, held_out: pandas.DataFrame, kind: str) -> numpy.ndarray:
    """Which of the made rows are near copies of a held-out row: a boolean array as long as `made`."""
    both = pandas.concat([held_out, made], ignore_index=True)
    shingles = shingles_of(texts_to_compare(plain_texts(both, kind), kind))
    found = numpy.zeros(len(both), dtype=bool)
    # A group is a chain of near copies, and many made rows may hang on one that is close: each is looked at itself.
    for group in map(numpy.array, groups_of(near_labels(shingles, NEAR))):
        held, new = group[group < len(held_out)], group[group >= len(held_out)]
        if len(held) and len(new):
            near = shingles.jaccard(numpy.repeat(new, len(held)), numpy.tile(held, len(new))) >= NEAR
            found[new] = near.reshape(len(new), -1).any(axis=1)
    return found[len(held_out) :]

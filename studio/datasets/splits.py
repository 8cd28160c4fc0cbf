"""Splits that can be believed: rows that belong together stay on one side, and the sizes say what they can prove."""

import hashlib
import math
from collections import Counter
from collections.abc import Iterable

import numpy
import pandas
from pydantic import BaseModel, ConfigDict, Field

from studio.datasets.near import alike
from studio.datasets.rows import plain_texts, unpack
from studio.errors import StudioError

AUGMENTED = "augmented:"
NEAR = 0.8  # Jaccard similarity; the leak check uses the same
BINS = 5  # numbers are spread over the splits by fifths


class SplitPlan(BaseModel):
    """How the rows are divided into rows to learn from, rows to check with, and rows to test with."""

    model_config = ConfigDict(extra="forbid")

    validation: float | None = Field(
        None,
        ge=0,
        le=1e9,
        description="Check rows: a share below 1, or a number of rows; left out: a tenth, at most 64.",
    )
    test: float | None = Field(
        None,
        ge=0,
        le=1e9,
        description="Test rows: a share below 1, or a number of rows; left out: a sixth, at most 200.",
    )
    seed: int = Field(42, description="Decides which rows go into which split.")
    stratify: bool = Field(True, description="Give every split the same mix of labels, where the rows have labels.")
    near_together: bool = Field(
        True, description="Keep rows that are nearly the same in one split, so that a test asks something new."
    )


def split(rows: pandas.DataFrame, kind: str, plan: SplitPlan) -> numpy.ndarray:
    """“train”, “validation” or “test” for each row, an object array of str; “” for a row that must not be used.

    Rows of one file row (a document that was cut), of one `group`, and near copies of each other share a side.
    Augmented rows (`group` begins with AUGMENTED) are only ever trained on, and only when the row that they were made
    from is: otherwise they get “”. That row has the same number in `row`. A row's place depends on the seed and its
    own words, so that adding rows elsewhere moves few others.

    Raises StudioError when nothing would be left to learn from.
    """
    texts = plain_texts(rows, kind)
    augmented = rows["group"].str.startswith(AUGMENTED).to_numpy(dtype=bool)
    total = int((~augmented).sum())
    test = size(plan.test, total, default=min(total // 6, 200) if total >= 12 else 0)
    validation = size(plan.validation, total, default=min(max(total // 10, 1), 64) if total >= 10 else 0)
    if test + validation >= total:
        raise StudioError(
            f"{test:,} test rows and {validation:,} check rows leave none of the {total:,} rows to learn from.",
            "Set aside fewer rows.",
        )
    together = families(rows, texts, kind, plan.near_together)
    own = together[~augmented]
    strata = strata_of(rows["label"][~augmented], kind) if plan.stratify else numpy.zeros(total, dtype="int64")
    draw = lots(rows[~augmented], texts[~augmented], plan.seed)
    sides = deal(own, strata, draw, {"test": test, "validation": validation})
    if not (sides == "train").any():
        raise StudioError(
            "The rows belong together in so few groups that none would be left to learn from.",
            "Set aside fewer rows, or choose another column to keep together.",
        )
    found = numpy.full(len(rows), "train", dtype=object)
    found[~augmented] = sides
    held_out = numpy.isin(together, own[sides != "train"])
    found[augmented & held_out] = ""
    return found


def size(asked: float | None, total: int, default: int) -> int:
    if asked is None:
        return default
    return round(asked * total) if asked < 1 else int(asked)


def families(rows: pandas.DataFrame, texts: pandas.DataFrame, kind: str, near_together: bool) -> numpy.ndarray:
    """A number for each row; rows with the same number must share a side."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    # An augmented row may name what it was made from after the mark; a group of that name takes it in.
    group = rows["group"].str.removeprefix(AUGMENTED)
    named = group.isin(rows["group"][rows["group"] != ""]).to_numpy(dtype=bool)
    ties = [pandas.factorize(rows["row"])[0], numpy.where(named, pandas.factorize(group)[0], -1)]
    if near_together:
        ties.append(alike(rows, texts, kind, NEAR))
    left, right = [], []
    for tie in ties:
        tied = numpy.flatnonzero(tie >= 0)
        _, first, same_as = numpy.unique(tie[tied], return_index=True, return_inverse=True)
        left.append(tied)
        right.append(tied[first[same_as]])
    edges = (numpy.ones(sum(map(len, left))), (numpy.concatenate(left), numpy.concatenate(right)))
    return connected_components(coo_array(edges, shape=(len(rows),) * 2), directed=False)[1]


def strata_of(labels: pandas.Series, kind: str) -> numpy.ndarray:
    """A number for each row: its label; of several labels the rarest; of numbers the fifth that it lies in."""
    if kind == "number":
        # Ranks in place of values: equal numbers of rows in each fifth, whatever the outliers.
        ranks = pandas.to_numeric(labels, errors="coerce").rank(method="average", pct=True).fillna(0)
        return numpy.minimum(ranks.to_numpy() * BINS, BINS - 1).astype("int64")
    if kind not in ("label", "feedback"):
        return numpy.zeros(len(labels), dtype="int64")
    several = [unpack(label) if label.startswith("[") and label.endswith("]") else [label] for label in labels]
    counts = Counter(str(name) for names in several for name in names)
    rarest = [min(map(str, names), key=lambda name: (counts[name], name), default="") for names in several]
    return pandas.factorize(numpy.array(rarest, dtype=object), sort=True)[0]


def lots(rows: pandas.DataFrame, texts: pandas.DataFrame, seed: int) -> numpy.ndarray:
    """A lot of 64 bits for each row, drawn from the seed and the row's own words."""
    key = hashlib.blake2b(str(seed).encode(), digest_size=8).hexdigest()
    lot = numpy.zeros(len(rows), dtype="uint64")
    for column in (texts["prompt"], texts["reply"], rows["label"]):
        hashed = pandas.util.hash_array(column.to_numpy(dtype=object), hash_key=key, categorize=False)
        lot = lot * numpy.uint64(31) + hashed
    return lot


def deal(family: numpy.ndarray, strata: numpy.ndarray, draw: numpy.ndarray, wanted: dict[str, int]) -> numpy.ndarray:
    """A side for each row. Families are dealt whole, in the order of their lots, to each split in turn.

    Each stratum first fills its own share of a split; what the families were too large for is then filled from any.
    A stratum keeps at least one row to learn from.
    """
    frame = pandas.DataFrame({"family": family, "stratum": strata, "lot": draw, "rows": 1})
    of_one = frame.groupby("family", sort=False)
    whole = of_one.agg(stratum=("stratum", "min"), lot=("lot", "min"), rows=("rows", "sum"))
    whole = whole.sort_values("lot", kind="stable")
    side = dict.fromkeys(whole.index.tolist(), "train")
    queue = list(zip(whole.index.tolist(), whole["stratum"].tolist(), whole["rows"].tolist(), strict=True))
    left: Counter[int] = Counter()
    for _, stratum, count in queue:
        left[stratum] += count
    for name, rows in wanted.items():
        missing = rows
        share = apportion(left, rows)
        for quota in (share, None):
            for one, stratum, count in queue:
                room = missing if quota is None else min(missing, quota[stratum])
                if side[one] == "train" and count <= room and left[stratum] > count:
                    side[one] = name
                    missing -= count
                    left[stratum] -= count
                    share[stratum] -= count
        missing -= overshoot(queue, side, name, missing, left)
    return numpy.array([side[one] for one in family.tolist()], dtype=object)


def overshoot(
    queue: Iterable[tuple[int, int, int]], side: dict[int, str], name: str, missing: int, left: Counter[int]
) -> int:
    """Take one family more than fits where that comes closer to the wanted size. Returns its number of rows."""
    fitting = [
        (count, place, one, stratum)
        for place, (one, stratum, count) in enumerate(queue)
        if side[one] == "train" and count - missing < missing and left[stratum] > count
    ]
    if missing <= 0 or not fitting:
        return 0
    count, _, one, stratum = min(fitting)
    side[one] = name
    left[stratum] -= count
    return count


def apportion(sizes: Counter[int], rows: int) -> Counter[int]:
    """`rows` shared out in proportion to the sizes by largest remainders, leaving at least one of each."""
    total = sum(sizes.values())
    exact = {one: rows * count / total for one, count in sizes.items()}
    shares = Counter({one: min(math.floor(share), sizes[one] - 1) for one, share in exact.items()})
    by_remainder = sorted(exact, key=lambda one: (shares[one] - exact[one], one))
    for one in by_remainder[: max(rows - sum(shares.values()), 0)]:
        if shares[one] < sizes[one] - 1:
            shares[one] += 1
    return shares


def what_it_proves(test_rows: int, kind: str) -> str:
    """A sentence on how large a difference must be before this many test rows can show it."""
    if test_rows < 1:
        return "Without test rows nothing can be proved about the tuned model."
    rows = "1 test row" if test_rows == 1 else f"{test_rows:,} test rows"
    if test_rows < 5:
        return f"{rows} can prove next to nothing. Set aside more."
    if kind == "number":
        # Half of a 95 % interval of a mean absolute error, relative to it: for normal errors the spread of |error| is
        # sqrt(pi / 2 - 1) = 0.756 of its mean (half-normal distribution; Leone, Nelson, Nottingham 1961).
        return f"{rows} can show that the average error differs by about {rounded(148.1 / math.sqrt(test_rows))} %."
    # Half of a 95 % interval of a single share, at its widest (Wald: 1.96 * sqrt(0.5 * 0.5 / n)), times 100.
    return f"{rows} can show a difference of about {rounded(98 / math.sqrt(test_rows))} points."


def rounded(value: float) -> str:
    """No more digits than a rule of thumb has: fives from 10 up, whole numbers, tenths below 2."""
    if value >= 10:
        return f"{5 * round(value / 5)}"
    return f"{value:.0f}" if value >= 2 else f"{value:.1f}"

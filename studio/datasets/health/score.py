"""The health score: 100 points, less what each finding takes, in sums that a person can follow."""

from dataclasses import dataclass

from studio.datasets.health.check import Severity


@dataclass(frozen=True)
class Weight:
    """Points for every percent of the rows that is affected, never fewer than `least` nor more than `most`."""

    a_percent: float
    least: float
    most: float


# Our own judgement, shown on the page: a serious finding on a tenth of the rows costs as much as it may.
WEIGHTS: dict[Severity, Weight] = {
    "serious": Weight(a_percent=3, least=3, most=30),
    "warning": Weight(a_percent=1, least=1, most=10),
    "note": Weight(a_percent=0, least=0, most=0),
}


def points(severity: Severity, affected: int, rows: int) -> float:
    """What one finding takes from the 100 points; affected and rows are counts of rows."""
    weight = WEIGHTS[severity]
    share = 100 * affected / rows if rows else 0.0
    return round(min(max(share * weight.a_percent, weight.least), weight.most), 1)


def score(taken: list[float]) -> int:
    """100 less all that is taken, never below 0."""
    return max(0, round(100 - sum(taken)))


def verdict(value: int) -> str:
    """The score in a word."""
    return next(word for least, word in ((85, "Good"), (65, "Fair"), (0, "Needs work")) if value >= least)

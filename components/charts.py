"""Numbers for the charts: which points of a long curve are sent, and the small SVG curves."""

import threading
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from pathlib import Path

import numpy as np

from components.html import escape
from studio.training.view import Points

MOST_POINTS = 500


class Stretches:
    """A growing curve as at most `most` of its points: its ends, and the lowest and highest of each stretch, so that
    peaks survive.

    Stretches hold equally many points, twice as many when there are too many stretches. So what has been looked at
    stays as it is, the picture does not flicker, and only new points cost time: 100,000 steps no more than 100.
    """

    def __init__(self, most: int = MOST_POINTS) -> None:
        self.room = most // 2 - 2
        self.lock = threading.Lock()
        self.begin()

    def begin(self) -> None:
        self.size, self.done, self.last = 1, 0, (0, 0.0)
        self.lows: list[int] = []
        self.highs: list[int] = []
        self.means: Points = []

    def follow(self, points: Points) -> tuple[Points, Points]:
        """The points to show, and the mean step and value of each stretch; no means while every point is shown."""
        with self.lock:
            if self.done and (len(points) < self.done or points[self.done - 1] != self.last):
                self.begin()  # the run went back to an earlier step
            while len(points) > self.size * self.room:
                self.double(points)
            whole = (len(points) - self.done) // self.size * self.size
            self.look(points[self.done : self.done + whole], self.done)
            self.done += whole
            self.last = points[self.done - 1] if self.done else self.last
            rest = range(self.done, len(points))
            ends = {0, len(points) - 1} if points else set()
            if rest:
                ends |= {min(rest, key=lambda at: points[at][1]), max(rest, key=lambda at: points[at][1])}
            shown = [points[at] for at in sorted(ends.union(self.lows, self.highs))]
            if self.size <= 2:  # of two points one is the lowest and the other the highest
                return shown, []
            tail = [mean_of(points[self.done :])] if rest else []
            return shown, self.means + tail

    def look(self, new: Points, start: int) -> None:
        if not new:
            return
        flat = np.fromiter(chain.from_iterable(new), float, 2 * len(new))
        steps, values = flat[::2].reshape(-1, self.size), flat[1::2].reshape(-1, self.size)
        begins = start + self.size * np.arange(len(values))
        self.lows += (begins + values.argmin(axis=1)).tolist()
        self.highs += (begins + values.argmax(axis=1)).tolist()
        self.means += zip(steps.mean(axis=1).tolist(), values.mean(axis=1).tolist(), strict=True)

    def double(self, points: Points) -> None:
        """Two stretches become one; a last one without a partner is looked at anew."""
        pairs = range(0, len(self.lows) - 1, 2)
        self.lows = [min(self.lows[at : at + 2], key=lambda low: points[low][1]) for at in pairs]
        self.highs = [max(self.highs[at : at + 2], key=lambda high: points[high][1]) for at in pairs]
        self.means = [mean_of(self.means[at : at + 2]) for at in pairs]
        self.size *= 2
        self.done = self.size * len(self.lows)
        self.last = points[self.done - 1] if self.done else self.last


def mean_of(points: Points) -> tuple[int, float]:
    """The mean step (which may be no whole number) and the mean value."""
    steps, values = zip(*points, strict=True)
    return sum(steps) / len(steps), sum(values) / len(values)


@lru_cache(maxsize=256)
def stretches(folder: Path, name: str, most: int) -> Stretches:
    """What is known already of one curve of one run."""
    return Stretches(most)


def thin(points: Points, most: int = MOST_POINTS) -> Points:
    """At most `most` of the points: see Stretches."""
    return points if len(points) <= most else Stretches(most).follow(points)[0]


def columns(points: Points) -> dict[str, list[float]]:
    """Steps and values, to five significant digits."""
    return {"x": [round(step, 1) for step, _ in points], "y": [float(f"{value:.5g}") for _, value in points]}


def small_curve(points: Points, steps: int, words: str, beside: Sequence[tuple[int, float]] = ()) -> str:
    """An SVG curve 100 wide and 40 high over all `steps`, its newest point marked. Empty frame without points.

    beside: another curve of the same figure, drawn fainter on the same scale.
    """
    points, other = thin(points, 120), thin(list(beside), 120)
    path, fainter, dot = "", "", ""
    if points:
        values = [value for _, value in (*points, *other)]
        low, high = min(values), max(values)
        spread = (high - low) or abs(high) or 1.0
        base = low if high > low else low - spread / 2
        last = max(steps, points[-1][0], 1)

        def line(points: Points) -> str:
            places = [(98 * step / last + 1, 36 - 32 * (value - base) / spread) for step, value in points]
            return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)

        path = line(points)
        fainter = f'<path class="ts-beside" d="{line(other)}"/>' if other else ""
        # A line without length and with round ends is a dot that the stretched picture does not distort.
        dot = f'<path class="ts-dot" d="{line(points[-1:])}h.01"/>'
    return (
        '<svg class="ts-curve" viewBox="0 0 100 40" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(words)}">'
        f'<path class="ts-gridl" d="M0 38h100M0 20h100"/>{fainter}<path class="ts-line" d="{path}"/>{dot}</svg>'
    )


def spread_words(values: Sequence[float], unit: str = "") -> str:
    """ "88 to 92 tokens per second so far" from the values seen; empty without any."""
    if not values:
        return ""
    low, high = min(values), max(values)
    figure = (lambda v: f"{v:,.0f}") if high >= 10 else (lambda v: f"{v:.2g}")
    span = figure(high) if figure(low) == figure(high) else f"{figure(low)} to {figure(high)}"
    return f"{span} {unit}".strip()

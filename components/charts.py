"""Numbers for the charts: which points of a long curve are sent, the smoothed line, and the small SVG curves."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from components.html import escape
from studio.training.view import Points, RunView

MOST_POINTS = 500


def thin(points: Points, most: int = MOST_POINTS) -> Points:
    """At most `most` of the points, first and last among them: the lowest and highest of each stretch, so that
    peaks survive."""
    if len(points) <= most:
        return points
    values = np.array([value for _, value in points])
    inner = range(1, len(points) - 1)
    chosen = {0, len(points) - 1}
    for stretch in np.array_split(np.array(inner), (most - 2) // 2):
        chosen.add(int(stretch[values[stretch].argmin()]))
        chosen.add(int(stretch[values[stretch].argmax()]))
    return [points[index] for index in sorted(chosen)]


def smooth(points: Points) -> Points:
    """The points averaged with their neighbours, at most a twelfth of the curve on each side."""
    reach = min(len(points) // 12, 25)
    if reach == 0:
        return points
    values = np.array([value for _, value in points])
    sums = np.concatenate([[0.0], values.cumsum()])
    middle = np.arange(len(values))
    first, last = np.maximum(middle - reach, 0), np.minimum(middle + reach, len(values) - 1)
    means = (sums[last + 1] - sums[first]) / (last - first + 1)
    return [(step, float(mean)) for (step, _), mean in zip(points, means, strict=True)]


def columns(points: Points) -> dict[str, list[float]]:
    return {"x": [step for step, _ in points], "y": [round(value, 5) for _, value in points]}


def loss_chart(run_id: str, view: RunView) -> dict[str, Any]:
    """What assets/js/charts.js draws. `keep` names the run: zoom is kept until another run is shown."""
    training = view.series["loss"]
    best = None
    if view.best_loss is not None and view.best_step:  # before training there is nothing to be proud of
        best = {"x": view.best_step, "y": view.best_loss}
    return {
        "keep": run_id,
        "steps": view.steps,
        "step": view.step,
        "live": view.live,
        "raw": columns(thin(training)),
        "training": columns(thin(smooth(training))),
        "check": columns(thin(view.series["validation"])),
        "best": best,
        "sentence": sentence(view),
    }


def sentence(view: RunView) -> str:
    """The loss chart in words, for those who do not see it."""
    training, check = view.series["loss"], view.series["validation"]
    if not training and not check:
        return "No loss has been measured yet."
    words = [f"Loss over {view.steps} steps, now at step {view.step}."]
    for name, points in (("Training rows", training), ("Check rows", check)):
        if points:
            words.append(f"{name}: {points[0][1]:.2f} at first, {points[-1][1]:.2f} now.")
    if view.best_loss is not None:
        words.append(f"Best so far {view.best_loss:.2f} at step {view.best_step}.")
    return " ".join(words)


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

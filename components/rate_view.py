"""What a learning-rate range test shows: its curve on a logarithmic scale, the rate it speaks for, and how sure."""

import math

from components.html import escape, notice
from studio.training.again import in_figures
from studio.training.rate_pick import HIGHEST, LOWEST, Pick, Points
from studio.training.rate_test import Outcome

WIDTH, HEIGHT = 600, 180
DECADES = round(math.log10(HIGHEST / LOWEST))
HOW = "A few dozen steps on your rows while the rate grows from tiny to far too large. What it learns is thrown away."
TRUST = (
    "In trials with tiny models it was within a factor of 3 of the best rate for a short run; larger ones were not "
    "tried. Trust its size, not its digits, and take less for a run that is much longer."
)


def draw(found: Outcome | None) -> str:
    """The panel below the field of the learning rate; only what the test is before there has been one."""
    if found is None:
        return f'<p class="ts-help">{HOW}</p>'
    if found.state == "failed":
        return notice("bad", "The test failed.", " ".join(found.error))
    if found.state == "running":
        told = f"Trying rates: {escape(lower(found.phase))}."
        told = f'<p class="ts-help" role="status"><span class="ts-breathe"></span>{told}</p>'
        return told + (curve(found.points, None) if len(found.points) > 1 else "")
    assert found.pick is not None
    if found.pick.rate is None:
        return curve(found.points, found.pick) + notice("warn", "It found no rate.", found.pick.why)
    return curve(found.points, found.pick) + notice("info", verdict(found.pick), TRUST)


def verdict(found: Pick) -> str:
    told = f"Nine tenths of the fall in the loss were done by a rate of {in_figures(found.rate)}, which is proposed."
    return told + (" It still fell at the highest rate, so more may do as well." if found.still_falling else "")


def lower(phase: str) -> str:
    return phase[:1].lower() + phase[1:]


def curve(points: Points, found: Pick | None) -> str:
    """The loss of each step as a dot at its rate, the smoothed curve through them, and a line at the rate found."""
    smooth = found.smooth if found else points
    top, bottom = bounds(points, smooth)

    def x(rate: float) -> float:
        return WIDTH * math.log(rate / LOWEST) / math.log(HIGHEST / LOWEST)

    def y(loss: float) -> float:
        return HEIGHT * (top - min(max(loss, bottom), top)) / (top - bottom)

    grid = "".join(f'<path class="ts-gridl" d="M{WIDTH * n / DECADES:.0f} 0V{HEIGHT}"/>' for n in range(DECADES + 1))
    dots = "".join(f'<path class="ts-rate-dot" d="M{x(rate):.1f} {y(loss):.1f}h0"/>' for rate, loss in points)
    line = "L".join(f"{x(rate):.1f} {y(loss):.1f}" for rate, loss in smooth)
    mark = f'<path class="ts-rate-mark" d="M{x(found.rate):.1f} 0V{HEIGHT}"/>' if found and found.rate else ""
    ends = "".join(
        f'<span style="left:{100 * n / DECADES:.0f}%">{in_figures(10**n * LOWEST)}</span>' for n in range(DECADES + 1)
    )
    told = (
        f"Loss against learning rate, from {in_figures(LOWEST)} to {in_figures(HIGHEST)}, each step ten times as far."
    )
    if found and found.rate:
        told += f" {verdict(found)}"
    return (
        f'<figure class="ts-rate"><figcaption class="ts-help">Loss (lower is better), {bottom:.2f} to {top:.2f}'
        f'</figcaption><svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(told)}">{grid}{dots}<path class="ts-line" d="M{line}"/>{mark}</svg>'
        f'<p class="ts-rate-axis" aria-hidden="true">{ends}</p>'
        '<p class="ts-help">Learning rate, each mark ten times the one before</p></figure>'
    )


def bounds(points: Points, smooth: Points) -> tuple[float, float]:
    """Highest and lowest loss on show: what has run away would press all else flat."""
    usual = [loss for _, loss in smooth]
    bottom = min(usual)
    first = max(loss for _, loss in points[:8])
    top = max(first, bottom + 1.3 * (usual[0] - bottom))
    return (top, bottom - 0.05 * (top - bottom)) if top > bottom else (bottom + 1, bottom - 1)

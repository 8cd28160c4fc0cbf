"""What a learning-rate range test tries, and what its curve says: the loss of each step against that step's rate.

Smith 2017, arXiv:1506.01186. Where on the curve the best rate for a short run lies was looked for on two-layer models
of three kinds on two data sets each, with LoRA and whole: from 0.4 to 2.6 times the rate by which the smoothed loss has
fallen nine tenths of the way to its lowest.
"""

import math
import statistics
from dataclasses import dataclass

STEPS = 60
LOWEST, HIGHEST = 1e-6, 0.1  # the highest is what the settings take
WIDTH = 2.0  # steps: the standard deviation of the window that smooths the losses, a sixth of a power of ten
AWAY = 1.5  # times the descent so far: a loss that has climbed back so much has run away
SHARE = 0.9  # of the fall of the smoothed loss that is done by the rate that is proposed
CLEAR = 2.0  # times the scatter of single steps: less of a descent may be chance
FEWEST = 12  # steps

Points = list[tuple[float, float]]


@dataclass(frozen=True)
class Pick:
    """rate: the one to use, None without a clear descent; why: then the reason, as a sentence. smooth: the curve.

    still_falling: the loss was lowest at the very end, and a higher rate might do as well.
    """

    rate: float | None
    why: str
    smooth: Points
    still_falling: bool = False


def rates(steps: int = STEPS) -> list[float]:
    """The rates that are tried, one a step, each the same factor above the last."""
    growth = math.log(HIGHEST / LOWEST) / (steps - 1)
    return [LOWEST * math.exp(growth * step) for step in range(steps)]


def smoothed(losses: list[float]) -> list[float]:
    """Each loss as the mean of those around it, the near ones counting most."""
    reach = int(3 * WIDTH)
    weights = [math.exp(-0.5 * (offset / WIDTH) ** 2) for offset in range(-reach, reach + 1)]
    result = []
    for at in range(len(losses)):
        near = [(losses[at + k - reach], w) for k, w in enumerate(weights) if 0 <= at + k - reach < len(losses)]
        result.append(sum(loss * w for loss, w in near) / sum(w for _, w in near))
    return result


def has_run_away(losses: list[float]) -> bool:
    """Whether the loss is far above where it began, for several steps, so that higher rates need not be tried."""
    if len(losses) < FEWEST:
        return False
    usual = smoothed(losses)
    descent = usual[0] - min(usual)
    return min(losses[-4:]) > usual[0] + AWAY * max(descent, statistics.pstdev(losses[:8]))


def pick(points: Points) -> Pick:
    """The rate that the curve speaks for."""
    tried, losses = [rate for rate, _ in points], [loss for _, loss in points]
    if len(points) < FEWEST:
        return Pick(None, "The loss ran away before enough rates had been tried.", points)
    usual = smoothed(losses)
    curve = list(zip(tried, usual, strict=True))
    low = min(range(len(usual)), key=usual.__getitem__)
    scatter = statistics.median(abs(loss - mean) for loss, mean in zip(losses, usual, strict=True)) * 1.48
    if usual[0] - usual[low] < CLEAR * scatter:
        why = "The loss did not fall more at any rate than it differs from step to step, so the curve speaks for none."
        return Pick(None, why, curve)
    enough = usual[0] - SHARE * (usual[0] - usual[low])
    rate = next(rate for rate, loss in curve if loss <= enough)
    return Pick(float(f"{rate:.2g}"), "", curve, still_falling=low > STEPS - 4)

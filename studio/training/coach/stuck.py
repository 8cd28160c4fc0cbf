"""What “flat” and “learning rate too low” share: whether the run has got anywhere at all."""

from dataclasses import dataclass

from studio.training.coach.reading import Change, Reading, change, stretch

FEWEST = 30  # steps at the full learning rate: preference training moves by a percent in its first twenty
PART = 1 / 3  # of the run: slow is not stuck
CHECKS = 2  # after that before training
MOVED = 0.02  # a fall of 2 % is learning, however slow
FALLING = 3  # standard errors: a fall that is not chance
BLURRED = 0.02  # when chance alone may be 2 %, nothing can be said yet


@dataclass(frozen=True)
class Stuck:
    """change: of the training loss. falling: whether it does fall, if only by a trifle. steps: since it began."""

    change: Change
    falling: bool
    steps: int
    checks: int


def stuck(reading: Reading) -> Stuck | None:
    """None while it learns, or while it cannot be told yet."""
    losses, view = reading.losses, reading.view
    if reading.since_warm < FEWEST or len(losses) < max(FEWEST, PART * view.steps):
        return None
    width = stretch(len(losses))
    moved = change(losses[:width], losses[-width:])
    if moved.share < -MOVED or moved.share > MOVED or moved.chance > BLURRED * abs(moved.before):
        return None
    checked = view.series["validation"]
    if checked and (len(checked) <= CHECKS or min(value for _, value in checked) < (1 - MOVED) * checked[0][1]):
        return None
    if view.best != "loss" and better(reading):
        return None
    falling = moved.by < -FALLING * moved.chance
    return Stuck(moved, falling, len(losses), max(0, len(checked) - 1))


def better(reading: Reading) -> bool:
    """Whether the metric has got better, in the last check as well: one lucky check is none."""
    values = [value for _, value in reading.checks]
    return len(values) > 1 and values[-1] < values[0]

"""Overfitting: it gets better on the rows it practises on and worse on those it does not."""

from dataclasses import dataclass

import numpy as np

from studio.training.coach.finding import Finding, number, rate
from studio.training.coach.reading import Reading, change, stretch
from studio.training.coach.untrained import FEWEST, practised_since_start, worse_than_untrained

CHECKS = 3  # in a row: two may be chance
SHARE = 0.01  # of the best figure: less is not worth a word
LOST = 0.02  # of what it had gained
FAR = 0.03  # above the best: then it may also go up and down on its way


@dataclass(frozen=True)
class Worsening:
    """checks: how many in a row were each worse than the one before (rising), or all of them far above the best.

    Values are turned: lower is better.
    """

    checks: int
    rising: bool
    best: float
    now: float
    step: int


def worse_in_a_row(reading: Reading) -> Worsening | None:
    """The last checks, when at least three were each worse than the one before, or all far worse than the best."""
    checks, best = reading.checks, reading.view.best_step
    if best is None or len(checks) <= CHECKS:
        return None
    # Of a metric such as F1 the steps are coarse; whether it gets worse shows in the loss first.
    values = [value for _, value in checks]
    told = values if reading.view.best == "loss" or reading.by_reward else losses_at(reading)
    rising = 0
    while rising + 1 < len(told) and told[-rising - 1] > told[-rising - 2]:
        rising += 1
    lowest = next(value for step, value in checks if step == best)
    since = len(told) - 1 - told.index(min(told))
    # Rewards are coarse, and go up and down by more than that.
    far = not reading.by_reward and since >= CHECKS and min(told[-CHECKS:]) > min(told) + FAR * abs(min(told))
    if min(values[-CHECKS:]) <= lowest or (rising < CHECKS and not far):
        return None
    lost, gained = values[-1] - lowest, values[0] - lowest
    if lost < SHARE * abs(lowest) or lost < LOST * gained:
        return None
    if rising >= CHECKS:
        return Worsening(rising, True, lowest, values[-1], best)
    return Worsening(since, False, lowest, values[-1], best)


def losses_at(reading: Reading) -> list[float]:
    return [value for _, value in reading.view.series["validation"]]


def overfitting(reading: Reading) -> Finding | None:
    if not reading.view.live:
        return None
    found = worse_in_a_row(reading)
    if found is None or not practised(reading, found.step):
        return from_the_start(reading)
    titles = [str(one["title"]) for one in reading.view.metrics if one["name"] == reading.view.best]
    name = titles[0] if titles else "Loss"
    best, now = reading.sign * found.best, reading.sign * found.now
    what = "The reward on check rows" if reading.by_reward else "Validation loss"
    way = ("fallen" if reading.by_reward else "risen") if found.rising else "been worse than its best"
    other = "that on training rows rose" if reading.by_reward else "training loss fell"
    return Finding(
        "overfitting",
        f"It is memorising since step {found.step} (overfitting).",
        f"{what} has {way} for {found.checks} checks while {other}; the best was step {found.step}.",
        f"From here on it learns your examples by heart. Stop and keep step {found.step}; next time fewer passes or "
        "more rows.",
        {f"{name} on check rows at its best": number(best), "now": number(now)},
        reading.keeping,
    )


def from_the_start(reading: Reading) -> Finding | None:
    """The loss on check rows was never as good as before training, while that on training rows fell."""
    values = [value for _, value in reading.checks]
    if reading.view.best != "loss" or len(reading.losses) < FEWEST:
        return None
    if not worse_than_untrained(reading) or not practised_since_start(reading):
        return None
    action = reading.with_lower_rate() if reading.rate_is_high else reading.keeping
    lower = action and action.settings.get("learning_rate")
    return Finding(
        "overfitting",
        "It is memorising from the start (overfitting).",
        f"Validation loss was {number(values[0])} before training, and never below {number(min(values[1:]))} since, "
        "while training loss fell.",
        f"Start again with a learning rate of {rate(lower)}, or with more rows."
        if lower
        else "Stop it, and train on more rows or for fewer passes.",
        {"Loss on check rows at first": number(values[0]), "now": number(values[-1])},
        action,
    )


def practised(reading: Reading, best: int) -> bool:
    """Whether the figures of the training rows are better now than they were around the best check."""
    points = list(reading.view.series["loss"])
    if reading.by_reward:
        points = [(step, -value) for step, value in reading.view.series.get("train/reward", [])]
    later = np.array([value for step, value in points if step > best])
    width = min(len(later), stretch(len(points)))
    earlier = np.array([value for step, value in points if step <= best][-width:])
    if min(len(later), len(earlier)) < 2:
        return False
    moved = change(earlier, later[-width:])
    return moved.by < -moved.chance

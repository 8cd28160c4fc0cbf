"""A run's curves as the rules read them: up to the last moment at which the coach speaks, lower always better."""

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from studio.training.coach.finding import Action
from studio.training.coach.given import Given
from studio.training.curve import Curve
from studio.training.view import Points, RunView, note_best

# Beside each check the coach looks at the steps when there are a fifth more of them than the last time: its words stand
# still in between, and what goes wrong early in a long run is said early.
FIRST_LOOK = 5
LATER = 1.2
FAR = 4  # times above or below the usual learning rate that are more than a matter of taste
LARGEST_RATE = 0.1  # of the settings


@dataclass(frozen=True)
class Reading:
    """view: the run up to a moment (`read`). All values below are turned so that lower is better.

    checks: (step, value) of the figure by which the best point is kept. losses: of the training rows, empty where they
    do not tell how well it does, as in training by reward.
    """

    view: RunView
    given: Given

    @property
    def by_reward(self) -> bool:
        """Whether the method's loss is not what it should lower: policy training lowers it by 0 while it learns."""
        return self.view.best == "reward"

    @cached_property
    def sign(self) -> int:
        higher = any(one.get("higher_is_better") for one in self.view.metrics if one["name"] == self.view.best)
        return -1 if higher else 1

    @cached_property
    def checks(self) -> Points:
        return [(step, self.sign * value) for step, value in watched(self.view)]

    @cached_property
    def losses(self) -> np.ndarray:
        points = [] if self.by_reward else self.view.series["loss"]
        return np.array([value for _, value in points])

    @cached_property
    def steps(self) -> list[int]:
        return [step for step, _ in self.view.series["loss"]]

    @cached_property
    def since_warm(self) -> int:
        """Steps since the learning rate has reached its full size; 0 while it still grows."""
        rates = [value for _, value in self.view.series["learning_rate"]]
        return len(rates) - 1 - int(np.argmax(rates)) if rates else 0

    @property
    def rate(self) -> float:
        """The learning rate that was set; the highest seen, where that is not known."""
        return self.given.rate or max((value for _, value in self.view.series["learning_rate"]), default=0.0)

    @property
    def rate_is_high(self) -> bool:
        return bool(self.given.usual_rate) and self.rate >= FAR * (self.given.usual_rate or 0)

    @property
    def rate_is_low(self) -> bool:
        return bool(self.given.usual_rate) and self.rate <= (self.given.usual_rate or 0) / FAR

    @property
    def keeping(self) -> Action | None:
        """The button that ends the run with its best point, where it can still be pressed and there is such a point."""
        return Action("stop_and_keep") if self.view.live and self.view.best_step else None

    def with_rate(self, rate: float) -> Action | None:
        """The button that starts it again with another learning rate, in one digit; None when that is the same."""
        rate = float(f"{min(rate, LARGEST_RATE):.1g}")
        return None if rate == self.rate or rate <= 0 else Action("start_again", {"learning_rate": rate})

    def with_lower_rate(self) -> Action | None:
        """To the usual one where this one is far above it, else to a fifth."""
        return self.with_rate(self.given.usual_rate or 0 if self.rate_is_high else self.rate / 5)


def read(view: RunView, given: Given) -> Reading:
    """The view as it was at the last moment, with what had been best by then."""
    moment = last_moment(view)
    series = {name: Curve(points).until(moment) for name, points in view.series.items()}
    then = replace(view, step=min(view.step, moment), series=series, best_step=None, best_value=None, best_loss=None)
    for step, value in watched(then):
        note_best(then, step, value)
    return Reading(then, given)


def last_moment(view: RunView) -> int:
    """The last step at which the coach looked: of a run that has ended its last one."""
    if not view.live:
        return view.step
    checked = watched(view)
    return max([0, *looks(view.step), *(step for step, _ in checked[-1:])])


def looks(steps: int) -> list[int]:
    """The steps at which the coach looks, up to this one: 5, 10, 15, … 30, 36, 44, …"""
    found = []
    look = FIRST_LOOK
    while look <= steps:
        found.append(look)
        look = max(look + FIRST_LOOK, math.ceil(look * LATER))
    return found


def watched(view: RunView) -> Points:
    """The check values of the figure by which the best point is kept, as they were measured."""
    return view.series["validation"] if view.best == "loss" else view.series.get(f"check/{view.best}", [])


@dataclass(frozen=True)
class Change:
    """Of the mean from one stretch to a later one: `by`, and how much of that may be chance (its standard error)."""

    before: float
    after: float
    chance: float

    @property
    def by(self) -> float:
        return self.after - self.before

    @property
    def share(self) -> float:
        return self.by / abs(self.before) if self.before else 0.0


def change(before: np.ndarray, after: np.ndarray) -> Change:
    """Between two stretches of at least two values each."""
    chance = float(np.sqrt(before.var(ddof=1) / len(before) + after.var(ddof=1) / len(after)))
    return Change(float(before.mean()), float(after.mean()), chance)


def noise(losses: np.ndarray) -> float:
    """How far a step's loss lies from its neighbours by chance, as a standard deviation; a jump to stay hardly counts.

    From the mean of the differences, which of two normal values is 1.128 standard deviations.
    """
    return float(np.abs(np.diff(losses)).mean() / 1.128)


def stretch(count: int) -> int:
    """How many of so many values are averaged, for the steps' own noise to cancel out."""
    return max(8, count // 6)

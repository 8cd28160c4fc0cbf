"""It had learned something, and now the loss runs away."""

import numpy as np

from studio.training.coach.finding import Action, Finding, number, rate
from studio.training.coach.floor import FLOOR
from studio.training.coach.overfitting import worse_in_a_row
from studio.training.coach.reading import Reading, change

FEWEST = 15  # steps before a rise is more than the beginning
FALLEN = (
    0.03  # by this share it had fallen from where it began: otherwise the learning rate was too high from the start
)
RISEN = 0.10  # of its lowest level. Healthy runs come back up by a few percent when they meet harder rows
FAR_RISEN = 0.3  # then it need not have fallen before: it began low
GIVEN_BACK = 0.3  # of what it had gained
CHANCE = 4  # standard errors: the lowest stretch was picked out of many, so it is low by chance as well
# The same two, once three checks have said so too.
CONFIRMED = 0.01
CONFIRMED_CHANCE = 2
FOR_REWARD = 0.25  # of the reward gained, given back


def diverging(reading: Reading) -> Finding | None:
    if reading.by_reward:
        return reward_lost(reading)
    losses = reading.losses
    count = len(losses)
    if count < FEWEST:
        return None
    width = max(5, count // 8)
    means = np.convolve(losses, np.ones(width) / width, "valid")
    lowest = int(means.argmin())
    if lowest + 2 * width > count:  # the lowest stretch reaches into the newest one
        return None
    rise = change(losses[lowest : lowest + width], losses[-width:])
    start = float(losses[:3].mean())
    gained = start - rise.before
    needed, chance = (CONFIRMED, CONFIRMED_CHANCE) if worse_in_a_row(reading) else (RISEN, CHANCE)
    far = rise.share > needed and rise.by > GIVEN_BACK * gained and rise.by > chance * rise.chance
    learned = gained > FALLEN * abs(start) or (rise.share > FAR_RISEN and rise.before > FLOOR)
    if not far or not learned or better_at_checks(reading, reading.steps[lowest + width - 1]):
        return None
    step = reading.steps[lowest + width // 2]
    action = reading.with_lower_rate()
    return Finding(
        "diverging",
        "It is coming apart (diverging).",
        f"The training loss was {number(rise.before)} around step {step}, and is {number(rise.after)} now: the "
        "corrections are too large.",
        again(action),
        {
            "Loss at its lowest": number(rise.before),
            "now": number(rise.after),
            "Learning rate": rate(reading.rate),
        },
        action,
        "bad",
    )


def better_at_checks(reading: Reading, since: int) -> bool:
    """Whether a check after that step was the best so far: then it only met harder rows."""
    later = [value for step, value in reading.checks if step > since]
    earlier = [value for step, value in reading.checks if step <= since]
    return bool(later and earlier) and later[-1] < min(earlier)


def reward_lost(reading: Reading) -> Finding | None:
    """By reward: what it earns on check rows falls from check to check, and on training rows too."""
    found = worse_in_a_row(reading)
    earned = np.array([value for _, value in reading.view.series.get("train/reward", [])])
    if found is None or len(earned) < 2 * found.checks or reading.view.best_value is None:
        return None
    half = len(earned) // 2
    if earned[half:].mean() >= earned[:half].mean():
        return None
    best, now = -found.best, -found.now
    if best - now < FOR_REWARD * abs(best - -reading.checks[0][1]):
        return None
    action = reading.with_lower_rate()
    way = "fallen" if found.rising else "been worse than its best"
    return Finding(
        "diverging",
        "It unlearns what it had (diverging).",
        f"The reward on check rows has {way} for {found.checks} checks, from {number(best)} at step {found.step} to "
        f"{number(now)}, and on training rows it falls too.",
        again(action),
        {"Reward at its best": number(best), "now": number(now), "Learning rate": rate(reading.rate)},
        action,
        "bad",
    )


def again(action: Action | None) -> str:
    to = f"a learning rate of {rate(action.settings['learning_rate'])}" if action else "a smaller learning rate"
    return f"Start again with {to}."

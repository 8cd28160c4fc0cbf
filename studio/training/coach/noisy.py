"""Noisy: the loss jumps so much from step to step that no progress can be seen behind it."""

import numpy as np

from studio.training.coach.finding import Action, Finding, number, percent
from studio.training.coach.reading import Reading, change

FEWEST = 40  # steps
JUMP = 0.35  # of the mean loss, between one step and the next, in the middle of all jumps
SEEN = 3  # standard errors: a fall that can be seen behind the noise
BETTER = 0.05  # of the check loss: then the noise does no harm
MORE = 4  # times the examples per step halve the noise
LARGEST = 256  # examples per step, of the settings


def noisy(reading: Reading) -> Finding | None:
    losses = reading.losses
    if len(losses) < FEWEST or reading.since_warm < FEWEST // 2:
        return None
    level = float(np.abs(losses).mean())
    jump = float(np.median(np.abs(np.diff(losses))))
    half = len(losses) // 2
    moved = change(losses[:half], losses[half:])
    if not level or jump < JUMP * level or moved.by < -SEEN * moved.chance or helped(reading):
        return None
    batch, bites = reading.given.batch_size, reading.given.accumulation
    action = None
    advice = "Start again with more examples per step, which cancel each other's noise out."
    if batch and batch * MORE <= LARGEST:
        # In more bites, so that it needs no more memory than before.
        action = Action("start_again", {"batch_size": batch * MORE, "accumulation": bites * MORE})
        advice = f"Start again with {batch * MORE} examples per step: their noise cancels out."
    return Finding(
        "noisy",
        "The loss jumps too much to see progress.",
        f"From one step to the next it changes by {percent(jump / level)}, and the second half of {len(losses)} steps "
        f"is no lower than the first ({number(moved.before)} and {number(moved.after)}).",
        advice,
        {
            "Jump from step to step": percent(jump / level),
            "First half": number(moved.before),
            "second half": number(moved.after),
        }
        | ({"Examples per step": str(batch)} if batch else {}),
        action,
    )


def helped(reading: Reading) -> bool:
    values = [value for _, value in reading.checks]
    return len(values) > 1 and min(values[1:]) < values[0] - BETTER * abs(values[0])

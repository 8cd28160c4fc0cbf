"""Flat: it has learned nothing so far, or it has stopped learning while most of its steps are still to come."""

from studio.training.coach.finding import Finding, number, percent, rate
from studio.training.coach.reading import Reading, change
from studio.training.coach.stuck import FALLING, MOVED, stuck

STEP_UP = 3  # times the learning rate: worth one try, and not yet dangerous
STEPS = 40  # that show nothing any more
CHECKS = 2  # among them
STILL = 0.005  # of the loss: less than can be seen in the answers
AHEAD = 0.25  # of the run is still to come: every run levels off at its end, where the learning rate falls to 0


def flat(reading: Reading) -> Finding | None:
    return never_moved(reading) or levelled_off(reading)


def never_moved(reading: Reading) -> Finding | None:
    found = stuck(reading)
    if found is None or found.falling:
        return None
    action = reading.with_lower_rate() if reading.rate_is_high else reading.with_rate(STEP_UP * reading.rate)
    also = f" and try a learning rate of {rate(action.settings['learning_rate'])}" if action else ""
    return Finding(
        "flat",
        "It is not learning.",
        f"In {found.steps} steps the training loss has stayed at {number(found.change.after)} "
        f"({percent(found.change.share)}).",
        f"Look whether the answers in your rows follow from the questions{also}.",
        {
            "Loss at first": number(found.change.before),
            "now": number(found.change.after),
            "Learning rate": rate(reading.rate),
        },
        action,
    )


def levelled_off(reading: Reading) -> Finding | None:
    losses, view = reading.losses, reading.view
    width = max(STEPS, len(losses) // 4)
    if not view.live or len(losses) < 2 * width or view.step > (1 - AHEAD) * view.steps or reading.since_warm < width:
        return None
    late = losses[-width:]
    moved = change(late[: width // 2], late[width // 2 :])
    whole = change(losses[: width // 2], late[width // 2 :])
    if whole.share > -MOVED or moved.by < -FALLING * moved.chance or abs(moved.share) > STILL:
        return None
    before = [value for step, value in reading.checks if step <= view.step - width]
    after = [value for step, value in reading.checks if step > view.step - width]
    if reading.checks and (not before or len(after) < CHECKS or min(after) < min(before) - STILL * abs(min(before))):
        return None
    return Finding(
        "flat",
        "It has levelled off.",
        f"The training loss has stayed at {number(moved.after)} for {width} steps ({percent(moved.share)}), and "
        f"{view.steps - view.step} are still to come.",
        "More steps will hardly change anything. Stop and keep what it has learned.",
        {"Loss at first": number(whole.before), "now": number(moved.after), "Steps without a change": str(width)},
        reading.keeping,
        "info",
    )

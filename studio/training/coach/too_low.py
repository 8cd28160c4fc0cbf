"""The learning rate is too low: it hardly moves."""

from studio.training.coach.finding import Finding, number, percent, rate
from studio.training.coach.reading import Reading
from studio.training.coach.stuck import stuck

STEP_UP = 10  # where no usual rate is known


def too_low(reading: Reading) -> Finding | None:
    found = stuck(reading)
    usual = reading.given.usual_rate
    if found is None or not (reading.rate_is_low or (found.falling and not usual)):
        return None
    action = reading.with_rate(usual or STEP_UP * reading.rate)
    facts = {
        "Loss at first": number(found.change.before),
        "now": number(found.change.after),
        "Learning rate": rate(reading.rate),
    }
    to = f"a learning rate of {rate(action.settings['learning_rate'])}" if action else "a larger learning rate"
    return Finding(
        "too_low",
        "The learning rate is too low.",
        f"In {found.steps} steps the training loss has changed by {percent(found.change.share)} only, from "
        f"{number(found.change.before)} to {number(found.change.after)}.",
        f"The corrections are too small to matter. Start again with {to}.",
        facts | ({"usual": rate(usual)} if usual else {}),
        action,
    )

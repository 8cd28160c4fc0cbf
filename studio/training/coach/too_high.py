"""The learning rate is too high from the start: the first steps make it worse, and it does not recover."""

from studio.training.coach.diverging import FALLEN, again
from studio.training.coach.finding import Finding, number, percent, rate
from studio.training.coach.reading import Reading, noise
from studio.training.coach.untrained import FEWEST, practised_since_start, worse_than_untrained

WORSE = 0.05  # above where it began. Healthy runs wobble there by a percent or two
CHANCE = 3  # standard errors


def too_high(reading: Reading) -> Finding | None:
    found = risen(reading) or risen_at_checks(reading)
    if found is None:
        return None
    what, start, now = found
    action = reading.with_lower_rate()
    usual = reading.given.usual_rate
    facts = {f"{what.capitalize()} at first": number(start), "now": number(now), "Learning rate": rate(reading.rate)}
    return Finding(
        "too_high",
        "The learning rate is too high.",
        f"The {what} went up from {number(start)} to {number(now)} ({percent(now / start - 1)} more) and stays there: "
        "each correction overshoots.",
        again(action),
        facts | ({"usual": rate(usual)} if usual else {}),
        action,
        "bad",
    )


def risen(reading: Reading) -> tuple[str, float, float] | None:
    """The training loss, where it began and now, when it has risen and had not fallen before."""
    losses = reading.losses
    if len(losses) < FEWEST:
        return None
    width = max(5, len(losses) // 8)
    start, counted = beginning(reading)
    now = float(losses[-width:].mean())
    doubt = noise(losses) * (1 / width + (1 / counted if counted else 0)) ** 0.5
    lowest = min(float(losses[at : at + width].mean()) for at in range(len(losses) - width + 1))
    checked = [value for _, value in reading.view.series["validation"]]
    if len(checked) > 1 and min(checked[1:]) < (1 - FALLEN) * checked[0]:
        return None
    if now - start < max(WORSE * abs(start), CHANCE * doubt) or lowest < (1 - FALLEN) * start:
        return None
    return "training loss", start, now


def risen_at_checks(reading: Reading) -> tuple[str, float, float] | None:
    """The same of the loss on check rows, when that of the training rows has not fallen meanwhile."""
    if len(reading.losses) < FEWEST or not worse_than_untrained(reading) or practised_since_start(reading):
        return None
    checked = reading.view.series["validation"]
    return "loss on check rows", checked[0][1], checked[-1][1]


def beginning(reading: Reading) -> tuple[float, int]:
    """The loss before anything was learned, and the mean of how many steps that is.

    Of two steps, or of the check before training, where that is higher: then of 0 steps, as there is no chance in it.
    """
    checked = reading.view.series["validation"]
    first = float(reading.losses[:2].mean())
    return (checked[0][1], 0) if checked and checked[0][0] == 0 and checked[0][1] > first else (first, 2)

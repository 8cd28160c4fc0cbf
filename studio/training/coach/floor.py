"""The loss is already near its floor: there is hardly anything left to learn."""

from studio.training.coach.finding import Finding, number
from studio.training.coach.reading import Reading

FLOOR = 0.05  # nats: of a hundred tokens it would have chosen about 95 with near certainty
# Losses that are no surprise at a right answer: a small one says nothing by itself.
OTHER_SCALES = {"reward", "divergence", "mse"}
STEPS = 5  # training rows without checks: averaged


def floor(reading: Reading) -> Finding | None:
    view = reading.view
    checked = view.series["validation"]
    if not view.live or OTHER_SCALES & {str(one["name"]) for one in view.metrics}:
        return None
    if checked:
        now, where = checked[-1][1], "check rows"
    elif len(reading.losses) >= STEPS:
        now, where = float(reading.losses[-STEPS:].mean()), "training rows"
    else:
        return None
    if now >= FLOOR:
        return None
    known = bool(checked) and checked[0][0] == 0 and checked[0][1] < FLOOR
    if known:
        sentence = f"The loss on check rows was {number(checked[0][1])} before the first step: it already knows this."
        advice = "Training can hardly add anything. Give it rows that it does not master yet."
    else:
        sentence = f"The loss on {where} is {number(now)}, and it cannot fall below 0."
        advice = "More steps will hardly change the answers. " + (
            "Stop and keep what it has learned." if reading.keeping else "It can be stopped."
        )
    return Finding(
        "floor",
        "There is little left to learn.",
        sentence,
        advice,
        {f"Loss on {where}": number(now), "we say so below": number(FLOOR)},
        reading.keeping,
        "info",
    )

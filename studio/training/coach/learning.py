"""How it stands at the checks, when nothing is wrong."""

from studio.training.coach.finding import Finding, number
from studio.training.coach.reading import Reading, change, stretch

FEWEST = 20  # steps without check rows before a fall is told
SURE = 3  # standard errors


def learning(reading: Reading) -> Finding | None:
    view, checks = reading.view, reading.checks
    if not view.live:
        return None
    if not checks:
        return without_checks(reading)
    if len(checks) < 2 or view.best_step is None or view.best_value is None:
        return None
    first, best, now = checks[0][1], reading.sign * view.best_value, checks[-1][1]
    title = next((str(one["title"]) for one in view.metrics if one["name"] == view.best), "Loss")
    facts = {f"{title} on check rows": f"{number(reading.sign * first)} → {number(reading.sign * best)}"}
    if best >= first:
        return Finding(
            "learning",
            "No better than before so far.",
            f"On rows it does not practise on it has not got better than where it began, after {checks[-1][0]} of "
            f"{view.steps} steps.",
            "It may need more steps. The next check will tell.",
            {
                f"{title} on check rows at first": number(reading.sign * first),
                "at its best": number(reading.sign * best),
            },
            tone="info",
        )
    if best == now:
        return Finding(
            "learning",
            "It is learning.",
            "It also gets better on rows it does not practise on, so it is not memorising.",
            "Let it run.",
            facts,
            tone="info",
        )
    since = sum(step > view.best_step for step, _ in checks)
    last, advice = (
        ("the last check", "Let it run: one check says little.")
        if since == 1
        else (f"the last {since} checks", "Let it run, or stop and keep that point.")
    )
    return Finding(
        "learning",
        f"No better at {last}.",
        f"The best point so far is step {view.best_step}, and it is kept whatever comes.",
        advice,
        facts | {"at the last check": number(reading.sign * now)},
        tone="info",
    )


def without_checks(reading: Reading) -> Finding | None:
    losses = reading.losses
    if len(losses) < FEWEST:
        return None
    width = stretch(len(losses))
    moved = change(losses[:width], losses[-width:])
    if moved.by > -SURE * moved.chance:
        return None
    return Finding(
        "learning",
        "It is learning.",
        "The loss falls on the rows it practises on. There are no check rows, so memorising would not show.",
        "Next time let some rows be kept for checks, in Data.",
        {"Loss on training rows": f"{number(moved.before)} → {number(moved.after)}"},
        tone="info",
    )

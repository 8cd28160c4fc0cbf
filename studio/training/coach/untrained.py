"""What “learning rate too high” and “overfitting” share: how the run stands beside the untrained model."""

from studio.training.coach.reading import Reading, change, noise

FEWEST = 12  # steps: fewer may be the first stumbling, which passes
LEARNED = 0.05  # below where it began: then it is memorising, and not lost
CHANCE = 2  # standard errors
# So many checks in a row so far above the one before training: they say it where the steps jump too much.
ABOVE_UNTRAINED = {2: 0.2, 3: 0.05}


def worse_than_untrained(reading: Reading) -> bool:
    """Whether the loss on check rows has been clearly above that before training, and was never below it."""
    values = [value for _, value in reading.view.series["validation"]]
    return bool(values) and any(
        len(values) > checks and min(values[-checks:]) > (1 + above) * values[0] and min(values[1:]) > values[0]
        for checks, above in ABOVE_UNTRAINED.items()
    )


def practised_since_start(reading: Reading) -> bool:
    """Whether the training loss is clearly below that of the first two steps."""
    losses = reading.losses
    width = max(5, len(losses) // 8)
    first, now = float(losses[:2].mean()), float(losses[-width:].mean())
    # Two steps are few where the loss jumps: then the fall has to show in all that came after them.
    moved = change(losses[: 2 * width], losses[-2 * width :])
    return now < (1 - LEARNED) * first and (first - now > noise(losses) or moved.by < -CHANCE * moved.chance)

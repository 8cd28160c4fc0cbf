"""Regression: the number that belongs to a text is estimated."""

from typing import TYPE_CHECKING

from studio.datasets.versions import Version
from studio.methods.judging_settings import FAMILIES, GROUP, JudgingSettings
from studio.methods.label_rows import check_numbers, numbers_of
from studio.methods.registry import Job, Metric, method

if TYPE_CHECKING:
    from studio.methods.judging_trainer import NumberTrainer

METRICS = (
    Metric(
        "mae",
        "Average error (MAE)",
        "How far off it is on average, in the unit of your numbers.",
        higher_is_better=False,
    ),
    Metric(
        "mse",
        "Squared error (MSE)",
        "The average of the squared errors: large errors count for far more than small ones.",
        higher_is_better=False,
    ),
    Metric(
        "r2",
        "Explained share (R²)",
        "1 is always right; 0 is no better than always saying the mean; below 0 is worse than that.",
        higher_is_better=True,
    ),
)


class RegressionSettings(JudgingSettings):
    """Nothing that the other methods with a head do not have."""


def check(version: Version, settings: RegressionSettings) -> None:
    check_numbers(version)


def scale_of(job: Job) -> dict[str, float]:
    """Mean and standard deviation of the numbers to learn from; a head that was trained before keeps its own.

    They are learned in standard deviations from the mean, so that prices and stars are learned at the same pace.
    """
    import numpy

    from studio.methods.earlier_head import earlier_facts
    from studio.methods.predictions import number_head

    earlier = earlier_facts(job, number_head()["problem_type"])
    if earlier:
        return dict(earlier["scale"])
    numbers = numpy.asarray(numbers_of(job.version.frame("train")))
    return {"mean": float(numbers.mean()), "std": float(numbers.std())}


@method(
    "regression",
    title="Estimate a number",
    sentence="Reads a text and says a number: a score, a price, how many stars.",
    kinds=("number",),
    settings=RegressionSettings,
    families=FAMILIES,
    task="classifier",
    metrics=METRICS,
    check=check,
    group=GROUP,
)
def build(job: Job) -> "NumberTrainer":
    import numpy

    from studio.methods.earlier_head import earlier_facts
    from studio.methods.judging_trainer import NumberTrainer, judging_trainer
    from studio.methods.predictions import number_head

    head = number_head()
    earlier = earlier_facts(job, head["problem_type"])
    numbers = numpy.asarray(numbers_of(job.version.frame("train")))
    scale = scale_of(job)
    trainer: NumberTrainer = judging_trainer(
        NumberTrainer,
        job,
        head,
        lambda frame: [(number - scale["mean"]) / scale["std"] for number in numbers_of(frame)],
    )
    trainer.mean, trainer.std = scale["mean"], scale["std"]
    trainer.facts["scale"] = scale
    trainer.knows = earlier is not None and job.start is None
    trainer.constant = numpy.asarray([(numbers.mean() - scale["mean"]) / scale["std"]])
    trainer.in_words = f"Always the mean of the numbers that it learned from, {numbers.mean():.6g}."
    return trainer

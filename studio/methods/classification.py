"""Classification: every text is put into exactly one group."""

from typing import TYPE_CHECKING, Literal

from studio.datasets.versions import Version
from studio.methods.judging_settings import FAMILIES, GROUP, JudgingSettings, class_weights
from studio.methods.label_rows import check_groups, groups_of
from studio.methods.registry import Job, Metric, method

if TYPE_CHECKING:
    from studio.methods.judging_trainer import GroupTrainer

SINGLE = "single_label_classification"
METRICS = (
    Metric("accuracy", "Accuracy", "The share of texts that it puts into the right group.", higher_is_better=True),
    Metric(
        "f1",
        "F1 score",
        "Precision and recall in one figure, averaged over the groups: a rare group counts as much as a common one.",
        higher_is_better=True,
    ),
    Metric(
        "precision",
        "Precision",
        "Of the texts that it puts into a group, the share that belong there, averaged over the groups.",
        higher_is_better=True,
    ),
    Metric(
        "recall",
        "Recall",
        "Of the texts that belong to a group, the share that it puts there, averaged over the groups.",
        higher_is_better=True,
    ),
)


class ClassificationSettings(JudgingSettings):
    class_weights: Literal["none", "balanced"] = class_weights(
        {"none": "Every text counts the same", "balanced": "Every group counts the same"}
    )


def check(version: Version, settings: ClassificationSettings) -> None:
    check_groups(version, several=False)


@method(
    "classification",
    title="Sort into groups",
    sentence="Puts each text into one of your groups, such as the topic of a message. Quick, and says how sure it is.",
    kinds=("label",),
    settings=ClassificationSettings,
    families=FAMILIES,
    task="classifier",
    metrics=METRICS,
    best="f1",
    check=check,
    group=GROUP,
)
def build(job: Job) -> "GroupTrainer":
    import numpy
    import torch

    from studio.methods.earlier_head import earlier_facts, earlier_groups
    from studio.methods.judging_trainer import GroupTrainer, judging_trainer
    from studio.methods.predictions import group_head

    settings: ClassificationSettings = job.settings
    names = groups_of(job.version)
    earlier = earlier_groups(job, earlier_facts(job, SINGLE), names)
    head = group_head(earlier or names, several=False)
    numbers = head["label2id"]
    trainer: GroupTrainer = judging_trainer(
        GroupTrainer, job, head, lambda frame: [numbers[label] for label in frame["label"]], best="f1"
    )
    trainer.names = list(numbers)
    trainer.knows = earlier is not None and job.start is None
    sizes = numpy.bincount(list(trainer.train_dataset["labels"]), minlength=len(numbers)).clip(min=1)
    # As scikit-learn's “balanced” (King and Zeng 2001): on average over the rows a text counts 1.
    balanced = sizes.sum() / (len(sizes) * sizes)
    weights = balanced if settings.class_weights == "balanced" else numpy.ones(len(sizes))
    trainer.weights = torch.tensor(weights, dtype=torch.float32)
    trainer.constant = numpy.log(sizes / sizes.sum())
    trainer.in_words = f"Always the commonest group, “{trainer.names[int(sizes.argmax())]}”."
    return trainer

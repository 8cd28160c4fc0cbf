"""Multi-label classification: every text is put into any number of groups, or into none."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from studio.datasets.health.labels import label_lists
from studio.datasets.versions import Version
from studio.methods.judging_settings import FAMILIES, GROUP, JudgingSettings, class_weights
from studio.methods.label_rows import check_groups, groups_of, listed
from studio.methods.predictions import THRESHOLD
from studio.methods.registry import Job, Metric, method
from studio.methods.settings import unit

if TYPE_CHECKING:
    from studio.methods.judging_trainer import SeveralGroupsTrainer

SEVERAL = "multi_label_classification"
METRICS = (
    Metric(
        "micro_f1",
        "F1 score over all decisions (micro)",
        "Precision and recall in one figure, over every yes and no of every text: common groups count for more.",
        higher_is_better=True,
    ),
    Metric(
        "macro_f1",
        "F1 score averaged over the groups (macro)",
        "The same for each group by itself, then averaged: a rare group counts as much as a common one.",
        higher_is_better=True,
    ),
    Metric(
        "exact_match",
        "All groups right (exact match)",
        "The share of texts that get exactly their groups, none missing and none too many.",
        higher_is_better=True,
    ),
)


class MultiLabelSettings(JudgingSettings):
    class_weights: Literal["none", "balanced"] = class_weights(
        {"none": "Every text counts the same", "balanced": "Having a group counts as much as not having it"}
    )
    threshold: float = Field(
        THRESHOLD,
        ge=0.05,
        le=0.95,
        title="How sure it must be to give a group (threshold)",
        description="Lower gives more groups and misses fewer, higher gives fewer and is wrong less often.",
        json_schema_extra=unit("probability", advanced=True),
    )


def check(version: Version, settings: MultiLabelSettings) -> None:
    check_groups(version, several=True)


@method(
    "multi_label",
    title="Sort into several groups",
    sentence="Gives each text all the groups that fit, or none: the tags of an article, the moods of a review.",
    kinds=("label",),
    settings=MultiLabelSettings,
    families=FAMILIES,
    task="classifier",
    metrics=METRICS,
    best="micro_f1",
    check=check,
    group=GROUP,
)
def build(job: Job) -> "SeveralGroupsTrainer":
    import numpy
    import torch

    from studio.methods.earlier_head import earlier_facts, earlier_groups
    from studio.methods.judging_trainer import SeveralGroupsTrainer, judging_trainer
    from studio.methods.predictions import group_head

    settings: MultiLabelSettings = job.settings
    names = groups_of(job.version)
    earlier = earlier_groups(job, earlier_facts(job, SEVERAL), names)
    names = earlier or names
    trainer: SeveralGroupsTrainer = judging_trainer(
        SeveralGroupsTrainer,
        job,
        group_head(names, several=True),
        lambda frame: [[float(name in labels) for name in names] for labels in map(set, label_lists(frame))],
        best="micro_f1",
    )
    trainer.names, trainer.threshold = names, settings.threshold
    trainer.facts["threshold"] = settings.threshold
    trainer.knows = earlier is not None and job.start is None
    rows = len(trainer.train_dataset)
    having = numpy.asarray(list(trainer.train_dataset["labels"])).sum(axis=0).clip(min=1, max=max(1, rows - 1))
    weights = (rows - having) / having if settings.class_weights == "balanced" else numpy.ones(len(names))
    trainer.weights = torch.tensor(weights, dtype=torch.float32).clamp(min=1e-3)
    shares = having / rows
    trainer.constant = numpy.log(shares / (1 - shares).clip(min=1e-6))
    usual = [name for name, share in zip(names, shares, strict=True) if share >= settings.threshold]
    trainer.in_words = f"Always {listed(usual)}, as most texts have." if usual else "Never any group, as is commonest."
    return trainer

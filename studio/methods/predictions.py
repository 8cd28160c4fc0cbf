"""From what a model with a head puts out to what a person is told. Needs no torch."""

import math
from collections.abc import Sequence
from typing import Any

THRESHOLD = 0.5


def predict(logits: Sequence[float], facts: dict[str, Any]) -> dict[str, Any]:
    """What one text's logits say, given the facts of the run's result (studio.models.loading.result_facts).

    One group: {"label", "scores"}; several: {"labels", "scores", "threshold"}; a number: {"number"} in the file's own
    unit. scores: the probability of every group by its name, the likeliest first; those of one group add up to 1.
    """
    head = facts["head"]
    if head["problem_type"] == "regression":
        return {"number": float(logits[0]) * facts["scale"]["std"] + facts["scale"]["mean"]}
    names = label_names(head)
    if head["problem_type"] == "multi_label_classification":
        sure = ranked(names, [sigmoid(float(one)) for one in logits])
        threshold = facts.get("threshold", THRESHOLD)
        chosen = [name for name, score in sure.items() if score >= threshold]
        return {"labels": chosen, "scores": sure, "threshold": threshold}
    sure = ranked(names, softmax(logits))
    return {"label": next(iter(sure)), "scores": sure}


def label_names(head: dict[str, Any]) -> list[str]:
    """The names of the groups in the order of the logits. (JSON has made texts of the numbers.)"""
    return [str(name) for _, name in sorted(head["id2label"].items(), key=lambda item: int(item[0]))]


def group_head(names: list[str], several: bool) -> dict[str, Any]:
    """What the config of a model with a head for these groups says."""
    return {
        "num_labels": len(names),
        "id2label": dict(enumerate(names)),
        "label2id": {name: number for number, name in enumerate(names)},
        "problem_type": "multi_label_classification" if several else "single_label_classification",
    }


def number_head() -> dict[str, Any]:
    """The same for one number."""
    return {"num_labels": 1, "id2label": {0: "number"}, "label2id": {"number": 0}, "problem_type": "regression"}


def ranked(names: list[str], scores: Sequence[float]) -> dict[str, float]:
    return dict(sorted(zip(names, scores, strict=True), key=lambda pair: -pair[1]))


def sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value >= 0 else math.exp(value) / (1 + math.exp(value))


def softmax(values: Sequence[float]) -> list[float]:
    highest = max(values)  # taken off first, so that exp never overflows
    raised = [math.exp(float(value) - float(highest)) for value in values]
    return [value / sum(raised) for value in raised]

"""What the test rows say about base and tuned model, at the end of a run."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas

from studio.chat.generation import greedy_answers
from studio.chat.predicting import Asked, logits_of, told
from studio.datasets.pictures import picture_file
from studio.datasets.rows import PLAIN, Messages, content_of, conversations
from studio.datasets.versions import Version
from studio.methods import together
from studio.workspace import write_json

if TYPE_CHECKING:
    from studio.methods import Metric
    from studio.methods.watched import Figures, Watched
    from studio.training.run import Run

QUESTIONS = 3  # asked when a run ends, and again when its download is checked
ANSWER_TOKENS = 48
BEGINNING = 24  # words of a document that are given, to be written on


def compared(before: "Figures", after: "Figures", rows: int, metrics: "tuple[Metric, ...]") -> dict[str, Any]:
    """The figures on the test rows as they stand in a run's result: the loss (nats per trained token), then metrics.

    before: of what the run began with, which is the base model, or the result of the run that it goes on from.
    """
    test = [
        {"name": metric.name, "before": before.get(metric.name), "after": after[metric.name]}
        for metric in metrics
        if metric.name in after
    ]
    result: dict[str, Any] = {"test_rows": rows, "test": test}
    if "loss" in after:
        result |= {"test_loss_before": before.get("loss"), "test_loss_after": after["loss"]}
    return result


def record_answers(run: "Run", trainer: "Watched", version: Version) -> None:
    """Write answers.json: what the tuned model says to a few rows, as the run leaves it.

    Of a model that writes: its greedy answers. Of one with a head: its logits, and what they say. Of several processes
    all ask, for a model in pieces answers only to all of them, and the first writes.
    """
    split = next(name for name in ("test", "validation", "train") if version.rows[name])
    rows = version.frame(split).head(QUESTIONS)
    model = trainer.accelerator.unwrap_model(trainer.model)
    if trainer.facts["task"] == "classifier":
        write_json(run.folder / "answers.json", {"split": split, **predicted(model, trainer, version, rows)})
        return
    asked = [question_of(messages) for messages, _ in conversations(rows, version.kind)]
    if version.kind == "picture":
        size = trainer.settings.picture_size  # type: ignore[attr-defined]
        asked = [asked_about(one, version.folder, name, size) for one, name in zip(asked, rows["label"], strict=True)]
    answers = greedy_answers(model, trainer.processing_class, asked, ANSWER_TOKENS)
    if not together.is_first():
        return
    write_json(
        run.folder / "answers.json",
        {"max_new_tokens": ANSWER_TOKENS, "conversations": asked, "split": split, "answers": answers},
    )


def question_of(messages: Messages) -> Messages:
    """What comes before the answer; of plain text, its first words."""
    if messages[0]["role"] != PLAIN:
        return messages[:-1]
    words = content_of(messages[0]).split(" ")
    return [{"role": PLAIN, "content": " ".join(words[:BEGINNING])}]


def asked_about(messages: Messages, version_folder: Path, name: str, size: int) -> Messages:
    """The question with its picture, which is the one that this row of the version names, on its first turn."""
    first = next(place for place, message in enumerate(messages) if message["role"] == "user")
    picture = {"file": str(picture_file(version_folder, name)), "size": size}
    return [{**message, "picture": picture} if place == first else message for place, message in enumerate(messages)]


def predicted(model: Any, trainer: "Watched", version: Version, rows: pandas.DataFrame) -> dict[str, Any]:
    """What a model with a head makes of these rows: `asked` (texts or conversations), their logits, what they say."""
    length = trainer.settings.max_length
    asked = things_to_judge(rows, version.kind)
    logits = [logits_of(model, trainer.processing_class, one, length) for one in asked]
    said = [told(row, trainer.facts) for row in logits]
    return {"asked": asked, "max_length": length, "logits": logits, "predictions": said}


def things_to_judge(rows: pandas.DataFrame, kind: str) -> list[Asked]:
    """The texts of rows with labels; of others the whole conversations."""
    if kind in ("label", "number", "text"):
        return list(rows["text"])
    return [messages for messages, _ in conversations(rows, kind)]

"""What the test rows say about base and tuned model, at the end of a run."""

from typing import TYPE_CHECKING, Any

from studio.chat.generation import greedy_answers
from studio.datasets.rows import conversations
from studio.datasets.versions import Version
from studio.workspace import write_json

if TYPE_CHECKING:
    from studio.methods import Metric
    from studio.methods.watched import Figures, Watched
    from studio.training.run import Run

QUESTIONS = 3  # asked when a run ends, and again when its download is checked
ANSWER_TOKENS = 48


def compared(before: "Figures", after: "Figures", rows: int, metrics: "tuple[Metric, ...]") -> dict[str, Any]:
    """The figures on the test rows as they stand in a run's result: the loss (nats per trained token), then metrics."""
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
    """Write answers.json: the tuned model's greedy answers to a few questions, as the run leaves it."""
    if trainer.facts["task"] != "causal":
        return
    split = next(name for name in ("test", "validation", "train") if version.rows[name])
    rows = version.frame(split).head(QUESTIONS)
    asked = [messages[:-1] for messages, _ in conversations(rows, version.kind)]
    model = trainer.accelerator.unwrap_model(trainer.model)
    answers = greedy_answers(model, trainer.processing_class, asked, ANSWER_TOKENS)
    write_json(
        run.folder / "answers.json",
        {"max_new_tokens": ANSWER_TOKENS, "conversations": asked, "split": split, "answers": answers},
    )

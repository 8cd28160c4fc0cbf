"""What the test rows say about base and tuned model, at the end of a run."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.chat.generation import greedy_answers
from studio.datasets.rows import conversations
from studio.datasets.versions import Version
from studio.workspace import write_json

if TYPE_CHECKING:
    from studio.methods.reply_trainer import ReplyTrainer

QUESTIONS = 3  # asked when a run ends, and again when its download is checked
ANSWER_TOKENS = 48


def test_losses(trainer: "ReplyTrainer", version: Version, max_length: int) -> dict[str, Any]:
    """Loss on the test rows (nats per trained token) without and with the adapter, in the same model."""
    from studio.methods.reply_trainer import example_rows

    rows = example_rows(trainer.processing_class, version, "test", max_length)
    if not len(rows):
        return {}
    with trainer.accelerator.unwrap_model(trainer.model).disable_adapter():
        before = trainer.mean_loss(rows)
    return {"test_loss_before": before, "test_loss_after": trainer.mean_loss(rows), "test_rows": len(rows)}


def record_answers(folder: Path, trainer: "ReplyTrainer", version: Version) -> None:
    """Write answers.json: the tuned model's greedy answers to a few questions, as the run leaves it."""
    split = next(name for name in ("test", "validation", "train") if version.rows[name])
    rows = version.frame(split).head(QUESTIONS)
    asked = [messages[:-1] for messages, _ in conversations(rows, version.kind)]
    model = trainer.accelerator.unwrap_model(trainer.model)
    answers = greedy_answers(model, trainer.processing_class, asked, ANSWER_TOKENS)
    write_json(
        folder / "answers.json",
        {"max_new_tokens": ANSWER_TOKENS, "conversations": asked, "split": split, "answers": answers},
    )

"""Continued pre-training: the model reads documents and learns their language, as it once learned from the web."""

from typing import TYPE_CHECKING

from studio.methods.packing import PackingSettings
from studio.methods.registry import Job, method
from studio.methods.sft import PERPLEXITY

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase

    from studio.datasets.examples import Example
    from studio.datasets.versions import Version
    from studio.methods.reply_trainer import ReplyTrainer


class PretrainingSettings(PackingSettings):
    pass


@method(
    "pretraining",
    title="Learn from documents",
    sentence="Reads your documents and learns their words and style. It needs no questions and answers.",
    kinds=("text",),
    settings=PretrainingSettings,
    metrics=(PERPLEXITY,),
    group="Learn from documents",
)
def build(job: Job) -> "ReplyTrainer":
    from studio.methods.reply_trainer import reply_trainer
    from studio.models.loading import load_tokenizer

    tokenizer = load_tokenizer(job.folder)
    length = job.settings.max_length
    rows, long = {}, 0
    for split in ("train", "validation", "test"):
        rows[split], divided = passage_rows(tokenizer, job.version, split, length)
        long += divided
    note = f"{long:,} passages longer than {length:,} tokens are read in pieces; nothing of them is left out."
    return reply_trainer(job, tokenizer, rows, *([note] if long else []))


def passage_rows(
    tokenizer: "PreTrainedTokenizerBase", version: "Version", split: str, length: int
) -> tuple["Dataset", int]:
    """The passages of a split as input_ids and labels (lists of int), and how many were longer than `length` tokens."""
    from datasets import Dataset

    from studio.datasets.examples import render_all
    from studio.datasets.rows import conversations

    whole = list(render_all(tokenizer, conversations(version.frame(split), version.kind), max_length=2**31))
    cut = [piece for example in whole for piece in pieces(example, length)]
    rows = Dataset.from_dict({"input_ids": [ids for ids, _ in cut], "labels": [labels for _, labels in cut]})
    return rows, sum(example.total > length for example in whole)


def pieces(example: "Example", length: int) -> list[tuple[list[int], list[int]]]:
    """Ids and labels of a passage in pieces of at most `length` tokens.

    Each begins with the last token of the one before: there it is only read, so every token is learned exactly once.
    """
    starts = range(0, max(1, len(example.ids) - 1), length - 1)
    return [(example.ids[start : start + length], example.labels[start : start + length]) for start in starts]

"""Supervised fine-tuning: the model is shown questions with their answers, and learns to write the answers."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from studio.methods.packing import PackingSettings
from studio.methods.registry import Job, Metric, method
from studio.methods.settings import unit

if TYPE_CHECKING:
    from studio.methods.reply_trainer import ReplyTrainer

PERPLEXITY = Metric(
    "perplexity", "Perplexity", "Between how many words it wavers, on average. Lower is better.", higher_is_better=False
)


class SftSettings(PackingSettings):
    loss_on: Literal["replies", "everything"] = Field(
        "replies",
        title="What it learns to write",
        description="Only the answers, or the questions too. Answers alone is right for nearly everybody.",
        json_schema_extra=unit(advanced=True, words={"replies": "Answers only", "everything": "Questions too"}),
    )
    shots: int = Field(
        3,
        ge=0,
        le=20,
        title="Examples shown to the untrained model (few-shot)",
        description="At the end the untrained model is tested once more, with so many training examples in front of "
        "each question: what you would get without any training. 0 leaves this out.",
        json_schema_extra=unit("examples", advanced=True),
    )


@method(
    "sft",
    title="Learn from examples",
    sentence="Shows it questions with their answers. The best first choice.",
    kinds=("chat", "label", "number", "preference"),
    settings=SftSettings,
    metrics=(PERPLEXITY,),
)
def build(job: Job) -> "ReplyTrainer":
    # Heavy imports stay inside: the page asks for the settings above and must not load torch.
    from studio.methods.reply_trainer import example_rows, reply_trainer
    from studio.models.loading import load_tokenizer

    settings: SftSettings = job.settings
    tokenizer = load_tokenizer(job.folder)
    everything = settings.loss_on == "everything"
    rows = {
        split: example_rows(tokenizer, job.version, split, settings.max_length, everything, job.home)
        for split in ("train", "validation", "test")
    }
    return reply_trainer(job, tokenizer, rows)

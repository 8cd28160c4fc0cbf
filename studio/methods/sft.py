"""Supervised fine-tuning: the model is shown questions with their answers, and learns to write the answers."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from studio.methods.adapt_settings import AdaptSettings
from studio.methods.registry import Job, Metric, method
from studio.methods.settings import unit

if TYPE_CHECKING:
    from studio.methods.reply_trainer import ReplyTrainer

PERPLEXITY = Metric(
    "perplexity", "Perplexity", "Between how many words it wavers, on average. Lower is better.", higher_is_better=False
)


class SftSettings(AdaptSettings):
    last_layers: int = Field(
        2,
        ge=1,
        le=200,
        title="Last layers trained",
        description="More learn more, and need more memory.",
        json_schema_extra=unit("layers", advanced=True, when={"adapt": ("last_layers",)}),
    )
    loss_on: Literal["replies", "everything"] = Field(
        "replies",
        title="What it learns to write",
        description="Only the answers, or the questions too. Answers alone is right for nearly everybody.",
        json_schema_extra=unit(advanced=True, words={"replies": "Answers only", "everything": "Questions too"}),
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
    from trl.trainer.sft_config import SFTConfig

    from studio.methods.adapting import trainable_model
    from studio.methods.arguments import training_arguments
    from studio.methods.reply_trainer import ReplyTrainer, example_rows
    from studio.methods.watched import watch
    from studio.models.loading import load_tokenizer

    settings: SftSettings = job.settings
    tokenizer = load_tokenizer(job.folder)
    train, check, test = (
        example_rows(tokenizer, job.version, split, settings.max_length, everything=settings.loss_on == "everything")
        for split in ("train", "validation", "test")
    )
    trainer = ReplyTrainer(
        model=trainable_model(job, "causal"),
        args=SFTConfig(
            **training_arguments(job, len(train), len(check)), dataset_kwargs={"skip_prepare_dataset": True}
        ),
        train_dataset=train,
        eval_dataset=check if len(check) else None,
        processing_class=tokenizer,
    )
    return watch(trainer, job, "causal", test)

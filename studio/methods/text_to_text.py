"""Text to text: an encoder-decoder (such as T5) reads one text and learns to write another."""

from typing import TYPE_CHECKING

from pydantic import Field

from studio.methods.adapt_settings import AdaptSettings
from studio.methods.registry import Job, Metric, method
from studio.methods.settings import unit
from studio.methods.sft import PERPLEXITY

if TYPE_CHECKING:
    from studio.methods.text_to_text_trainer import TextToTextTrainer

METRICS = (
    Metric(
        "exact_match",
        "Right to the letter",
        "Share of texts that it writes exactly as they should be, 0 to 1.",
        higher_is_better=True,
    ),
    Metric(
        "token_accuracy",
        "Right tokens",
        "Share of tokens that it gets right when all before them are right, 0 to 1.",
        higher_is_better=True,
    ),
    PERPLEXITY,
)


class TextToTextSettings(AdaptSettings):
    last_layers: int = Field(
        2,
        ge=1,
        le=200,
        title="Last layers trained",
        description="Counted from the end of the half that writes. More learn more, and need more memory.",
        json_schema_extra=unit("layers", advanced=True, when={"adapt": ("last_layers",)}),
    )


@method(
    "text_to_text",
    title="Turn one text into another",
    sentence="Translates, shortens or rewrites, as your examples show it. For models such as T5.",
    kinds=("chat", "label", "number"),
    settings=TextToTextSettings,
    families=("encoder-decoder",),
    task="seq2seq",
    metrics=METRICS,
)
def build(job: Job) -> "TextToTextTrainer":
    from transformers import DataCollatorForSeq2Seq, TrainingArguments

    from studio.methods.adapting import trainable_model
    from studio.methods.arguments import training_arguments
    from studio.methods.text_to_text_trainer import TextToTextTrainer, text_pairs
    from studio.methods.watched import watch
    from studio.models.loading import load_tokenizer

    tokenizer = load_tokenizer(job.folder)
    length = job.settings.max_length
    rows, cut = {}, 0
    for split in ("train", "validation", "test"):
        rows[split], shortened = text_pairs(tokenizer, job.version, split, length)
        cut += shortened
    train, check = rows["train"], rows["validation"]
    trainer = TextToTextTrainer(
        model=trainable_model(job, "seq2seq"),
        args=TrainingArguments(**training_arguments(job, len(train), len(check))),
        data_collator=DataCollatorForSeq2Seq(tokenizer),
        train_dataset=train,
        eval_dataset=check if len(check) else None,
        processing_class=tokenizer,
    )
    if cut:
        trainer.notes = (f"{cut:,} questions or answers longer than {length:,} tokens are cut at their end.",)
    return watch(trainer, job, "seq2seq", rows["test"])

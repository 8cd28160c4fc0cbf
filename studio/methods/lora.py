"""LoRA: supervised fine-tuning that adds thin layers of new weights and leaves the model as it was.

Hu et al. 2021, arXiv:2106.09685. Loss on the reply only.
"""

from typing import TYPE_CHECKING

from pydantic import Field

from studio.methods.registry import Job, method
from studio.methods.settings import CommonSettings, unit

if TYPE_CHECKING:
    from studio.methods.reply_trainer import ReplyTrainer


class LoraSettings(CommonSettings):
    rank: int = Field(
        16,
        ge=1,
        le=512,
        title="Size of the adapter (rank)",
        description="How much it can learn. 16 suits a few hundred examples; more needs more memory.",
        json_schema_extra=unit(advanced=True),
    )
    alpha: int = Field(
        32,
        ge=1,
        le=2048,
        title="Strength of the adapter (alpha)",
        description="How loudly the adapter speaks. Twice the rank is the usual choice.",
        json_schema_extra=unit(advanced=True),
    )


@method(
    "lora",
    title="LoRA",
    sentence="Adds a thin layer of new weights and leaves the model as it was. "
    "The best first choice, and easy to undo.",
    kinds=("chat", "label", "number", "preference"),
    settings=LoraSettings,
)
def build(job: Job) -> "ReplyTrainer":
    # Heavy imports stay inside: the page asks for the settings above and must not load torch.
    from peft import LoraConfig

    from studio.methods.reply_trainer import ReplyTrainer, example_rows, training_arguments
    from studio.models.loading import load_model, load_tokenizer

    settings: LoraSettings = job.settings
    tokenizer = load_tokenizer(job.folder)
    # All linear layers and no dropout: see "LoRA Without Regret" (Thinking Machines, 2025).
    adapter = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=0.0,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    train = example_rows(tokenizer, job.version, "train", settings.max_length)
    check = example_rows(tokenizer, job.version, "validation", settings.max_length)
    return ReplyTrainer(
        model=load_model(job.folder, job.device, job.dtype),
        args=training_arguments(job, len(train), len(check)),
        train_dataset=train,
        eval_dataset=check if len(check) else None,
        processing_class=tokenizer,
        peft_config=adapter,
    )

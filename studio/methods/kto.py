"""Kahneman-Tversky optimisation: the model learns from single answers that people liked or did not like."""

from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from studio.methods.preference_checks import check_thumbs
from studio.methods.preference_settings import CHOSEN, KL, MARGIN, REJECTED, PreferenceSettings
from studio.methods.registry import Job, method
from studio.methods.settings import Misfit, unit

if TYPE_CHECKING:
    from studio.methods.kto_trainer import KtoTrainer


class KtoSettings(PreferenceSettings):
    batch_size: int = Field(
        8,
        ge=2,
        le=256,
        title="Examples per step (batch size)",
        description="How many answers it looks at before each correction: at least 2, since it compares them. Fewer "
        "saves memory, more judges better how far it has moved.",
        json_schema_extra=unit("examples"),
    )
    desirable: float | None = Field(
        None,
        gt=0,
        le=1000,
        title="Weight of a thumb up",
        description="How much an answer that was liked counts. Left empty, both kinds count alike in sum.",
        json_schema_extra=unit("times", advanced=True),
    )
    undesirable: float | None = Field(
        None,
        gt=0,
        le=1000,
        title="Weight of a thumb down",
        description="How much an answer that was not liked counts. Left empty, both kinds count alike in sum.",
        json_schema_extra=unit("times", advanced=True),
    )

    @model_validator(mode="after")
    def compares_in_every_bite(self) -> "KtoSettings":
        """Refuse bites of one answer, of which the KL cannot be estimated."""
        if self.batch_size // self.accumulation < 2:
            raise Misfit(
                "accumulation", "Learning from thumbs needs at least 2 examples in every bite.", "Choose fewer bites."
            )
        return self


@method(
    "kto",
    title="Learn from thumbs up and down",
    sentence="Shows it answers that people liked and answers that they did not like. It needs no pairs.",
    kinds=("feedback", "preference"),
    settings=KtoSettings,
    metrics=(MARGIN, CHOSEN, REJECTED, KL),
    check=check_thumbs,
    group="Learn from preferences",
)
def build(job: Job) -> "KtoTrainer":
    # Heavy imports stay inside: the page asks for the settings above and must not load torch.
    from trl.trainer.kto_config import KTOConfig

    from studio.methods.adapting import trainable_model
    from studio.methods.arguments import training_arguments
    from studio.methods.kto_rows import mixed, weights, with_strangers
    from studio.methods.kto_trainer import KtoTrainer
    from studio.methods.preference_rows import thumb_splits
    from studio.methods.watched import watch
    from studio.models.loading import load_tokenizer

    settings: KtoSettings = job.settings
    tokenizer = load_tokenizer(job.folder)
    splits, left_out = thumb_splits(tokenizer, job.version, settings.max_length)
    liked = sum(row[2] for row in splits[0])
    desirable, undesirable = weights(liked, len(splits[0]) - liked, settings.desirable, settings.undesirable)
    bite = settings.batch_size // settings.accumulation
    train, check, test = (with_strangers(mixed(rows, settings.seed), bite) for rows in splits)
    model = trainable_model(job, "causal")
    trainer = KtoTrainer(
        model=model,
        args=KTOConfig(
            **training_arguments(job, len(train), len(check)),
            beta=settings.beta,
            desirable_weight=desirable,
            undesirable_weight=undesirable,
            max_length=settings.max_length,
            # Without an adapter TRL would else load the reference from the base model's folder, which is another model
            # where the run goes on from an earlier one.
            precompute_ref_log_probs=not hasattr(model, "peft_config"),
        ),
        train_dataset=train,
        eval_dataset=check if len(check) else None,
        processing_class=tokenizer,
    )
    watch(trainer, job, "causal", test)
    trainer.notes = left_out.notes(settings.max_length)
    trainer.remember_reference(started=job.start is not None)
    return trainer

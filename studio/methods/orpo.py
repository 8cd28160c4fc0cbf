"""Odds ratio preference optimisation: learns to answer and to prefer in one go, with no reference to hold on to."""

from typing import TYPE_CHECKING

from pydantic import Field

from studio.methods.preference_checks import check_pairs
from studio.methods.preference_settings import PAIRS, PreferenceSettings
from studio.methods.registry import Job, method
from studio.methods.settings import unit

if TYPE_CHECKING:
    from studio.methods.orpo_trainer import OrpoTrainer


class OrpoSettings(PreferenceSettings):
    beta: float = Field(
        0.1,
        gt=0,
        le=10,
        title="Weight of the preference (beta)",
        description="How much it counts to prefer the better answer, beside learning to write it.",
        json_schema_extra=unit(advanced=True),
    )


@method(
    "orpo",
    title="Learn to answer and to prefer at once",
    sentence="Learns the better answers and turns away from the worse ones. For a model that is new to the task.",
    kinds=("preference",),
    settings=OrpoSettings,
    metrics=PAIRS,
    check=check_pairs,
    group="Learn from preferences",
)
def build(job: Job) -> "OrpoTrainer":
    # Heavy imports stay inside: the page asks for the settings above and must not load torch.
    import os

    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")  # its notice is for programmers; the version is pinned
    from trl.experimental.orpo import ORPOConfig

    from studio.methods.adapting import trainable_model
    from studio.methods.arguments import training_arguments
    from studio.methods.fast_path.quicken import quicken
    from studio.methods.orpo_trainer import OrpoTrainer, pair_columns
    from studio.methods.preference_rows import pair_splits
    from studio.methods.preference_trainer import longest_texts
    from studio.methods.watched import watch
    from studio.models.loading import load_tokenizer

    settings: OrpoSettings = job.settings
    tokenizer = load_tokenizer(job.folder)
    splits, left_out = pair_splits(tokenizer, job.version, settings.max_length)
    train, check, test = (pair_columns(split) for split in splits)
    trainer = OrpoTrainer(
        model=trainable_model(job, "causal"),
        args=ORPOConfig(
            **training_arguments(job, len(train), len(check)),
            beta=settings.beta,
            max_length=settings.max_length,
            remove_unused_columns=False,
        ),
        train_dataset=train,
        eval_dataset=check if len(check) else None,
        processing_class=tokenizer,
    )
    watch(trainer, job, "causal", test)
    trainer.notes = left_out.notes(settings.max_length)
    quicken(trainer, job, max(longest_texts(train)))
    return trainer

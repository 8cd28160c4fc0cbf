"""A reward model: it reads a question with its answer and gives it a mark, as people would."""

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from studio.methods.adapt_settings import AdaptSettings
from studio.methods.preference_checks import check_pairs
from studio.methods.preference_settings import SCORES
from studio.methods.registry import Job, method
from studio.methods.settings import unit

if TYPE_CHECKING:
    from studio.methods.reward_trainer import RewardTrainer

HEAD = {"num_labels": 1}  # one output: the mark


class RewardSettings(AdaptSettings):
    # Not a learned beginning in front of the text: transformers then no longer finds where a padded text ends.
    applicable: ClassVar[tuple[str, ...]] = ("lora", "prefix", "ia3", "last_layers", "gradual", "full")
    rate_factor: ClassVar[float] = 0.5

    centre: float = Field(
        0.01,
        ge=0,
        le=10,
        title="Marks around zero (centring)",
        description="Keeps the marks from drifting away together; 0 turns it off. Only differences say which answer is "
        "better.",
        json_schema_extra=unit(advanced=True),
    )


@method(
    "reward",
    title="Learn to judge answers (reward model)",
    sentence="It does not answer itself: it gives marks to answers, by which another model can then be trained.",
    kinds=("preference",),
    settings=RewardSettings,
    task="classifier",
    metrics=SCORES,
    check=check_pairs,
    group="Learn from preferences",
)
def build(job: Job) -> "RewardTrainer":
    # Heavy imports stay inside: the page asks for the settings above and must not load torch.
    from trl.trainer.reward_config import RewardConfig

    from studio.methods.adapting import trainable_model
    from studio.methods.arguments import training_arguments
    from studio.methods.fast_path.quicken import quicken
    from studio.methods.preference_rows import pair_splits
    from studio.methods.preference_trainer import longest_texts
    from studio.methods.reward_trainer import RewardTrainer, whole_texts
    from studio.methods.watched import watch
    from studio.models.loading import load_tokenizer

    settings: RewardSettings = job.settings
    tokenizer = load_tokenizer(job.folder)
    splits, left_out = pair_splits(tokenizer, job.version, settings.max_length)
    train, check, test = (whole_texts(split) for split in splits)
    trainer = RewardTrainer(
        model=trainable_model(job, "classifier", HEAD),
        args=RewardConfig(
            **training_arguments(job, len(train), len(check)),
            center_rewards_coefficient=settings.centre or None,
            max_length=settings.max_length,
        ),
        train_dataset=train,
        eval_dataset=check if len(check) else None,
        processing_class=tokenizer,
    )
    watch(trainer, job, "classifier", test, HEAD)
    trainer.notes = left_out.notes(settings.max_length)
    quicken(trainer, job, max(longest_texts(train)))
    return trainer

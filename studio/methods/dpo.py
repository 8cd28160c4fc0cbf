"""Direct preference optimisation: the model is shown two answers to a question, and learns to prefer the better one."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from studio.methods.preference_checks import check_pairs
from studio.methods.preference_settings import PAIRS, PreferenceSettings
from studio.methods.registry import Job, method
from studio.methods.settings import unit
from studio.methods.spreading import SpreadSettings

if TYPE_CHECKING:
    from studio.methods.dpo_trainer import DpoTrainer


class DpoSettings(PreferenceSettings, SpreadSettings):
    loss: Literal["sigmoid", "ipo", "hinge"] = Field(
        "sigmoid",
        title="How a preference counts (loss)",
        description="DPO is the usual choice. IPO stops at a set distance and so memorises less; hinge leaves pairs "
        "alone that it tells apart clearly.",
        json_schema_extra=unit(
            advanced=True, words={"sigmoid": "DPO (sigmoid)", "ipo": "IPO (set distance)", "hinge": "Hinge"}
        ),
    )


@method(
    "dpo",
    title="Learn which answer is better",
    sentence="Shows it two answers to each question, and it learns to give answers like the better one.",
    kinds=("preference",),
    settings=DpoSettings,
    metrics=PAIRS,
    check=check_pairs,
    group="Learn from preferences",
)
def build(job: Job) -> "DpoTrainer":
    # Heavy imports stay inside: the page asks for the settings above and must not load torch.
    from trl.trainer.dpo_config import DPOConfig

    from studio.methods.adapting import trainable_model
    from studio.methods.arguments import training_arguments
    from studio.methods.dpo_trainer import DpoTrainer
    from studio.methods.fast_path.quicken import quicken
    from studio.methods.preference_rows import pair_splits
    from studio.methods.preference_trainer import longest_texts
    from studio.methods.watched import watch
    from studio.models.loading import load_tokenizer

    settings: DpoSettings = job.settings
    tokenizer = load_tokenizer(job.folder)
    (train, check, test), left_out = pair_splits(tokenizer, job.version, settings.max_length)
    model = trainable_model(job, "causal")
    trainer = DpoTrainer(
        model=model,
        args=DPOConfig(
            **training_arguments(job, len(train), len(check)),
            loss_type=[settings.loss],
            beta=settings.beta,
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
    quicken(trainer, job, max(longest_texts(train)))
    trainer.remember_reference(started=job.start is not None)
    return trainer

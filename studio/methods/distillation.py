"""Distillation: a smaller model, or a smaller adapter, learns to choose its words as a teacher model would."""

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from studio.errors import StudioError
from studio.methods.adapt_settings import AdaptSettings
from studio.methods.registry import Job, Metric, method
from studio.methods.settings import unit
from studio.methods.sft import PERPLEXITY
from studio.methods.teacher import check_named, check_teacher

if TYPE_CHECKING:
    from studio.methods.distill_trainer import DistillTrainer

DIVERGENCE = Metric(
    "divergence",
    "Distance to the teacher",
    "How far its choice of the next word is from the teacher's. Lower is closer, 0 is the same.",
    higher_is_better=False,
)


class DistillationSettings(AdaptSettings):
    # The loss compares hidden states under the head's weights, and would not see a learned beginning.
    applicable: ClassVar[tuple[str, ...]] = ("lora", "ia3", "last_layers", "gradual", "full")

    teacher: str = Field(
        "",
        title="Teacher",
        description="The model that it learns from: usually a larger one of the same family, by its name here, its "
        "folder, or owner/name on the Hugging Face hub.",
        json_schema_extra=unit(),
    )
    teacher_run: str = Field(
        "",
        title="Teacher from an earlier run",
        description="In place of a model: the id of a run whose result is the teacher.",
        json_schema_extra=unit(advanced=True),
    )
    on_policy: float = Field(
        0.0,
        ge=0,
        le=1,
        title="Share of its own answers (on-policy)",
        description="0 learns on the answers of the file. 1 lets it write every answer itself and learns how the "
        "teacher would have gone on, which mends its own mistakes and takes several times as long.",
        json_schema_extra=unit("share of examples", advanced=True),
    )
    answer_length: int = Field(
        64,
        ge=1,
        le=4096,
        title="Longest answer that it writes",
        description="Where it writes answers itself, they are cut here. Longer takes longer.",
        json_schema_extra=unit("tokens", advanced=True),
    )
    temperature: float = Field(
        1.0,
        gt=0,
        le=10,
        title="Softness (temperature)",
        description="Above 1 it hears more of what the teacher finds unlikely; below 1 only of its favourites. Its own "
        "answers are drawn at the same temperature.",
        json_schema_extra=unit(advanced=True),
    )
    beta: float = Field(
        0.0,
        ge=0,
        le=1,
        title="Kind of distance (beta)",
        description="0 covers all that the teacher might say (forward KL), 1 keeps to what it says most (reverse KL), "
        "0.5 lies between (Jensen-Shannon).",
        json_schema_extra=unit(advanced=True),
    )
    last_layers: int = Field(
        2,
        ge=1,
        le=200,
        title="Last layers trained",
        description="More learn more, and need more memory.",
        json_schema_extra=unit("layers", advanced=True, when={"adapt": ("last_layers",)}),
    )


@method(
    "distillation",
    title="Learn from a teacher model",
    sentence="A small model takes over what a large one, or an earlier run, knows about your questions.",
    kinds=("chat", "label", "number", "preference"),
    settings=DistillationSettings,
    metrics=(DIVERGENCE, PERPLEXITY),
    check_settings=check_named,
    check_home=check_teacher,
    group="Learn from another model",
)
def build(job: Job) -> "DistillTrainer":
    from trl.trainer.distillation_config import DistillationConfig

    from studio.methods.adapting import trainable_model
    from studio.methods.arguments import training_arguments
    from studio.methods.distill_trainer import DistillTrainer
    from studio.methods.reply_trainer import example_rows
    from studio.methods.teacher import load_teacher
    from studio.methods.watched import watch
    from studio.models.loading import load_tokenizer

    settings: DistillationSettings = job.settings
    if job.home is None:
        raise StudioError("Distillation needs the studio's home, where its teacher is.", "Start it from a recipe.")
    tokenizer = load_tokenizer(job.folder)
    train, check, test = (
        example_rows(tokenizer, job.version, split, settings.max_length, home=job.home)
        for split in ("train", "validation", "test")
    )
    teacher = load_teacher(job)  # before the student, so that the student's seed is the last
    trainer = DistillTrainer(
        model=trainable_model(job, "causal"),
        teacher_model=teacher,
        args=DistillationConfig(
            **training_arguments(job, len(train), len(check)),
            beta=settings.beta,
            temperature=settings.temperature,
            max_completion_length=settings.answer_length,
        ),
        train_dataset=train,
        eval_dataset=check if len(check) else None,
        processing_class=tokenizer,
    )
    trainer.on_policy = settings.on_policy
    return watch(trainer, job, "causal", test)

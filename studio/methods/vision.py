"""Supervised fine-tuning of a model for pictures and text: it is shown pictures with questions and their answers."""

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from studio.errors import StudioError
from studio.methods.adapt_settings import AdaptSettings
from studio.methods.registry import Job, method
from studio.methods.settings import unit
from studio.methods.sft import PERPLEXITY
from studio.models.catalogue import Model
from studio.workspace import Workspace

if TYPE_CHECKING:
    from studio.methods.vision_trainer import VisionTrainer


class VisionSettings(AdaptSettings):
    # A learned beginning would stand in front of the picture, where these models look for it.
    applicable: ClassVar[tuple[str, ...]] = ("lora", "last_layers", "full")

    max_length: int = Field(
        2048,
        ge=16,
        le=131072,
        title="Longest example (tokens)",
        description="Picture, question and answer together; a picture takes some dozens to many hundreds of tokens. "
        "Longer answers are cut at the end.",
        json_schema_extra=unit("tokens"),
    )
    picture_size: int = Field(
        1024,
        ge=16,
        le=8192,
        title="Largest picture",
        description="Larger pictures are made smaller before the model gets them, which saves memory and time with "
        "models that cut a picture into tiles. What is too small to read for you then is so for the model.",
        json_schema_extra=unit("dots on the longer side"),
    )
    last_layers: int = Field(
        2,
        ge=1,
        le=200,
        title="Last layers trained",
        description="Of the part that writes. More learn more, and need more memory.",
        json_schema_extra=unit("layers", advanced=True, when={"adapt": ("last_layers",)}),
    )


def check_processor(workspace: Workspace, model: Model, settings: Any) -> None:
    """Raises StudioError for a model on this computer that does not say how pictures are prepared for it."""
    files = ("processor_config.json", "preprocessor_config.json")
    if model.on_disk and not any((model.folder / file).exists() for file in files):
        raise StudioError(
            f"{model.title} does not say how pictures are prepared for it.",
            "Choose another model, or add its preprocessor_config.json to the folder.",
        )


@method(
    "vision",
    title="Learn from pictures",
    sentence="Shows it pictures with questions and their answers.",
    kinds=("picture",),
    settings=VisionSettings,
    families=("vision",),
    task="vision",
    metrics=(PERPLEXITY,),
    check_home=check_processor,
    group="Pictures and text",
)
def build(job: Job) -> "VisionTrainer":
    from transformers import TrainingArguments

    from studio.methods.adapting import trainable_model
    from studio.methods.arguments import training_arguments
    from studio.methods.vision_trainer import Pictures, VisionTrainer, picture_rows
    from studio.methods.watched import watch
    from studio.models.loading import load_processor

    settings: VisionSettings = job.settings
    processor = load_processor(job.folder)
    pictures = Pictures(processor, settings.max_length, settings.picture_size)
    train, check, test = (picture_rows(pictures, job.version, split) for split in ("train", "validation", "test"))
    trainer = VisionTrainer(
        model=trainable_model(job, "vision"),
        # The pictures are read when a batch is made, so the columns that name them stay.
        args=TrainingArguments(**training_arguments(job, len(train), len(check)), remove_unused_columns=False),
        data_collator=pictures,
        train_dataset=train,
        eval_dataset=check if len(check) else None,
        processing_class=processor,
    )
    return watch(trainer, job, "vision", test)

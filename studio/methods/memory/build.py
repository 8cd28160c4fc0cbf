"""The model of a question on the meta device: all of its tensors, none of their content."""

import tempfile
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import AutoConfig

from studio.errors import StudioError
from studio.methods.adapt_settings import ADAPTERS, AdaptSettings
from studio.methods.adapting import blocks, head_parameters, train_own_weights, with_adapter
from studio.models.loading import SEQ_CLS_HEADS, TASKS

# Neither stands for an architecture; a model that was loaded and saved again has them in its config.
UNWANTED = ("quantization_config", "dtype", "torch_dtype", "auto_map", "_name_or_path", "transformers_version")


def bare_model(architecture: dict[str, Any], task: str, dtype: str, **head: Any) -> Any:
    """The model of an architecture, on the meta device. Raises StudioError when transformers does not know it."""
    values = {name: value for name, value in architecture.items() if name not in UNWANTED}
    kind = values.pop("model_type", "")
    try:
        config = AutoConfig.for_model(kind, **values, **head)
        if task == "classifier" and config.pad_token_id is None:
            config.pad_token_id = 0
        if task == "seq2seq" and getattr(config, "decoder_start_token_id", None) is None:
            config.decoder_start_token_id = 0  # which token it is changes no size
        with torch.device("meta"):
            return getattr(transformers, TASKS[task]).from_config(config, dtype=getattr(torch, dtype))
    except (ValueError, TypeError, KeyError, AttributeError, ImportError, RuntimeError) as error:
        raise StudioError(
            f"The memory cannot be worked out for this kind of model ({kind or 'unknown'}): "
            f"{str(error).strip().splitlines()[0][:200]}",
            "“Test the fit” measures it, once the model is on this computer.",
        ) from error


def trained_model(architecture: dict[str, Any], settings: AdaptSettings, task: str, dtype: str, groups: int) -> Any:
    """The model as studio.methods.adapting.trainable_model would give it to a trainer."""
    held = dtype if settings.adapt in ADAPTERS else "float32"
    head = {"num_labels": groups} if task == "classifier" else {}
    model = bare_model(architecture, task, held, **head)
    if settings.weights != "full":
        from studio.methods.memory.packed import pack

        pack(model, settings.weights, getattr(torch, dtype), SEQ_CLS_HEADS if task == "classifier" else ())
    if settings.adapt in ADAPTERS:
        # PiSSA and OLoRA begin with other numbers in the same tensors, and no number is known here.
        plain = settings.model_copy(update={"init": "zero"})
        with tempfile.TemporaryDirectory() as folder:
            model = with_adapter(model, plain, task, Path(folder))
    else:
        train_own_weights(model, settings)
        if settings.adapt == "gradual":
            freeze_rest(model)
    if getattr(settings, "checkpointing", False):
        model.gradient_checkpointing_enable({"use_reentrant": False})
    return model.train()


def freeze_rest(model: Any) -> None:
    """As it stands at the end of GradualUnfreezing: all layers and the head are trained, embeddings never."""
    reached = {id(p) for layer in blocks(model) for p in layer.parameters()}
    reached |= {id(p) for p in head_parameters(model)}
    for parameter in model.parameters():
        parameter.requires_grad_(parameter.requires_grad and id(parameter) in reached)


def backbone(model: Any) -> Any:
    """The model under its adapter."""
    return model.get_base_model() if hasattr(model, "peft_config") else model

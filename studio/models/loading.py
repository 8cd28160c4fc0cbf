"""Loading weights and tokenizers, the same way for every model and every worker."""

from pathlib import Path
from typing import TYPE_CHECKING

from studio.errors import StudioError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def load_tokenizer(folder: Path) -> "PreTrainedTokenizerBase":
    """The tokenizer of a model folder; it is the class that the X-ray uses too."""
    from transformers import PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_model(folder: Path, device: str, dtype: str) -> "PreTrainedModel":
    """The causal language model of a folder, in `dtype` ("float32", "bfloat16") on `device` ("cpu", "cuda").

    Raises StudioError when the folder holds no model that can be loaded safely.
    """
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()  # drawn for a terminal; in a log it hides the line that matters
    try:
        model = AutoModelForCausalLM.from_pretrained(
            folder, dtype=dtype, local_files_only=True, use_safetensors=True, trust_remote_code=False
        )
    except (OSError, ValueError) as error:
        raise StudioError(
            f"The model in {folder.name} could not be loaded: {str(error).splitlines()[0]}",
            "Choose another model, or remove that folder and let it be fetched again.",
        ) from error
    model.to(device)  # type: ignore[arg-type]  # transformers wraps `to` without its types
    return model

"""A model's shape without its weights: built on torch's meta device, in a moment and in no memory."""

from typing import Any

from studio.errors import StudioError
from studio.models.catalogue import Model
from studio.workspace import read_json

CLASSES = {
    "causal": "AutoModelForCausalLM",
    "encoder": "AutoModel",
    "encoder-decoder": "AutoModelForSeq2SeqLM",
    "vision": "AutoModelForImageTextToText",
}


def architecture_of(model: Model) -> dict[str, Any]:
    """The values of config.json that give the shape: of the files where they are here, else of the catalogue.

    Raises StudioError when neither tells.
    """
    config = read_json(model.folder / "config.json")
    if isinstance(config, dict) and config.get("model_type"):
        return config
    if model.architecture:
        return model.architecture
    raise StudioError(
        f"How {model.title} is built is known once it is on this computer.", "Download it, or choose one of the list."
    )


def hidden_size(model: Model) -> int:
    """The width of the model's layers, 0 where nobody knows. Loads nothing heavy."""
    try:
        shape = architecture_of(model)
    except StudioError:
        return 0
    text = shape.get("text_config")
    shape = text if isinstance(text, dict) else shape
    width = shape.get("hidden_size") or shape.get("n_embd") or shape.get("d_model") or 0
    return width if isinstance(width, int) else 0


def build_empty(architecture: dict[str, Any], family: str) -> Any:
    """The model on the meta device, for counting and for estimates of memory. Loads torch: not for the server.

    architecture: as `architecture_of` gives it. family: as in studio.models.family; an encoder comes without a head.
    """
    import torch
    import transformers

    config = transformers.AutoConfig.for_model(**architecture)
    with torch.device("meta"):
        model = getattr(transformers, CLASSES[family]).from_config(config)
    model.tie_weights()
    head, tokens = model.get_output_embeddings(), model.get_input_embeddings()
    if architecture.get("tie_word_embeddings") is False and head is not None and head.weight is tokens.weight:
        # transformers 5 ties every T5, and unties FLAN-T5 only when it meets two matrices in the file.
        head.weight = torch.nn.Parameter(torch.empty_like(head.weight))
    return model


def count(model: Any) -> int:
    """Parameters, each once however many places use it."""
    return sum(parameter.numel() for parameter in model.parameters())

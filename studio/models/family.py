"""What kind of model a folder holds, told from its config.json alone."""

from dataclasses import dataclass
from pathlib import Path

from studio.workspace import read_json

FAMILIES = {
    "causal": "a model that writes (a decoder)",
    "encoder": "a model that reads and does not write (an encoder)",
    "encoder-decoder": "a model that turns one text into another (an encoder-decoder)",
    "vision": "a model for pictures and text",
}
WRITES = ("ForCausalLM", "LMHeadModel")


@dataclass(frozen=True)
class Known:
    """`context`: the most tokens that it can read at once, 0 when its config does not say."""

    family: str
    context: int


def family_of(folder: Path) -> Known | None:
    """The family of the model in a folder, one of FAMILIES; None when there is no readable config."""
    config = read_json(folder / "config.json")
    if not isinstance(config, dict):
        return None
    text = config.get("text_config")
    text = text if isinstance(text, dict) else config
    context = text.get("max_position_embeddings") or text.get("n_positions") or 0
    return Known(family_in(config), int(context) if isinstance(context, (int, float)) else 0)


def family_in(config: dict[str, object]) -> str:
    """As in studio.models.family.FAMILIES, by what transformers writes into config.json."""
    if "vision_config" in config:
        return "vision"
    if config.get("is_encoder_decoder"):
        return "encoder-decoder"
    names = config.get("architectures") or []
    writes = any(str(name).endswith(WRITES) for name in names) if isinstance(names, list) else False
    if writes or config.get("is_decoder"):
        return "causal"
    # A classifier on top of a decoder (LlamaForSequenceClassification) keeps what its kind of model is.
    encoders = ("bert", "electra", "mpnet", "deberta", "xlm-roberta", "camembert", "ernie", "nomic")
    return "encoder" if any(part in str(config.get("model_type", "")) for part in encoders) else "causal"

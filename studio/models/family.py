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
OFFSET = ("roberta", "xlm-roberta", "camembert", "mpnet")  # count positions from behind that of the padding


@dataclass(frozen=True)
class Known:
    """`context`: the most tokens that it can read at once, 0 when its config does not say.

    chat: whether it has a chat template, True where that cannot be seen yet.
    """

    family: str
    context: int
    chat: bool = True


def family_of(folder: Path) -> Known | None:
    """The family of the model in a folder, one of FAMILIES; None when there is no readable config."""
    config = read_json(folder / "config.json")
    if not isinstance(config, dict):
        return None
    text = config.get("text_config")
    text = text if isinstance(text, dict) else config
    context = text.get("max_position_embeddings") or text.get("n_positions") or 0
    context = int(context) if isinstance(context, (int, float)) else 0
    if context and str(text.get("model_type")) in OFFSET:
        context -= int(text.get("pad_token_id", 1) or 0) + 1
    return Known(family_in(config), context, has_chat_template(folder))


def has_chat_template(folder: Path) -> bool:
    """Whether the model knows how a conversation is written: the places where transformers looks for that."""
    if any((folder / name).exists() for name in ("chat_template.jinja", "chat_template.json")):
        return True
    config = read_json(folder / "tokenizer_config.json")
    return isinstance(config, dict) and bool(config.get("chat_template"))


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
    if isinstance(names, list) and any(str(name).endswith("ForMaskedLM") for name in names):
        return "encoder"
    # A classifier on top of a decoder (LlamaForSequenceClassification) keeps what its kind of model is.
    encoders = ("bert", "electra", "mpnet", "deberta", "xlm-roberta", "camembert", "ernie", "nomic")
    return "encoder" if any(part in str(config.get("model_type", "")) for part in encoders) else "causal"

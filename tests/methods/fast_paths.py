"""What the tests of the fast path share: small models of every shape, and the plain way to hold it against."""

from pathlib import Path
from typing import Any

import pytest
import torch

from studio.methods.fast_path.low_rank import plain_again
from studio.methods.fast_path.scores import without_adapter
from tests.tiny import CHATML, make_tokenizer

SMALL = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}
SHAPES: dict[str, dict[str, Any]] = {
    "Llama": SMALL,
    "Qwen2": {**SMALL, "tie_word_embeddings": True},
    "Gemma": {**SMALL, "head_dim": 16},
    "GPT2": {"n_embd": 64, "n_layer": 2, "n_head": 4, "resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0},
}


def model(place: Path, shape: str) -> Path:
    """A two-layer model of that shape with random weights, the same at every call."""
    import transformers

    folder = place / shape
    if not folder.exists():
        wrapped = make_tokenizer()
        wrapped.chat_template = CHATML
        wrapped.save_pretrained(folder)
        torch.manual_seed(0)
        ids = {"pad_token_id": wrapped.pad_token_id}
        config = getattr(transformers, f"{shape}Config")(vocab_size=len(wrapped), **ids, **SHAPES[shape])
        auto: Any = transformers.AutoModelForCausalLM
        auto.from_config(config).save_pretrained(folder)
    return folder


def made_plain(trainer: Any) -> Any:
    """The same trainer as it was before there was a fast path."""
    trainer.budget = 0
    trainer.tiled = False
    plain_again(trainer.model)
    without_adapter(trainer.model).set_attn_implementation("sdpa")
    return trainer


def steps_of(trainer: Any) -> list[dict[str, float]]:
    """Train; what is logged of every step."""
    trainer.train()
    return [entry for entry in trainer.state.log_history if "grad_norm" in entry]


def assert_alike(fast: Any, other: Any, *figures: str) -> None:
    """The issue's own limits: 1e-2 nats at every step, 5 % of the gradient's norm, and the same tokens.

    figures: names of those that are logged at every step, and are the same within a hundredth.
    """
    ours, theirs = steps_of(fast), steps_of(made_plain(other))
    assert len(ours) == len(theirs) == 4
    for one, two in zip(ours, theirs, strict=True):
        assert one["loss"] == pytest.approx(two["loss"], abs=1e-2)
        assert one["grad_norm"] == pytest.approx(two["grad_norm"], rel=0.05) and one["grad_norm"] > 0
        for name in figures:
            if name == "rewards/accuracies" and abs(two["rewards/margins"]) < 1e-3:
                continue  # before anything is learned both answers are as likely, and rounding decides
            assert one[name] == pytest.approx(two[name], abs=1e-2)
    assert (fast.tokens, fast.trained) == (other.tokens, other.trained)

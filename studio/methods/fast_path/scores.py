"""Where the scores of words are worked out: at the trained positions only, and in tiles where the model allows that."""

from typing import Any

import torch
from peft import PeftModel
from torch import nn

from studio.datasets.examples import IGNORED
from studio.methods.fast_path.tiles import is_frozen, tiled_loss

# Models with one of these in their config do more to the logits than multiply by the head.
RESCALED = ("final_logit_softcapping", "logit_scale", "logits_scaling", "lm_head_multiplier")


def rescaled(config: Any) -> bool:
    """Whether a model with this config does more to the scores of words than multiply by its head."""
    return any(getattr(config, name, None) for name in RESCALED)


def prompted(model: Any) -> bool:
    """Whether a learned beginning stands in front of what this model is given."""
    return isinstance(model, PeftModel) and bool(model.active_peft_config.is_prompt_learning)


def without_adapter(model: Any) -> Any:
    return model.get_base_model() if isinstance(model, PeftModel) else model


def head_for_tiles(model: Any) -> nn.Linear | None:
    """The head of this model, as a trainer holds it; None where its scores cannot be worked out in tiles."""
    head = without_adapter(model).get_output_embeddings()
    return head if is_frozen(head) and not rescaled(without_adapter(model).config) and not prompted(model) else None


def losses_in_tiles(
    model: Any, head: nn.Linear, reading: dict[str, Any], labels: torch.Tensor, on: str
) -> torch.Tensor:
    """Cross-entropy at each trained position, shape (trained tokens,), float32.

    head: as `head_for_tiles` gives it; reading: what the model is given; labels: (rows, tokens); on: see `tiled_loss`.
    """
    targets = labels[:, 1:]
    trained = targets != IGNORED
    hidden = without_adapter(model).base_model(**reading).last_hidden_state[:, :-1][trained]
    return tiled_loss(hidden, head, targets[trained], on)

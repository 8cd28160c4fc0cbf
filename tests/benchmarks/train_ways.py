"""The ways in which TRL is run: its defaults, and what could make it faster on a processor."""

from typing import Any

DEFAULTS = "defaults"
PLAIN: dict[str, Any] = {"gradient_checkpointing": False}
LIGHT: dict[str, Any] = PLAIN | {"bf16": False, "model_init_kwargs": {"dtype": "bfloat16"}}
WAYS: dict[str, dict[str, Any]] = {  # what differs from TRL's defaults
    DEFAULTS: {},
    "no checkpointing": PLAIN,
    "no checkpointing, bf16 weights": LIGHT,
    "no checkpointing, bf16 weights, grouped": LIGHT | {"train_sampling_strategy": "group_by_length"},
    "no checkpointing, bf16 weights, padding-free": LIGHT | {"padding_free": True, "max_length": None},
}
TUNED = [way for way in WAYS if way != DEFAULTS]  # the best of them is what B2 is held against

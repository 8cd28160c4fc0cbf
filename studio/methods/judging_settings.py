"""What classification and regression have in common among their settings."""

from typing import Any, ClassVar

from pydantic import Field

from studio.methods.adapt_settings import AdaptSettings
from studio.methods.settings import unit

GROUP = "Sort and estimate"  # the heading of these methods on the page
FAMILIES = ("encoder", "causal")


class JudgingSettings(AdaptSettings):
    """The learned beginnings (prompt and prefix tuning) are left out: they are for models that write."""

    applicable: ClassVar[tuple[str, ...]] = ("lora", "ia3", "last_layers", "gradual", "full")
    # A new head starts from random weights, and most encoders are small: both take larger corrections. The factor is a
    # choice: other rates were not compared.
    rate_factor: ClassVar[float] = 2.5

    batch_size: int = Field(
        16,
        ge=1,
        le=256,
        title="Examples per step (batch size)",
        description="How many texts it looks at before each correction. Fewer saves memory.",
        json_schema_extra=unit("examples"),
    )
    max_length: int = Field(
        256,
        ge=8,
        le=131072,
        title="Longest example (tokens)",
        description="Longer texts are cut at the end. Shorter saves memory and time.",
        json_schema_extra=unit("tokens"),
    )


def class_weights(titles: dict[str, str]) -> Any:
    """The field that the two kinds of classification share; `titles` are the words for its values."""
    return Field(
        "none",
        title="How much each group counts (class weights)",
        description="Balanced makes every text of a rare group count for more, so that small groups are not given up. "
        "It then finds more of them, and takes more others for them.",
        json_schema_extra=unit(advanced=True, words=titles),
    )

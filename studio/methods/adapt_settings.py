"""How much of the model is trained, as settings. What they do to a model is in studio.methods.adapting."""

from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from studio.methods.rates import suiting
from studio.methods.settings import CommonSettings, Misfit, unit

Adapt = Literal["lora", "prompt", "prefix", "ia3", "last_layers", "gradual", "full"]
ADAPTERS = ("lora", "prompt", "prefix", "ia3")  # leave the model as it is and add new weights
WORDS = {
    "lora": "A thin layer everywhere (LoRA)",
    "prompt": "A learned beginning (prompt tuning)",
    "prefix": "A learned beginning in every layer (prefix tuning)",
    "ia3": "A few volume knobs (IA³)",
    "last_layers": "Only the last layers (feature extraction)",
    "gradual": "From the last layer to the first (gradual unfreezing)",
    "full": "All of it (full fine-tuning)",
}
LORA = {"adapt": ("lora",)}


class AdaptSettings(CommonSettings):
    """`applicable` are the ways that the method can do; `rate_factor` scales the rates that suit each of them.

    rate_by_size: whether LoRA's goes by the model's hidden size, which has been measured for learning to write alone.
    """

    applicable: ClassVar[tuple[str, ...]] = tuple(WORDS)
    rate_factor: ClassVar[float] = 1.0
    rate_by_size: ClassVar[bool] = False

    adapt: Adapt = Field(
        "lora",
        title="How much of the model is trained",
        description="LoRA adds thin layers and leaves the model as it was: the best first choice. "
        "All of it learns most and needs most memory.",
        json_schema_extra=unit(words=WORDS),
    )
    weights: Literal["full", "8bit", "4bit"] = Field(
        "full",
        title="Weights of the model in memory",
        description="4-bit needs about a quarter of the memory of 16-bit, is slower, and answers slightly differently. "
        "With LoRA this is QLoRA. 8-bit reckons in 16-bit numbers.",
        json_schema_extra=unit(
            advanced=True,
            when={"adapt": ADAPTERS},
            words={"full": "As they are", "8bit": "8-bit", "4bit": "4-bit (NF4, double quantisation)"},
        ),
    )
    checkpointing: bool = Field(
        False,
        title="Forget and recompute (gradient checkpointing)",
        description="Keeps only the borders between layers and works out the rest again when it is needed: far less "
        "memory for long examples, about a third more time.",
        json_schema_extra=unit(advanced=True),
    )
    rank: int = Field(
        16,
        ge=1,
        le=512,
        title="Size of the adapter (rank)",
        description="How much it can learn. 16 suits a few hundred examples; more needs more memory.",
        json_schema_extra=unit(advanced=True, when=LORA),
    )
    alpha: int = Field(
        32,
        ge=1,
        le=2048,
        title="Strength of the adapter (alpha)",
        description="How loudly the adapter speaks. Twice the rank is the usual choice.",
        json_schema_extra=unit(advanced=True, when=LORA),
    )
    rslora: bool = Field(
        False,
        title="Even strength at any size (rsLoRA)",
        description="Divides the strength by the root of the rank, so that ranks above 32 learn more and not less.",
        json_schema_extra=unit(advanced=True, when=LORA),
    )
    dora: bool = Field(
        False,
        title="Direction and size apart (DoRA)",
        description="Often a little better at small ranks; each step takes longer.",
        json_schema_extra=unit(advanced=True, when=LORA),
    )
    lora_plus: float = Field(
        1.0,
        ge=1,
        le=64,
        title="Faster second half (LoRA+)",
        description="How many times faster the second half of each adapter layer learns. 16 is usual, 1 turns it off.",
        json_schema_extra=unit("times", advanced=True, when=LORA),
    )
    init: Literal["zero", "pissa", "olora"] = Field(
        "zero",
        title="Where the adapter starts",
        description="From nothing, or from the model's own main directions, which often learns faster.",
        json_schema_extra=unit(
            advanced=True,
            when=LORA,
            words={"zero": "From nothing", "pissa": "Main directions (PiSSA)", "olora": "Orthonormal (OLoRA)"},
        ),
    )
    virtual_tokens: int = Field(
        16,
        ge=1,
        le=512,
        title="Length of the learned beginning",
        description="Tokens in front of every text. Longer can learn more and makes each step slower.",
        json_schema_extra=unit("tokens", advanced=True, when={"adapt": ("prompt", "prefix")}),
    )
    last_layers: int = Field(
        0,
        ge=0,
        le=200,
        title="Last layers trained",
        description="0 trains the head alone, on top of what the model already knows.",
        json_schema_extra=unit("layers", advanced=True, when={"adapt": ("last_layers",)}),
    )

    @model_validator(mode="before")
    @classmethod
    def on_one_device(cls, values: Any) -> Any:
        """Refuse several devices for a method that has no such field, in words and not as a field unknown."""
        if isinstance(values, dict) and "devices" in values and "devices" not in cls.model_fields:
            raise Misfit("devices", "This method trains on one device only.", "Take “devices” out, or choose another.")
        return values

    @model_validator(mode="before")
    @classmethod
    def a_rate_that_suits(cls, values: Any) -> Any:
        """Fill in the learning rate where none is given."""
        if isinstance(values, dict) and values.get("learning_rate") is None:
            adapt = values.get("adapt", cls.model_fields["adapt"].default)
            values = {**values, "learning_rate": cls.rate_for(adapt)}
        return values

    @classmethod
    def rate_for(cls, adapt: Any, hidden: int = 0) -> float:
        """The learning rate that an empty field means. hidden: the model's hidden size, 0 where it is not known."""
        return suiting(str(adapt), cls.rate_factor, hidden if cls.rate_by_size else 0)

    @model_validator(mode="after")
    def fits_together(self) -> "AdaptSettings":
        """Refuse what cannot be done together."""
        if self.adapt not in self.applicable:
            ways = " or ".join(f"“{WORDS[way]}” ({way})" for way in self.applicable)
            raise Misfit("adapt", f"This method cannot train “{WORDS[self.adapt]}” ({self.adapt}).", f"Choose {ways}.")
        if self.weights != "full" and self.adapt not in ADAPTERS:
            raise Misfit(
                "weights",
                "Packed weights (4-bit, 8-bit) cannot be trained themselves.",
                "Choose LoRA in “How much of the model is trained”, or weights as they are.",
            )
        if self.checkpointing and self.adapt == "prefix":
            raise ValueError(
                "A learned beginning in every layer (prefix tuning) is lost when layers are recomputed: switch "
                "“Forget and recompute” off, or choose LoRA."
            )
        if self.weights != "full" and self.adapt == "lora" and self.init != "zero":
            raise Misfit(
                "init",
                "PiSSA and OLoRA change the model's own weights, so they need them as they are, not packed.",
                "Let the adapter start from nothing, or choose weights as they are.",
            )
        if self.adapt == "lora" and self.dora and self.init != "zero":
            raise Misfit(
                "init",
                "With DoRA the adapter has to start from nothing: begun from the model's main directions "
                "(PiSSA, OLoRA) it could not be loaded again.",
                "Choose one of the two.",
            )
        if self.adapt == "lora" and self.dora and self.weights == "8bit":
            raise Misfit("dora", "DoRA cannot read 8-bit weights.", "Choose 4-bit, or weights as they are.")
        return self

    @property
    def changes_base(self) -> bool:
        """Whether training changes the model's own weights, so that switching the adapter off is not the old model."""
        return self.adapt not in ADAPTERS or (self.adapt == "lora" and self.init != "zero")

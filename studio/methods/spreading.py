"""Training on several devices at once: the settings, and what can be told of them before a run starts."""

from typing import Any, Literal

from pydantic import Field, model_validator

from studio.errors import StudioError
from studio.methods.adapt_settings import WORDS, AdaptSettings
from studio.methods.settings import Misfit, unit
from studio.models.hardware import Hardware, look

MOST = 64
SEVERAL = tuple(range(2, MOST + 1))
DIVISIBLE = ("lora", "full")  # what is trained of a model that lies in pieces
SPREADABLE = ("lora", "ia3", "last_layers", "full")
WAYS = {
    "ddp": "Every device has the whole model (DDP)",
    "fsdp": "Every device has a piece of the model (FSDP)",
}


class SpreadSettings(AdaptSettings):
    """Of the methods that are proved to learn the same on several devices as on one (tests/training)."""

    devices: int = Field(
        1,
        ge=1,
        le=MOST,
        title="Devices that train together",
        description="Each takes an equal share of the examples of every step, so it learns the same in less time.",
        json_schema_extra=unit("devices"),
    )
    spread: Literal["ddp", "fsdp"] = Field(
        "ddp",
        title="What each device holds",
        description="The whole model is fastest. In pieces a model fits that is too large for one device; each step "
        "takes longer, for the pieces are sent around.",
        json_schema_extra=unit(when={"devices": SEVERAL}, words=WAYS),
    )

    @model_validator(mode="after")
    def can_be_spread(self) -> "SpreadSettings":
        """Refuse on several devices what has not been proved there."""
        if self.devices == 1:
            return self
        allowed = DIVISIBLE if self.spread == "fsdp" else SPREADABLE
        if self.adapt not in allowed:
            ways = " or ".join(f"“{WORDS[way]}” ({way})" for way in allowed)
            raise Misfit(
                "devices", f"“{WORDS[self.adapt]}” ({self.adapt}) trains on one device only.", f"Choose 1, or {ways}."
            )
        if self.weights != "full":
            raise Misfit("devices", "Packed weights (4-bit, 8-bit) train on one device only.", "Choose 1 device.")
        if self.adapt == "lora" and (self.init != "zero" or (self.dora and self.spread == "fsdp")):
            raise Misfit(
                "devices",
                "An adapter that begins from the model's main directions, or DoRA on a model in pieces, trains on one "
                "device only.",
                "Choose 1 device, or let the adapter start from nothing and switch DoRA off.",
            )
        return self


def devices_of(settings: Any) -> int:
    """How many devices a run with these settings takes; a method that cannot be spread takes one."""
    return int(getattr(settings, "devices", 1))


def in_pieces(settings: Any) -> bool:
    """Whether each device holds a piece of the model only."""
    return devices_of(settings) > 1 and settings.spread == "fsdp"


def check_devices(settings: Any, computer: Hardware | None = None) -> None:
    """Raises StudioError when more devices are asked for than there are."""
    asked = devices_of(settings)
    if asked == 1:
        return
    there = (computer or look()).devices
    if asked > there:
        has = "has one device to train on" if there == 1 else f"has {there} devices to train on"
        raise StudioError(
            f"{asked} devices are asked for, and this computer {has}.",
            f"Choose {'1' if there == 1 else f'at most {there}'} in “Devices that train together”.",
            "devices",
        )

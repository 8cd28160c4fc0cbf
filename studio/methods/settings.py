"""Settings that every method has. Names, limits, defaults, units and help sentences live here and nowhere else."""

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field


def unit(
    name: str = "", *, advanced: bool = False, when: dict[str, tuple[Any, ...]] | None = None, words: Any = None
) -> dict[str, Any]:
    """What the form needs to know beyond pydantic.

    The unit; whether the field hides under Advanced; `when` it applies: only while each of those other fields has one
    of those values; `words`: for each value of a choice what the form calls it.
    """
    return {"unit": name, "advanced": advanced, "when": when or {}, "words": words or {}}


CHECKED = 64  # check rows that are read at a check; all of them can take longer than the steps in between


class Misfit(ValueError):
    """Settings that do not go together. field: the one that is best changed; message and hint are a StudioError's."""

    def __init__(self, field: str, message: str, hint: str) -> None:
        super().__init__(f"{message} {hint}")
        self.field, self.message, self.hint = field, message, hint


class CommonSettings(BaseModel):
    """figures: what each figure that a method measures is called in the Trainer's logs, and whether more is better."""

    model_config = ConfigDict(extra="forbid")
    figures: ClassVar[dict[str, tuple[str, bool]]] = {"loss": ("loss", False)}

    epochs: float = Field(
        4,
        gt=0,
        le=100,
        title="Passes over the examples (epochs)",
        description="More passes learn more, up to the point where it memorises. The best point is kept.",
        json_schema_extra=unit("passes"),
    )
    learning_rate: float | None = Field(
        None,
        gt=0,
        le=0.1,
        title="Size of each correction (learning rate)",
        description="Too high and it forgets, too low and little happens. Left empty it is what suits the rest.",
        json_schema_extra=unit(),
    )
    batch_size: int = Field(
        4,
        ge=1,
        le=256,
        title="Examples per step (batch size)",
        description="How many examples it looks at before each correction. Fewer saves memory.",
        json_schema_extra=unit("examples"),
    )
    max_length: int = Field(
        512,
        ge=16,
        le=131072,
        title="Longest example (tokens)",
        description="Longer examples are cut at the end. Shorter saves memory and time.",
        json_schema_extra=unit("tokens"),
    )
    max_steps: int | None = Field(
        None,
        ge=1,
        le=1_000_000,
        title="Stop after so many steps (max steps)",
        description="Overrules the passes above. Leave it empty to train for whole passes.",
        json_schema_extra=unit("steps", advanced=True),
    )
    accumulation: int = Field(
        1,
        ge=1,
        le=256,
        title="Examples per step, in how many bites (gradient accumulation)",
        description="Splits each step into bites: the same result with less memory, a little slower.",
        json_schema_extra=unit("bites", advanced=True),
    )
    warmup: float = Field(
        0.05,
        ge=0,
        lt=1,
        title="Gentle start (warm-up)",
        description="Share of the steps over which the corrections grow to their full size.",
        json_schema_extra=unit("share of steps", advanced=True),
    )
    checks: int = Field(
        8,
        ge=1,
        le=100,
        title="Checks during training (evaluations)",
        description="How often it is tried on the check rows. Each check takes time, so it reads at most 64 of them, "
        "always the same ones. The best point is kept.",
        json_schema_extra=unit("checks", advanced=True),
    )
    patience: int = Field(
        0,
        ge=0,
        le=100,
        title="End early, after so many checks without getting better (early stopping)",
        description="Saves time when it has learned what it can. 0 always goes on to the end.",
        json_schema_extra=unit("checks", advanced=True),
    )
    keep_by: Literal["own"] = Field(  # each method adds its figures, see registry.method
        "own",
        title="What decides which point is best",
        description="The point that did best by this figure on the check rows is the one you get.",
        json_schema_extra=unit(advanced=True, words={"own": "What suits the method"}),
    )
    keep_points: int = Field(
        1,
        ge=1,
        le=50,
        title="Saved points kept beside the best one (checkpoints)",
        description="A run goes on from the newest one after a power cut. More take more room on the disk.",
        json_schema_extra=unit("points", advanced=True),
    )
    seed: int = Field(
        42,
        ge=0,
        le=2**32 - 1,
        title="Order of the examples (seed)",
        description="The same number gives the same run again.",
        json_schema_extra=unit(advanced=True),
    )

    def rows_made(self, rows: int, tokens: int) -> int:
        """How many rows are learned from, of so many training rows with so many tokens in all."""
        return rows

    def rows_checked(self, rows: int) -> int:
        """How many of so many check rows are read at each check."""
        return min(rows, CHECKED)

    def steps(self, rows: int) -> int:
        """Optimiser steps for so many training rows."""
        whole = max(1, round(self.epochs * -(-rows // self.batch_size)))
        return self.max_steps or whole

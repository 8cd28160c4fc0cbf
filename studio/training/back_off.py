"""A run that the memory is not enough for takes smaller bites and goes on, instead of failing."""

from typing import Any

from pydantic import ValidationError

from studio.errors import StudioError
from studio.methods import Method, find_method
from studio.methods.adapt_settings import AdaptSettings
from studio.methods.arguments import bite
from studio.training.run import Run
from studio.workspace import read_json, write_json

FILE = "fitted.json"  # settings that the run found for itself, over those of its recipe
LESS_KEPT = (
    "It now keeps less of the way through the model and reckons it again (gradient checkpointing), which takes longer"
)


def fitted(run: Run, settings: AdaptSettings) -> AdaptSettings:
    """The recipe's settings with what was changed since to need less memory."""
    return settings.model_copy(update=found(run))


def found(run: Run) -> dict[str, Any]:
    values = read_json(run.folder / FILE, {})
    return values if isinstance(values, dict) else {}


def back_off(run: Run) -> str | None:
    """Write down the next way to need less memory, and say it; None when there is none left.

    The examples per step (the effective batch) stay as they are: they are learned from in more and smaller bites, and
    when a bite is one example, the way back through the model reckons again what it would have kept.
    """
    recipe = run.recipe()
    method, given = find_method(recipe.method.name), recipe.checked_settings()
    now = fitted(run, given)
    smaller = (bites for bites in range(now.accumulation + 1, now.batch_size + 1) if now.batch_size % bites == 0)
    halves = sorted(smaller, key=lambda bites: (bites < 2 * now.accumulation, bites))  # at least twice as many, if any
    ways: list[tuple[dict[str, Any], str]] = [
        ({"accumulation": bites}, in_bites(now.batch_size, bites)) for bites in halves
    ]
    ways.append(({"checkpointing": True}, LESS_KEPT))
    for values, sentence in ways:
        if any(getattr(now, name, value) != value for name, value in values.items()) and allowed(method, now, values):
            write_json(run.folder / FILE, found(run) | values)
            return f"The memory was not enough. {sentence}. It goes on from its last point."
    return None


def in_bites(examples: int, bites: int) -> str:
    each = examples // bites
    return (
        f"The {examples} examples of a step are now taken in {bites} bites of {each}, which takes longer and learns "
        "from as many at a time"
    )


def allowed(method: Method, settings: AdaptSettings, values: dict[str, Any]) -> bool:
    """Whether the method can be trained with these values in place of its own."""
    try:
        changed = method.settings.model_validate(settings.model_dump() | values)
        bite(changed)  # which has to be shared equally by several devices
        if method.check_settings:
            method.check_settings(changed)
    except (ValidationError, StudioError):
        return False
    return True

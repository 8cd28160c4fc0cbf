"""Going on from an earlier run: what a recipe takes over from it, and what of the two does not fit together."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.errors import StudioError
from studio.methods import find_method
from studio.methods.adapt_settings import ADAPTERS, WORDS
from studio.methods.checks import check_task
from studio.models.catalogue import find_model
from studio.workspace import Workspace, read_json

if TYPE_CHECKING:
    from studio.training.recipe import Recipe
    from studio.training.run import Run

KINDS = {"LORA": "lora", "PROMPT_TUNING": "prompt", "PREFIX_TUNING": "prefix", "IA3": "ia3"}
# What is fixed once an adapter has been made: our names and PEFT's.
SHAPE = {
    "rank": "r",
    "alpha": "lora_alpha",
    "rslora": "use_rslora",
    "dora": "use_dora",
    "virtual_tokens": "num_virtual_tokens",
}


def kept_shape(kept: Path) -> dict[str, Any]:
    """The settings that whoever trains this adapter further has to leave as they are; empty for a whole model."""
    config = read_json(kept / "adapter_config.json")
    if not isinstance(config, dict):
        return {}
    # What was begun with PiSSA under rsLoRA has a strength with decimals; it is the nearest whole number in a recipe.
    shape = {ours: config[peft] for ours, peft in SHAPE.items() if config.get(peft) is not None}
    return {"adapt": KINDS.get(str(config.get("peft_type")), ""), **shape} | (
        {"alpha": round(shape["alpha"])} if "alpha" in shape else {}
    )


def begin(workspace: Workspace, recipe: "Recipe") -> None:
    """Fill in what a recipe takes over from the run that it goes on from: its model, and the shape of its adapter.

    Raises StudioError when that run is gone, has kept nothing, or does not fit the recipe's model, method or settings.
    """
    if not recipe.model.start:
        return
    from studio.training.run import load_run  # a run has a recipe

    earlier = load_run(workspace, recipe.model.start)
    if earlier.glance().live:
        raise StudioError(f"“{earlier.name}” is still training.", "Wait until it has ended, or choose another run.")
    if earlier.kept is None:
        raise StudioError(f"“{earlier.name}” has kept nothing to go on from.", "Choose a run that finished.")
    method = find_method(recipe.method.name)
    check_task(earlier.kept, method, f"The result of “{earlier.name}”")
    base = earlier.recipe().model.name
    allowed = [base]
    if earlier.kept == earlier.whole_model:
        base = str(earlier.whole_model)
        allowed.append(base)
    if "name" in recipe.model.model_fields_set and not is_one_of(workspace, recipe.model.name, allowed):
        what = "adapter" if earlier.kept == earlier.adapter else "model"
        raise StudioError(
            f"The {what} of “{earlier.name}” was made from {allowed[0]}, and does not fit {recipe.model.name}.",
            f"Choose {allowed[0]}, or start afresh.",
        )
    recipe.model.name = base
    if workspace.runs in Path(base).parents and not Path(base).is_dir():
        raise StudioError(
            f"“{earlier.name}” stands on the model of a run that is no longer on this computer.", "Choose another run."
        )
    if earlier.kept == earlier.adapter:
        take_over(recipe, earlier)


def is_one_of(workspace: Workspace, name: str, names: list[str]) -> bool:
    """Whether a model is one of these, however its folder is written."""
    if name in names:
        return True
    folder = find_model(workspace, name).folder
    return any(folder == Path(other) for other in names)


def take_over(recipe: "Recipe", earlier: "Run") -> None:
    """The shape of the earlier adapter into the settings. Raises StudioError where they ask for another."""
    assert earlier.kept is not None
    shape = kept_shape(earlier.kept)
    kind = shape.pop("adapt")
    adapt = recipe.settings.setdefault("adapt", kind)
    if adapt not in ADAPTERS and kind in ("prompt", "prefix"):
        raise StudioError(
            f"“{earlier.name}” has trained a learned beginning, and that cannot become part of the model itself.",
            f"Train “{WORDS[kind]}” further, or start afresh.",
        )
    if adapt not in ADAPTERS:
        return
    if adapt != kind:
        raise StudioError(
            f"“{earlier.name}” has trained “{WORDS.get(kind, kind)}”, and “{WORDS.get(adapt, adapt)}” cannot go on "
            "from that.",
            "Train further in the same way, or train all of the model.",
        )
    fields = find_method(recipe.method.name).settings.model_fields
    if recipe.settings.get("init", "zero") != "zero":
        raise StudioError(
            f"The adapter of “{earlier.name}” is trained further, so it cannot begin anew.",
            f"Set “{fields['init'].title}” to “From nothing”.",
        )
    for name, value in shape.items():
        if name not in fields:
            continue
        if recipe.settings.setdefault(name, value) != value:
            told = ("on" if value else "off") if isinstance(value, bool) else value
            raise StudioError(
                f"The adapter of “{earlier.name}” has “{fields[name].title}” at {told}, and it keeps that when it is "
                "trained further.",
                f"Set it to {told}, or leave it out.",
            )

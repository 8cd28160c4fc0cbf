"""What can be told before a run starts: whether rows, model, method and settings fit together. Loads nothing heavy."""

from pathlib import Path

from studio.datasets.versions import Version
from studio.errors import StudioError
from studio.methods.adapt_settings import AdaptSettings
from studio.methods.arguments import bite
from studio.methods.chat_checks import check_format, instruct_of
from studio.methods.registry import METHODS, Method
from studio.methods.room import check_room
from studio.methods.spreading import check_devices
from studio.models.catalogue import Model, list_models
from studio.models.family import FAMILIES, Known, family_of
from studio.models.hub_files import read_config
from studio.models.kinds import check_known
from studio.models.loading import RESULT, result_facts
from studio.workspace import Workspace

CONVERSATIONS = ("chat", "preference", "feedback", "picture")


def check_run(workspace: Workspace, method: Method, settings: AdaptSettings, version: Version, model: Model) -> None:
    """Raises StudioError for whatever would make the run fail before its first step, with a way out."""
    method.check_kind(version.kind)
    if not version.rows["train"]:
        raise StudioError(
            "There is not one row to learn from.", "Leave fewer rows out in Data, or add some.", cause="no_rows_left"
        )
    bite(settings)
    check_devices(settings)
    known = known_of(model)
    if known is not None and model.on_disk:
        check_known(read_config(model.folder), model.title)
    if known is not None:
        check_family(method, known.family, model)
        check_task(model.folder, method, model.title)
        check_chat(workspace, method, version, known, model)
        check_context(settings, known.context, model.title)
        check_room(workspace.home, model.folder, settings, bool(version.rows["validation"]))
    if method.check:
        method.check(version, settings)
    if method.check_home:
        method.check_home(workspace, model, settings)


def known_of(model: Model) -> Known | None:
    """What is known of a model, from its files, or from the catalogue while they are not on this computer."""
    known = family_of(model.folder)
    if known is None and model.family:
        return Known(model.family, model.context, model.template != "none")
    return known


def check_family(method: Method, family: str, model: Model) -> None:
    """Raises StudioError when the method cannot train a model of that family."""
    if family in method.families:
        return
    fitting = " or ".join(f"“{other.title}”" for other in METHODS.values() if family in other.families)
    raise StudioError(
        f"{model.title} is {FAMILIES[family]}, and “{method.title}” cannot train it.",
        f"Choose another model, or the method {fitting}." if fitting else "Choose another model.",
    )


def check_task(kept: Path, method: Method, whose: str) -> None:
    """Raises StudioError when a run's result has another kind of head than the method trains.

    A whole model that writes can be given a new head; the other way round, the part that writes has been lost.
    """
    if not (kept / RESULT).exists():
        return
    task = result_facts(kept)["task"]
    whole = not (kept / "adapter_config.json").exists()
    if task == method.task or (whole and task == "causal" and method.task == "classifier"):
        return
    fitting = " or ".join(f"“{other.title}”" for other in METHODS.values() if other.task == task)
    raise StudioError(
        f"{whose} was trained for something else, and “{method.title}” cannot go on from it.",
        f"Choose the method {fitting}, or start afresh." if fitting else "Start afresh.",
    )


def check_chat(workspace: Workspace, method: Method, version: Version, known: Known, model: Model) -> None:
    """Raises StudioError when rows become conversations, and the model does not know how these are written."""
    spoken = version.kind in CONVERSATIONS or (version.kind != "text" and method.task == "causal")
    if not spoken or known.family not in ("causal", "vision"):
        return
    if not known.chat:
        fitting = instruct_of(list_models(workspace), model)
        raise StudioError(
            f"{model.title} has no chat format of its own, and “{method.title}” needs one to show it your rows.",
            fitting
            or "Choose an instruct or chat model: mostly it has the same name with “Instruct” or “it” behind it.",
        )
    check_format(version, model)


def check_context(settings: AdaptSettings, context: int, title: str) -> None:
    """Raises StudioError when the longest example, and what is learned in front of it, is more than the model reads."""
    begun = settings.virtual_tokens if settings.adapt in ("prompt", "prefix") else 0
    if not context or settings.max_length + begun <= context:
        return
    asked = f"“Longest example” asks for {settings.max_length:,}" + (
        f", with {begun:,} more for the learned beginning" if begun else ""
    )
    raise StudioError(
        f"{title} can read {context:,} tokens at once, and {asked}.",
        f"Set “Longest example (tokens)” to {max(0, context - begun)} or less, or choose a model that can read more.",
        "max_length",
    )

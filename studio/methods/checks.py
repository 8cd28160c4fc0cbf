"""What can be told before a run starts: whether rows, model, method and settings fit together. Loads nothing heavy."""

from studio.datasets.versions import Version
from studio.errors import StudioError
from studio.methods.adapt_settings import AdaptSettings
from studio.methods.registry import METHODS, Method
from studio.models.catalogue import Model
from studio.models.family import FAMILIES, family_of
from studio.workspace import Workspace


def check_run(workspace: Workspace, method: Method, settings: AdaptSettings, version: Version, model: Model) -> None:
    """Raises StudioError for whatever would make the run fail before its first step, with a way out."""
    method.check_kind(version.kind)
    known = family_of(model.folder)  # None while the model is not on this computer; the worker looks again
    if known is not None:
        check_family(method, known.family, model)
        if known.context and settings.max_length > known.context:
            raise StudioError(
                f"{model.title} can read {known.context:,} tokens at once, and “Longest example” asks for "
                f"{settings.max_length:,}.",
                f"Set it to {known.context} or less, or choose a model that can read more.",
            )
    if method.check:
        method.check(version, settings)


def check_family(method: Method, family: str, model: Model) -> None:
    """Raises StudioError when the method cannot train a model of that family."""
    if family in method.families:
        return
    fitting = " or ".join(f"“{other.title}”" for other in METHODS.values() if family in other.families)
    raise StudioError(
        f"{model.title} is {FAMILIES[family]}, and “{method.title}” cannot train it.",
        f"Choose another model, or the method {fitting}." if fitting else "Choose another model.",
    )

"""What a method is, and the one dictionary that holds them all."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.datasets.versions import Version
from studio.errors import StudioError
from studio.methods.settings import CommonSettings

if TYPE_CHECKING:
    from studio.methods.reply_trainer import ReplyTrainer


@dataclass(frozen=True)
class Job:
    """What a method's builder gets. `folder` holds the base model, `output` is where checkpoints go."""

    folder: Path
    version: Version
    settings: Any
    output: Path
    device: str
    dtype: str


Build = Callable[[Job], "ReplyTrainer"]


@dataclass(frozen=True)
class Method:
    """`needs` are the roles that the data must fill; `settings` is the one source of its form and limits."""

    name: str
    title: str
    sentence: str
    needs: tuple[str, ...]
    settings: type[CommonSettings]
    build: Build


METHODS: dict[str, Method] = {}


def method(
    name: str, *, title: str, sentence: str, needs: tuple[str, ...], settings: type[CommonSettings]
) -> Callable[[Build], Build]:
    """Register the builder below it as a method."""

    def register(build: Build) -> Build:
        METHODS[name] = Method(name, title, sentence, needs, settings, build)
        return build

    return register


def find_method(name: str) -> Method:
    """The method of that name. Raises StudioError when there is none."""
    if name not in METHODS:
        raise StudioError(f"There is no method called “{name}”.", f"Use one of these: {', '.join(METHODS)}.")
    return METHODS[name]

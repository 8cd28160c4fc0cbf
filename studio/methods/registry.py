"""What a method is, and the one dictionary that holds them all."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.datasets.rows import KINDS
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
    """`kinds` are the kinds of rows that it learns from; `settings` is the one source of its form and limits."""

    name: str
    title: str
    sentence: str
    kinds: tuple[str, ...]
    settings: type[CommonSettings]
    build: Build

    def check_kind(self, kind: str) -> None:
        """Raises StudioError when rows of this kind are nothing for this method."""
        if kind not in self.kinds:
            wanted = ", ".join(KINDS[one].title.lower() for one in self.kinds)
            raise StudioError(
                f"{self.title} cannot learn from “{KINDS[kind].title.lower()}” yet.",
                f"It learns from {wanted}. Say in Data that the file holds one of these, or bring other data.",
            )


METHODS: dict[str, Method] = {}


def method(
    name: str, *, title: str, sentence: str, kinds: tuple[str, ...], settings: type[CommonSettings]
) -> Callable[[Build], Build]:
    """Register the builder below it as a method."""

    def register(build: Build) -> Build:
        METHODS[name] = Method(name, title, sentence, kinds, settings, build)
        return build

    return register


def find_method(name: str) -> Method:
    """The method of that name. Raises StudioError when there is none."""
    if name not in METHODS:
        raise StudioError(f"There is no method called “{name}”.", f"Use one of these: {', '.join(METHODS)}.")
    return METHODS[name]

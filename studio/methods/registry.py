"""What a method is, and the one dictionary that holds them all."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import create_model

from studio.datasets.rows import KINDS
from studio.datasets.versions import Version
from studio.errors import StudioError
from studio.methods.adapt_settings import AdaptSettings
from studio.models.catalogue import Model
from studio.workspace import Workspace

if TYPE_CHECKING:
    from studio.methods.watched import Watched


@dataclass(frozen=True)
class Job:
    """What a method's builder gets. `folder` holds the base model, `output` is where checkpoints go.

    `home` is the studio's home, for methods that use a second model or an earlier run. `start` is the folder of what
    an earlier run kept (an adapter for `folder`, to be trained further), None to start afresh.
    """

    folder: Path
    version: Version
    settings: Any
    output: Path
    device: str
    dtype: str
    home: Path | None = None
    start: Path | None = None


@dataclass(frozen=True)
class Metric:
    """A figure that a method reports. name: in the events; logged: what the trainer calls it, if that is another.

    sometimes: only some settings have it measured, so that no run can be held to it.
    """

    name: str
    title: str
    sentence: str
    higher_is_better: bool | None = None
    logged: str = ""
    sometimes: bool = False


Build = Callable[[Job], "Watched"]
Check = Callable[[Version, Any], None]
CheckSettings = Callable[[Any], None]
CheckHome = Callable[[Workspace, Model, Any], None]


@dataclass(frozen=True)
class Method:
    """One way of training.

    kinds: of rows that it learns from (studio.datasets.rows.KINDS). families: of models that it can train
    (studio.models.family). task: how its result is loaded again (studio.models.loading.TASKS). settings: the one source
    of its form and limits. metrics: what it reports beside the loss. best: the figure by which the best point is kept,
    "loss" or the name of a metric. check: raises StudioError for rows or settings that would fail later; it loads
    nothing heavy. check_settings: the same for what shows in the settings alone. check_home: the same for settings
    that name another model or an earlier run; it gets the model to be trained too. group: the heading under which
    the page shows it.
    """

    name: str
    title: str
    sentence: str
    kinds: tuple[str, ...]
    settings: type[AdaptSettings]
    build: Build
    families: tuple[str, ...] = ("causal",)
    task: str = "causal"
    metrics: tuple[Metric, ...] = ()
    best: str = "loss"
    check: Check | None = None
    check_settings: CheckSettings | None = None
    check_home: CheckHome | None = None
    group: str = "Learn from examples"

    def check_kind(self, kind: str) -> None:
        """Raises StudioError when rows of this kind are nothing for this method."""
        if kind not in self.kinds:
            wanted = ", ".join(KINDS[one].title.lower() for one in self.kinds)
            fitting = " or ".join(f"“{method.title}”" for method in METHODS.values() if kind in method.kinds)
            raise StudioError(
                f"{self.title} cannot learn from “{KINDS[kind].title.lower()}”.",
                f"It learns from {wanted}. "
                + (f"For these rows choose {fitting} in Model." if fitting else "Say in Data what the file holds."),
            )


METHODS: dict[str, Method] = {}
RENAMED = {"lora": "sft"}  # as recipes of the first version call it


def method(name: str, **facts: Any) -> Callable[[Build], Build]:
    """Register the builder below it as a method; `facts` are the other fields of `Method`."""

    def register(build: Build) -> Build:
        settings = held_by_figures(facts.pop("settings"), facts.get("metrics", ()), facts.get("best", "loss"))
        METHODS[name] = Method(name=name, build=build, settings=settings, **facts)
        return build

    return register


def held_by_figures(settings: type[AdaptSettings], metrics: tuple[Metric, ...], best: str) -> type[AdaptSettings]:
    """These settings, with the method's figures, save the one that it goes by, among the choices of `keep_by`."""
    chosen = [metric for metric in metrics if metric.higher_is_better is not None and not metric.sometimes]
    titles = {"own": "What suits the method", "loss": "Loss"} | {metric.name: metric.title for metric in chosen}
    titles.pop(best)
    field = deepcopy(settings.model_fields["keep_by"])
    field.json_schema_extra = {**(field.json_schema_extra or {}), "words": titles}  # type: ignore[dict-item]
    kind: Any = Literal[tuple(titles)]
    made = create_model(settings.__name__, __base__=settings, __module__=settings.__module__, keep_by=(kind, field))
    made.figures = settings.figures | {m.name: (m.logged or m.name, bool(m.higher_is_better)) for m in chosen}
    made.__doc__ = settings.__doc__
    return made


def find_method(name: str) -> Method:
    """The method of that name. Raises StudioError when there is none."""
    name = RENAMED.get(name, name)
    if name not in METHODS:
        raise StudioError(f"There is no method called “{name}”.", f"Use one of these: {', '.join(METHODS)}.")
    return METHODS[name]

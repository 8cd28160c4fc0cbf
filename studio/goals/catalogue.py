"""The goals of presets/goals: the rows that each needs, the methods and models that suit it, and what success is."""

import tomllib
from functools import lru_cache

from pydantic import BaseModel, ConfigDict, Field

from studio.errors import StudioError
from studio.goals.success import Success
from studio.methods import METHODS, Method, find_method
from studio.workspace import PRESETS


class Goal(BaseModel):
    """`methods`, `kinds`, `families` and `forms` each list the best first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    order: int
    title: str
    sentence: str
    needs: str = Field(description="What its rows hold, in a shop owner's words.")
    kinds: tuple[str, ...] = Field(description="Of rows, as in studio.datasets.rows.KINDS.")
    methods: tuple[str, ...]
    families: tuple[str, ...] = Field(description="Of models, as in studio.models.family.FAMILIES.")
    forms: tuple[str, ...] = Field(description="“instruct” or “base”: what a model was made for.")
    fewest: int = Field(description="Training rows; with fewer, a good prompt does as much.")
    instead: str = Field(description="When something else than fine-tuning does it better.")
    success: tuple[Success, ...]

    def suiting(self, kind: str) -> list[Method]:
        """The methods that can learn from rows of this kind, the best first; all of them while there are no rows."""
        methods = [METHODS[name] for name in self.methods]
        return [method for method in methods if not kind or (kind in method.kinds and kind in self.kinds)]

    def successes(self, method: str) -> list[Success]:
        """The ways to say what success is that a run of this method can be measured by."""
        found = find_method(method)
        known = {"loss", *(metric.name for metric in found.metrics)}
        asked = [one for one in self.success if one.metric in known]
        return [one for one in asked if one.against != "examples" or "shots" in found.settings.model_fields]


@lru_cache(maxsize=1)
def list_goals() -> list[Goal]:
    """All goals, in the order of the page."""
    goals = [
        Goal.model_validate({"name": file.stem, **tomllib.loads(file.read_text("utf-8"))})
        for file in (PRESETS / "goals").glob("*.toml")
    ]
    return sorted(goals, key=lambda goal: goal.order)


def find_goal(name: str) -> Goal:
    """The goal of that name. Raises StudioError when there is none."""
    found = next((goal for goal in list_goals() if goal.name == name), None)
    if found is None:
        known = ", ".join(goal.name for goal in list_goals())
        raise StudioError(f"There is no goal called “{name}”.", f"Use one of: {known}.")
    return found


def goals_for(kind: str) -> list[Goal]:
    """The goals that rows of this kind can serve."""
    return [goal for goal in list_goals() if kind in goal.kinds]


def goal_of(method: str, kind: str) -> Goal | None:
    """The goal that a method is mostly chosen for, with rows of this kind; None for none of them."""
    fitting = [goal for goal in list_goals() if method in goal.methods and (not kind or kind in goal.kinds)]
    return min(fitting, key=lambda goal: goal.methods.index(method), default=None)

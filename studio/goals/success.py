"""What a person said success is, and what the test rows say to that."""

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from studio.methods import find_method


class Success(BaseModel):
    """A figure on rows that the model never saw, and what it has to be better than."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    metric: str = Field(description="“loss”, or a metric of the method.")
    against: Literal["value", "untrained", "examples"] = Field(
        "value",
        description="Better than a value, than the model before this run, or than it was with examples in its prompt.",
    )
    value: float | None = Field(None, description="What it has to reach, where it is held against a value.")
    title: str = Field("", description="In words, as the page shows it.")


@dataclass(frozen=True)
class Outcome:
    """reached: None where the run has no such figure. sentence: with the numbers."""

    reached: bool | None
    sentence: str


def outcome(success: Success, method: str, result: dict[str, Any]) -> Outcome:
    """Whether a run reached what was asked of it. `result`: as in its `end` event (studio.training.view)."""
    name, higher = told_as(success.metric, method)
    after, limit = figures(success, result)
    if after is None or limit is None:
        missing = {
            "examples": "it was not tried with examples in its prompt",
            "untrained": "there is no figure from before",
        }
        why = missing.get(success.against, "") if after is not None else "there were no test rows to measure it on"
        return Outcome(None, f"{name}: {why or 'it was not measured'}, so nobody can say whether it was reached.")
    better = (
        (after >= limit if higher else after <= limit)
        if success.against == "value"
        else (after > limit if higher else after < limit)
    )
    than = {
        "value": f"asked for: {'at least' if higher else 'at most'} {limit:.4g}",
        "untrained": f"before: {limit:.4g}",
        "examples": f"untrained with {result.get('few_shot', {}).get('shots', 0)} examples in its prompt: {limit:.4g}",
    }[success.against]
    return Outcome(better, f"{name} on rows it never saw: {after:.4g} ({than}).")


def told_as(metric: str, method: str) -> tuple[str, bool]:
    """The title of a figure, and whether more of it is better."""
    if metric == "loss":
        return "Loss", False
    found = next(one for one in find_method(method).metrics if one.name == metric)
    return found.title, bool(found.higher_is_better)


def figures(success: Success, result: dict[str, Any]) -> tuple[float | None, float | None]:
    """What was reached, and what it is held against; None for what was not measured."""
    if success.against == "examples":
        few = result.get("few_shot") or {}
        return few.get("tuned"), few.get("loss")
    if success.metric == "loss":
        before, after = result.get("test_loss_before"), result.get("test_loss_after")
    else:
        found: dict[str, Any] = next((one for one in result.get("test") or [] if one["name"] == success.metric), {})
        before, after = found.get("before"), found.get("after")
    return after, success.value if success.against == "value" else before

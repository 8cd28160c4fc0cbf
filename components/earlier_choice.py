"""What can be gone on from: the choices of earlier runs, and the chain of trainings that stands behind a run."""

from typing import Any

from components.html import escape
from components.runs import name_of, recipe_of
from studio.errors import StudioError
from studio.methods import find_method
from studio.models.catalogue import find_model
from studio.models.loading import result_facts
from studio.training.chain import Link, chain, in_words, starts
from studio.training.going_on import kept_shape
from studio.training.run import Run, list_runs, load_run
from studio.workspace import Workspace

Choices = list[tuple[str, str]]


def start_choices(workspace: Workspace, model: str) -> Choices:
    """The model itself, and the finished runs that began with it."""
    try:
        title, runs = find_model(workspace, model).title, starts(workspace, model)
    except StudioError:
        title, runs = "not there any more", []
    return [(f"The model itself: {title}", ""), *((label(run), run.id) for run in runs)]


def start_field(workspace: Workspace, model: str, start: str) -> dict[str, Any]:
    """What the field shows for this model; its value only where `start` is let go, as a newer pick must stay."""
    offered = start_choices(workspace, model)
    gone = start not in {value for _, value in offered}
    return {"choices": offered, **({"value": ""} if gone else {})}


def label(run: Run) -> str:
    kept = "adapter" if run.kept == run.adapter else "whole model"
    return f"{name_of(run)}, {find_method(recipe_of(run).method.name).title.lower()} ({kept})"


def run_choices(workspace: Workspace, setting: str) -> Choices:
    """The runs that a setting such as `reward_run` may name, the newest first."""
    runs = [run for run in list_runs(workspace) if run.kept is not None]
    ended = [run for run in runs if run.glance().status in ("finished", "stopped")]
    return [("None", ""), *((label(run), run.id) for run in ended if serves(run, setting))]


def serves(run: Run, setting: str) -> bool:
    assert run.kept is not None
    if setting == "reward_run":
        return recipe_of(run).method.name == "reward"
    return bool(result_facts(run.kept)["task"] == "causal")


def shape_of(workspace: Workspace, start: str) -> dict[str, object]:
    """The settings that are fixed by the adapter that a run starts from; empty for a whole model, or none."""
    if not start:
        return {}
    kept = load_run(workspace, start).kept
    shape = kept_shape(kept) if kept else {}
    return {**shape, "init": "zero"} if shape else {}


def draw_chain(workspace: Workspace, model: str, start: str) -> str:
    """ "SmolLM2 → Returns helper → this run" for what is chosen; "" when it starts afresh."""
    if not start:
        return ""
    try:
        earlier = load_run(workspace, start)
        return words([*chain(workspace, earlier.recipe()), Link(earlier.name, run=earlier.id)])
    except StudioError:
        return ""


def words(links: list[Link], last: str = "this run") -> str:
    said = in_words(links, last)
    return f'<p class="ts-help ts-chain">{escape(said)}</p>' if said else ""

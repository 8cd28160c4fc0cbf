"""The trials of a search, as they lie among the runs, and what the search may know of them."""

import tomllib
from collections.abc import Iterable
from pathlib import Path

from studio.search.space import Params, Search
from studio.search.study import Outcome, State
from studio.training.recipe import TrialPart
from studio.training.run import Run, list_runs, recipe_of
from studio.training.view import RunView
from studio.workspace import Workspace

SEARCH = "search.toml"
PRUNED = "ended_by_search"  # in the result of a run that its search ended: the step


def folder_of(workspace: Workspace, sweep: str) -> Path:
    return workspace.home / "sweeps" / sweep


def read_search(workspace: Workspace, sweep: str) -> Search | None:
    """What is searched; None when the search was deleted."""
    try:
        return Search.model_validate(tomllib.loads((folder_of(workspace, sweep) / SEARCH).read_text("utf-8")))
    except FileNotFoundError:
        return None


def all_trials(workspace: Workspace) -> dict[str, dict[int, Run]]:
    """The runs of every search by its id and their numbers. One that was deleted is missing."""
    found: dict[str, dict[int, Run]] = {}
    for run in reversed(list_runs(workspace)):
        trial = recipe_of(run).trial
        if trial:
            found.setdefault(trial.sweep, {})[trial.number] = run
    return found


def trials_of(workspace: Workspace, sweep: str) -> dict[int, Run]:
    """The runs of a search by their numbers, in their order."""
    return dict(sorted(all_trials(workspace).get(sweep, {}).items()))


def known_before(workspace: Workspace, trial: TrialPart, search: Search) -> list[Outcome]:
    """What became of the trials before this one, in their order; of one that was deleted only that it was there."""
    runs = trials_of(workspace, trial.sweep)
    return [outcome(runs.get(number), search) for number in range(trial.number)]


def outcome(run: Run | None, search: Search) -> Outcome:
    if run is None:
        return Outcome(dict.fromkeys(search.over), [], "failed")
    view = run.view()
    return Outcome(params_of(run, search), reports_of(view), state_of(view))


def params_of(run: Run, search: Search) -> Params:
    settings = recipe_of(run).settings
    return {name: settings.get(name) for name in search.over}


def reports_of(view: RunView) -> list[tuple[int, float]]:
    """(step, figure) at each check after the first step, by the figure that decides about the run's best point."""
    curve: Iterable[tuple[float, float]] = (
        view.series.get("validation" if view.best == "loss" else f"check/{view.best}") or []
    )
    return [(int(step), float(value)) for step, value in curve if step > 0]


def state_of(view: RunView) -> State:
    """Of a run that has ended. One that a person stopped early counts with what it had reached."""
    if view.status == "discarded":
        return "pruned" if view.result.get(PRUNED) else "failed"
    return "complete" if view.status in ("finished", "stopped") else "failed"

"""Who asks for the next trial, and when it is enough; the trials are told by the test in place of a worker."""

from collections.abc import Callable
from pathlib import Path

import pytest

from studio.errors import StudioError
from studio.sweeps.conductor import conduct, stop_sweep, train_best
from studio.sweeps.sweep import list_sweeps
from studio.training.events import EventLog
from studio.training.recipe import Recipe, load_recipe, resolve
from studio.training.run import Run, list_runs
from studio.training.trials import PRUNED
from studio.workspace import Workspace
from tests.sweeps.telling import GRID, a_sweep, tell


def conduct_all(workspace: Workspace, submitted: list[Run], **told: object) -> None:
    """Each trial comes to its end at once, until the search has ended."""
    for _ in range(40):
        conduct(workspace)
        for run in submitted:
            if run.glance().status == "waiting":
                tell(run, **told)  # type: ignore[arg-type]


def test_a_grid_of_three_by_four_is_exactly_twelve_runs(
    workspace: Workspace, base: Recipe, submitted: list[Run]
) -> None:
    sweep = a_sweep(workspace, base, **GRID)
    conduct_all(workspace, submitted)
    assert len(submitted) == len(list_runs(workspace)) == 12
    tried = {(run.recipe().settings["learning_rate"], run.recipe().settings["batch_size"]) for run in submitted}
    assert len(tried) == 12
    assert sweep.ended == "All 12 combinations were tried."


def test_one_is_asked_for_at_a_time_and_the_count_is_kept(
    workspace: Workspace, base: Recipe, submitted: list[Run]
) -> None:
    sweep = a_sweep(workspace, base, runs=3)
    for _ in range(3):
        conduct(workspace)
    assert len(submitted) == 1
    conduct_all(workspace, submitted)
    assert [run.recipe().trial.number for run in submitted] == [0, 1, 2]  # type: ignore[union-attr]
    assert sweep.ended == "All of its 3 runs have ended."
    assert [one.id for one in list_sweeps(workspace)] == [sweep.id]


def test_minutes_are_kept(workspace: Workspace, base: Recipe, submitted: list[Run]) -> None:
    """The second trial begins within the minute, and no third."""
    sweep = a_sweep(workspace, base, runs=None, minutes=1)
    conduct_all(workspace, submitted, seconds=40)
    assert len(submitted) == 2
    assert sweep.ended == "Its 1 minutes are over."


def test_a_trial_that_is_under_way_when_the_minutes_are_over_is_stopped_and_kept(
    workspace: Workspace, base: Recipe, submitted: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = a_sweep(workspace, base, runs=None, minutes=0.5)
    conduct(workspace)
    tell(submitted[0], ending="", seconds=40)
    monkeypatch.setattr("studio.training.run.is_alive", lambda process: True)
    monkeypatch.setattr("studio.training.following.is_alive", lambda process: True, raising=False)
    monkeypatch.setattr("studio.training.process_state.is_alive", lambda process: True, raising=False)
    (submitted[0].folder / "process.json").write_text('{"pid": 1, "created": 0}')
    conduct(workspace)
    assert submitted[0].stop_requested() == "keep"
    EventLog(submitted[0].events).write("stopped", result={})
    conduct(workspace)
    assert sweep.ended == "Its 0.5 minutes are over."
    assert sweep.best() is not None


def test_three_failures_in_a_row_end_it(workspace: Workspace, base: Recipe, submitted: list[Run]) -> None:
    sweep = a_sweep(workspace, base, runs=12)
    conduct_all(workspace, submitted, ending="failed")
    assert len(submitted) == 3
    assert "3 runs in a row have failed" in sweep.ended


def test_what_a_person_threw_away_does_not_count_as_best(
    workspace: Workspace, base: Recipe, submitted: list[Run]
) -> None:
    sweep = a_sweep(workspace, base, runs=3)
    for ending, figure in (("discarded", 1.0), ("finished", 3.0), ("finished", 2.0)):
        conduct(workspace)
        tell(submitted[-1], ending, figure)
    conduct(workspace)
    best = sweep.best()
    assert best == (submitted[2], 2.0)
    assert [one.state for one in sweep.known()] == ["failed", "complete", "complete"]


def test_a_paused_trial_is_waited_for(workspace: Workspace, base: Recipe, submitted: list[Run]) -> None:
    sweep = a_sweep(workspace, base, runs=3)
    conduct(workspace)
    tell(submitted[0], "paused")
    conduct(workspace)
    assert len(submitted) == 1
    assert not sweep.ended


def test_the_best_one_is_trained_over_the_whole_length(
    workspace: Workspace, base: Recipe, submitted: list[Run]
) -> None:
    sweep = a_sweep(workspace, base, runs=2, steps=2)
    with pytest.raises(StudioError, match="No run of this search"):
        train_best(sweep)
    for figure in (3.0, 2.0):
        conduct(workspace)
        tell(submitted[-1], figure=figure)
    run = train_best(sweep)
    recipe, trial = run.recipe(), submitted[1].recipe()
    assert recipe.trial is None
    assert trial.settings["max_steps"] == 2
    assert recipe.settings == base.settings | {"learning_rate": trial.settings["learning_rate"]}
    assert "Best of 2 runs of a search" in recipe.notes[-1]
    assert resolve(workspace, trial).trial is None  # who repeats a trial makes a run of his own


def test_a_search_is_stopped(workspace: Workspace, base: Recipe, submitted: list[Run]) -> None:
    sweep = a_sweep(workspace, base, runs=5)
    conduct(workspace)
    stop_sweep(sweep)
    conduct(workspace)
    assert len(submitted) == 1
    assert submitted[0].glance().status == "discarded"
    assert sweep.ended == "It was stopped."


def test_a_trial_that_was_ended_early_is_told_apart(workspace: Workspace, base: Recipe, submitted: list[Run]) -> None:
    sweep = a_sweep(workspace, base, runs=2)
    conduct(workspace)
    tell(submitted[0], "discarded", **{PRUNED: 2})
    assert [one.state for one in sweep.known()] == ["pruned"]


def test_without_check_rows_nothing_can_be_searched(workspace: Workspace, make_recipe: Callable[..., Path]) -> None:
    path = make_recipe(checks=4)
    path.write_text(path.read_text().replace("[model]", "validation = 0\n[model]"))
    with pytest.raises(StudioError, match="no check rows"):
        a_sweep(workspace, resolve(workspace, load_recipe(path)), runs=2)


@pytest.mark.parametrize("damage", ["no toml =", 'over = {}\nway = "by magic"'])
def test_a_damaged_search_holds_up_no_other(
    workspace: Workspace, base: Recipe, submitted: list[Run], damage: str
) -> None:
    damaged, whole = (a_sweep(workspace, base, runs=1) for _ in range(2))
    (damaged.folder / "search.toml").write_text(damage)
    conduct(workspace)
    assert [run.recipe().trial.sweep for run in submitted] == [whole.id]  # type: ignore[union-attr]
    assert [one.id for one in list_sweeps(workspace)] == [whole.id]

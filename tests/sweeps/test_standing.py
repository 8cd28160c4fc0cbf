"""How a search stands, and what the page draws of it."""

import subprocess
import threading

import pytest

from components import search_plots, search_view
from components.search_words import words_of
from studio.errors import StudioError
from studio.processes import identity
from studio.search.space import Range
from studio.sweeps.conductor import conduct, stop_sweep
from studio.sweeps.standing import Standing, stamp, standing
from studio.sweeps.sweep import Sweep, delete_sweep, list_sweeps
from studio.training.recipe import Recipe
from studio.training.removal import delete_run
from studio.training.run import Run, list_runs
from studio.training.trials import PRUNED
from studio.workspace import Workspace, write_json
from tests.sweeps.telling import GRID, a_sweep, tell


@pytest.fixture
def sweep(workspace: Workspace, base: Recipe, submitted: list[Run]) -> Sweep:
    """One to its end, one ended early, one better, one that failed, and one that waits."""
    found = a_sweep(workspace, base, **GRID)
    for ending, figure, result in (
        ("finished", 3.0, {}),
        ("discarded", 5.0, {PRUNED: 2}),
        ("finished", 2.0, {}),
        ("failed", 9.0, {}),
    ):
        conduct(workspace)
        tell(submitted[-1], ending, figure, **result)
    conduct(workspace)
    return found


def drawn(sweep: Sweep, now: Standing) -> str:
    return search_plots.parallel(sweep.search(), now, words_of(sweep), "Loss")


def test_each_trial_is_told_with_what_became_of_it(sweep: Sweep) -> None:
    now = standing(sweep)
    assert [trial.state for trial in now.trials] == ["complete", "pruned", "complete", "failed", "waiting"]
    assert [trial.value for trial in now.trials] == [3.0, 5.0, 2.0, 9.0, None]
    assert (now.best, now.done) == (2, 4)


def test_a_deleted_trial_leaves_its_number(sweep: Sweep) -> None:
    delete_run(sweep.workspace, standing(sweep).trials[1].run.id)  # type: ignore[union-attr]
    assert [trial.state for trial in standing(sweep).trials] == ["complete", "gone", "complete", "failed", "waiting"]
    assert "deleted" in search_view.trials(standing(sweep), words_of(sweep))


def test_the_page_hears_of_each_change_and_of_nothing_else(sweep: Sweep, submitted: list[Run]) -> None:
    before = stamp(sweep.workspace)
    assert stamp(sweep.workspace) == before
    tell(submitted[-1], figure=1.0)
    assert stamp(sweep.workspace) != before


def test_the_lines_and_the_sentence_say_the_same(sweep: Sweep) -> None:
    now = standing(sweep)
    picture = drawn(sweep, now)
    assert picture.count("data-trial=") == 4
    assert 'class="ts-is-best" data-trial="2"' in picture
    assert 'class="ts-is-pruned" data-trial="1"' in picture
    best = words_of(sweep).settings(now.trials[2].params)
    assert f"The best is run 3: {best}, with 2." in picture
    assert best == "learning rate 0.0001, batch size 4"


def test_before_the_first_check_it_says_what_will_come(workspace: Workspace, base: Recipe) -> None:
    sweep = a_sweep(workspace, base, runs=3)
    now = standing(sweep)
    assert "appears here with its first check" in drawn(sweep, now)
    assert "about to be chosen" in search_view.heading(sweep, now, words_of(sweep))
    assert search_view.trials(now, words_of(sweep)) == '<p class="ts-help">The first run is about to begin.</p>'


def test_what_is_wanted_is_escaped(workspace: Workspace, base: Recipe, submitted: list[Run]) -> None:
    base.name = "<b>mine</b>"
    sweep = a_sweep(workspace, base, runs=1)
    conduct(workspace)
    tell(submitted[0])
    conduct(workspace)
    now, words = standing(sweep), words_of(sweep)
    assert "<b>mine" not in search_view.heading(sweep, now, words) + search_view.list_of([sweep, sweep], sweep.id)
    assert search_view.news(sweep)["title"] == "Search ended · <b>mine</b>"  # written as text by the browser


def test_each_settings_share_waits_for_enough_runs(workspace: Workspace, base: Recipe, submitted: list[Run]) -> None:
    sweep = a_sweep(workspace, base, **GRID | {"over": GRID["over"] | {"warmup": Range(values=[0.0, 0.1])}})  # type: ignore[operator]
    for number in range(12):
        assert standing(sweep).shares == {}
        conduct(workspace)
        tell(submitted[-1], figure=2.0 + (number % 3))
    shares = standing(sweep).shares
    assert set(shares) == {"learning_rate", "batch_size", "warmup"}
    assert sum(shares.values()) == pytest.approx(1)
    bars = search_plots.shares(standing(sweep), words_of(sweep).titles)
    assert bars.count("<li>") == 3
    assert "these are rough" in bars


def test_a_search_is_deleted_with_its_runs_or_without(sweep: Sweep, submitted: list[Run]) -> None:
    with pytest.raises(StudioError, match="goes on"):
        delete_sweep(sweep)
    stop_sweep(sweep)
    assert delete_sweep(sweep, runs=True) == 5
    assert list_runs(sweep.workspace) == []
    assert list_sweeps(sweep.workspace) == []


def test_a_run_that_is_just_leaving_is_waited_for_and_deleted_too(sweep: Sweep, submitted: list[Run]) -> None:
    stop_sweep(sweep)
    leaving = subprocess.Popen(["sleep", "1"])
    write_json(submitted[0].folder / "process.json", identity(leaving.pid))
    reaper = threading.Thread(target=leaving.wait)
    reaper.start()
    assert delete_sweep(sweep, runs=True) == 5
    assert list_runs(sweep.workspace) == []
    reaper.join()

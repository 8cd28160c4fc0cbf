"""A search that really trains: two-layer models whose best learning rate is known from a fine grid."""

import math
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.search.space import Range, Search
from studio.sweeps import conductor
from studio.sweeps.conductor import conduct
from studio.sweeps.sweep import Sweep, create_sweep
from studio.training.events import EventLog, read_events
from studio.training.queue import advance
from studio.training.recipe import Recipe, load_recipe, resolve
from studio.training.run import Run, create_run
from studio.training.session import Session
from studio.workspace import Workspace
from tests.conftest import wait_until

pytestmark = pytest.mark.slow
# Check loss after 24 steps at 1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1: 6.33, 5.92, 5.43, 5.39, 5.88, 6.02.
PLANTED = 0.006
STEPS, RUNS = 24, 12


@pytest.fixture
def base(workspace: Workspace, make_recipe: Callable[..., Path]) -> Recipe:
    path = make_recipe(30, max_steps=STEPS, checks=8)
    path.write_text(path.read_text().replace("[model]", "test = 0\n[model]"))
    return resolve(workspace, load_recipe(path))


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """The trials, each trained at once as its worker does it, which costs no imports."""
    runs: list[Run] = []

    def train(workspace: Workspace, recipe: Recipe) -> Run:
        run = create_run(workspace, recipe)
        runs.append(run)
        Session(run, EventLog(run.events), device="cpu").train()
        return run

    monkeypatch.setattr(conductor, "submit", train)
    return runs


def searched(workspace: Workspace, base: Recipe, **search: object) -> Sweep:
    over = {"learning_rate": Range(low=1e-5, high=1e-1, log=True)}
    sweep = create_sweep(workspace, Search.model_validate({"over": over, "seed": 3, **search}), base)
    while not sweep.ended:
        conduct(workspace)
    return sweep


def steps_of(sweep: Sweep) -> int:
    return sum(run.view().step for run in sweep.trials().values())


def test_twelve_trials_find_the_planted_rate_and_pruning_saves_two_fifths(
    workspace: Workspace, base: Recipe, in_this_process: list[Run]
) -> None:
    whole = searched(workspace, base, runs=RUNS, pruning="none")
    pruned = searched(workspace, base, runs=RUNS, pruning="asha")
    assert len(whole.trials()) == len(pruned.trials()) == RUNS
    for sweep in (whole, pruned):
        best = sweep.best()
        assert best
        rate = best[0].recipe().settings["learning_rate"]
        assert abs(math.log10(rate / PLANTED)) < math.log10(4), rate
    assert steps_of(whole) == RUNS * STEPS
    assert steps_of(pruned) <= 0.6 * steps_of(whole)
    assert pruned.best()[1] <= 1.02 * whole.best()[1]  # type: ignore[index]
    ended = [run for run in pruned.trials().values() if run.view().status == "discarded"]
    assert ended and all(run.kept is None for run in ended)
    told = [text for _, text in ended[0].view().log]
    assert any("Ended by the search at step" in text and "others were better" in text for text in told)


def test_a_search_goes_on_after_a_kill_without_repeating_a_trial(workspace: Workspace, base: Recipe) -> None:
    """Real workers. The second is killed in the middle; who looks next knows nothing but the folders."""
    base.settings["max_steps"] = 40
    over = {"learning_rate": Range(low=1e-4, high=1e-2, log=True)}
    sweep = create_sweep(workspace, Search(over=over, runs=3, pruning="none", seed=1), base)

    def trial(number: int) -> Run | None:
        conduct(workspace)
        advance(workspace)
        return sweep.trials().get(number)

    wait_until(lambda: (run := trial(1)) and run.view().step > 2, 240, "the second trial's first steps")
    first = sweep.trials()[0]
    finished, _ = read_events(first.events)
    os.kill(sweep.trials()[1].process()["pid"], signal.SIGKILL)  # type: ignore[index]
    wait_until(lambda: trial(0) and sweep.ended, 400, "the end of the search")
    runs = sweep.trials()
    assert list(runs) == [0, 1, 2]
    assert [run.view().status for run in runs.values()] == ["finished"] * 3
    assert read_events(first.events)[0] == finished
    assert runs[1].view().turns == 2
    rates = [run.recipe().settings["learning_rate"] for run in runs.values()]
    assert len(set(rates)) == 3

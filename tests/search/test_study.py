"""What is tried next, and who is ended early, on made-up curves whose best rate is known."""

import math

import pytest

from studio.methods import find_method
from studio.search.space import Range, Search
from studio.search.study import Outcome, hopeless, importances, suggest

SCHEMA = find_method("sft").settings
BEST, STEPS, CHECKS, RUNS = 2e-3, 80, 8, 12


def figure(rate: float, step: int) -> float:
    """Falls faster and further the nearer the rate is to the best one."""
    off = abs(math.log10(rate / BEST))
    return 2 + 0.8 * off + 3 * math.exp(-4 * step / STEPS / (1 + off))


def searched(search: Search) -> tuple[list[Outcome], int]:
    """All trials of a search, and how many steps they took."""
    known: list[Outcome] = []
    taken = 0
    while len(known) < RUNS and (params := suggest(search, SCHEMA, known)) is not None:
        reports: list[tuple[int, float]] = []
        ended = False
        for step in range(STEPS // CHECKS, STEPS + 1, STEPS // CHECKS):
            reports.append((step, figure(params["learning_rate"], step)))
            if step < STEPS and (ended := hopeless(search, SCHEMA, known, params, reports, STEPS)):
                break
        taken += reports[-1][0]
        known.append(Outcome(params, reports, "pruned" if ended else "complete"))
    return known, taken


def of(way: str, pruning: str, seed: int) -> Search:
    over = {"learning_rate": Range(low=1e-5, high=1e-1, log=True)}
    return Search.model_validate({"over": over, "way": way, "pruning": pruning, "seed": seed})


def best(known: list[Outcome]) -> Outcome:
    return min((one for one in known if one.state == "complete"), key=lambda one: one.best(False) or math.inf)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("pruning", ["asha", "hyperband"])
@pytest.mark.parametrize("way", ["tpe", "random"])
def test_pruning_saves_two_fifths_of_the_steps_and_loses_little(way: str, pruning: str, seed: int) -> None:
    whole, all_steps = searched(of(way, "none", seed))
    known, taken = searched(of(way, pruning, seed))
    assert len(known) == len(whole) == RUNS
    assert taken <= 0.6 * all_steps
    assert (best(known).best(False) or math.inf) <= 1.02 * (best(whole).best(False) or 0)
    assert abs(math.log10(best(known).params["learning_rate"] / BEST)) < math.log10(3)


@pytest.mark.parametrize("way", ["tpe", "random", "grid"])
def test_who_knows_the_same_chooses_the_same(way: str) -> None:
    """So a search that was killed goes on as it would have."""
    search = of(way, "asha", 7)
    known, _ = searched(search)
    for number, one in enumerate(known):
        assert suggest(search, SCHEMA, known[:number]) == one.params


def test_a_grid_ends() -> None:
    search = of("grid", "none", 0)
    known, _ = searched(search)
    assert len(known) == 3
    assert suggest(search, SCHEMA, known) is None


def test_a_failed_trial_is_passed_over() -> None:
    search = of("tpe", "asha", 1)
    known = [Outcome({"learning_rate": 1e-3}, [], "failed"), Outcome({"learning_rate": None}, [], "failed")]
    assert suggest(search, SCHEMA, known)


def test_the_first_trial_is_never_ended_early() -> None:
    search = of("tpe", "asha", 1)
    assert not hopeless(search, SCHEMA, [], {"learning_rate": 1e-5}, [(20, 9.0), (40, 8.0)], STEPS)


def test_the_setting_that_matters_is_said_to() -> None:
    over = {"learning_rate": Range(low=1e-5, high=1e-1, log=True), "warmup": Range(low=0, high=0.5)}
    search = Search(over=over, way="random", runs=20)
    known: list[Outcome] = []
    for _ in range(20):
        params = suggest(search, SCHEMA, known) or {}
        known.append(Outcome(params, [(STEPS, figure(params["learning_rate"], STEPS))]))
    shares = importances(search, SCHEMA, known)
    assert shares["learning_rate"] > 0.7
    assert sum(shares.values()) == pytest.approx(1)
    assert importances(search, SCHEMA, known[:3]) == {}

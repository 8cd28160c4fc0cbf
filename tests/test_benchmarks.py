"""The comparisons themselves: who goes first, what is thrown away, when work is not equal, and the table."""

import sys
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import FILES, IDS, table
from tests.benchmarks.pairs import Cost, Pair, Row, alternated, compared, run
from tests.benchmarks.record import same_steps, same_total

QUIET = Cost(1.0, 1.0)
TOLD = {"tokens": [3, 4], "digests": ["a", "b"], "losses": [2.0, 1.5], "norms": [0.4, 0.3]}


def test_neither_is_always_first() -> None:
    order: list[str] = []

    def one(name: str) -> Cost:
        order.append(name)
        return Cost(1.0, 1.0, told={"who": name})

    pairs = alternated(lambda: one("ours"), lambda: one("theirs"), 3)
    assert order == ["ours", "theirs", "theirs", "ours", "ours", "theirs"]
    assert [pair.ours.told["who"] for pair in pairs] == ["ours"] * 3


def test_unequal_work_ends_the_comparison() -> None:
    def same(ours: Cost, theirs: Cost) -> None:
        raise AssertionError("not the same")

    with pytest.raises(AssertionError, match="not the same"):
        alternated(lambda: QUIET, lambda: QUIET, 1, same)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"tokens": [3, 5]}, "trained tokens"),
        ({"digests": ["a", "c"]}, "same tokens in each step"),
        ({"losses": [2.0, 1.52]}, "losses of step 2 differ"),
        ({"losses": [2.0]}, "number of steps"),
        ({"norms": [0.4, 0.0]}, "no gradient"),
    ],
)
def test_each_difference_in_the_work_is_found(changed: dict[str, list[float]], words: str) -> None:
    same_steps(TOLD, TOLD | {"losses": [2.004, 1.496]})
    with pytest.raises(AssertionError, match=words):
        same_steps(TOLD, TOLD | changed)


def test_batches_of_their_own_may_differ_but_not_what_is_in_them() -> None:
    same_total(TOLD, TOLD | {"digests": ["b", "a"], "tokens": [4, 3]})
    with pytest.raises(AssertionError, match="trained tokens"):
        same_total(TOLD, TOLD | {"tokens": [4, 4]})


def test_noisy_pairs_are_left_out_and_counted() -> None:
    pairs = [Pair(QUIET, Cost(4.0, 4.0)), Pair(QUIET, Cost(6.0, 6.0)), Pair(QUIET, Cost(50.0, 20.0))]
    row = compared("B1", "speed", pairs, lambda pair: pair.theirs.cpu / pair.ours.cpu, at_least=4)
    assert (row.measured, row.met) == ("5.00 × (4.00 to 6.00), 2 of 3, 1 noisy discarded", True)
    less = compared("B4", "memory", pairs[:1], lambda pair: pair.ours.cpu / pair.theirs.cpu, at_most=0.2)
    assert (less.goal, less.met) == ("≤ 0.2 ×", False)


def test_with_noise_alone_nothing_is_decided() -> None:
    row = compared("B1", "speed", [Pair(QUIET, Cost(50.0, 20.0))], lambda pair: 9.0, at_least=4)
    assert row.met is None and row.measured == "nothing: 1 of 1 pairs were noisy"


def test_the_table_says_yes_no_and_not_decided() -> None:
    rows = [Row("B1", "speed", "≥ 4 ×", "5 ×", True), Row("B4", "memory", "≤ 0.4 ×", "0.5 ×", False)]
    lines = table([*rows, Row("G1", "share of peak", "≥ 45 %", "not run: no GPU")]).splitlines()
    assert lines[2] == "| B1 | speed | ≥ 4 × | 5 × | yes |"
    assert lines[3].endswith("| no |") and lines[4].endswith("| not run: no GPU | – |")


def test_every_benchmark_has_one_file() -> None:
    assert len(IDS) == len(set(IDS))
    assert all((Path(__file__).parent / "benchmarks" / f"{name}.py").exists() for name in FILES)


def test_the_processes_that_a_program_starts_are_counted_with_it() -> None:
    burn = "import time\nend = time.process_time() + 0.6\nwhile time.process_time() < end: pass\n"
    starts = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {burn!r}])"
    assert run([sys.executable, "-c", starts]).cpu >= 0.4
    with pytest.raises(RuntimeError, match="no such thing"):
        run([sys.executable, "-c", "raise SystemExit('no such thing')"])

"""The comparisons themselves: who goes first, what is thrown away, when work is not equal, and the table."""

import json
import sys
from pathlib import Path

import pytest

from tests.benchmarks import gpu, gpu_train, record
from tests.benchmarks.__main__ import FILES, IDS, table
from tests.benchmarks.gpu import alone, lesson_of
from tests.benchmarks.gpu_estimate import row_of
from tests.benchmarks.gpu_shapes import CASES, SHAPES, Case, flops_of_token
from tests.benchmarks.lessons import make_model
from tests.benchmarks.options import Options
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


def test_a_token_of_eight_billion_weights_costs_what_was_reckoned_elsewhere() -> None:
    """Of the 33.5 GFLOP with the adapter at 4,096 tokens, 30 are the weights."""
    assert flops_of_token(SHAPES["8B"], 4096, 16) == pytest.approx(33.5e9, rel=0.02)
    assert flops_of_token(SHAPES["0.5B"], 512, 16) == pytest.approx(2.09e9, rel=0.03)


def test_a_card_alone_is_told_with_its_share_of_the_peak() -> None:
    told = {"tokens": [8192] * 5, "ends": [9.0, 10.0, 11.0, 11.5, 12.0], "norms": [1.0] * 5, "card": 20 * 2**30}
    case = next(case for case in CASES if case.label == "8B LoRA bf16, packed 4,096")
    row = alone(case, [Cost(1.0, 1.0, told=told)], "NVIDIA H100 80GB HBM3")
    assert row.measured.startswith("16,384 tokens/s") and "55% of the peak" in row.measured and row.met
    assert "not in the table" in alone(case, [Cost(1.0, 1.0, told=told)], "Some card").measured


def test_an_estimate_is_held_to_its_worst_case_too() -> None:
    assert row_of([0.01, -0.04] * 6).met
    assert not row_of([0.01] * 11 + [0.2]).met
    assert not row_of([0.01] * 11).met


def test_without_a_card_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.benchmarks.gpu.card_name", lambda: "")
    rows = gpu.measure(Options(tmp_path, wanted=frozenset({"G1", "G3"})))
    assert [row.measured for row in rows] == ["not run: no GPU"] * 2


@pytest.mark.slow
def test_the_training_for_a_card_at_toy_size(tmp_path: Path) -> None:
    """Ours and TRL's on the processor: the same rows, packed, and what is told suits the table."""
    size = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "vocab_size": 1024}
    model = make_model(tmp_path, "toy", **size)
    lesson = lesson_of(Case("toy", 256, 2), str(model), steps=4)
    file, ids = lesson.save(tmp_path / "lessons"), tmp_path / "rows.ids"
    costs = []
    for who, made in (
        ("ours", lambda: gpu_train.ours(file, ids, "full", True, str(tmp_path / "ours"), device="cpu")),
        ("trl", lambda: gpu_train.trl(file, ids, "full", True, str(tmp_path / "trl"), **{"bf16": False})),
    ):
        told = tmp_path / f"{who}.json"
        record.train(made(), told)
        costs.append(Cost(1.0, 1.0, told=json.loads(told.read_text())))
    gpu.alike(*costs)
    assert gpu.pace(costs[0], warm=2) > 0


def test_the_processes_that_a_program_starts_are_counted_with_it() -> None:
    burn = "import time\nend = time.process_time() + 0.6\nwhile time.process_time() < end: pass\n"
    starts = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {burn!r}])"
    assert run([sys.executable, "-c", starts]).cpu >= 0.4
    with pytest.raises(RuntimeError, match="no such thing"):
        run([sys.executable, "-c", "raise SystemExit('no such thing')"])

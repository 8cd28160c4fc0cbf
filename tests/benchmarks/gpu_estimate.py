"""G2: the estimate of memory against what torch has allocated on a card at most, over a dozen configurations."""

import statistics

from tests.benchmarks import memory
from tests.benchmarks.gpu import card_name
from tests.benchmarks.memory_cases import CASES
from tests.benchmarks.options import Options
from tests.benchmarks.pairs import Row, not_run

WHAT = "estimate against torch.cuda.max_memory_allocated"
MIDDLE, WORST, LEAST = 0.05, 0.10, 12
GOAL = f"median error ≤ {MIDDLE:.0%}, none above {WORST:.0%}, ≥ {LEAST} configurations"
NUMBERS = [number for number, case in enumerate(CASES) if case.method == "sft"]


def measure(options: Options) -> list[Row]:
    if not card_name():
        return [not_run("G2", WHAT, GOAL, "no GPU")]
    errors = []
    for number in NUMBERS:
        found = memory.measured(number, options.home / "memory", "cuda")
        if found is None:
            print(f"{CASES[number].label}: failed, and counts as an error of 100 %", flush=True)
            errors.append(1.0)
            continue
        needed = memory.estimated(CASES[number], found["trained"], "cuda")
        errors.append(needed / found["peak"] - 1)
        print(f"{CASES[number].label}: {errors[-1]:+.1%}", flush=True)
    return [row_of(errors)]


def row_of(errors: list[float]) -> Row:
    """errors: shares of what was measured, with their signs."""
    sizes = [abs(error) for error in errors]
    middle, worst = statistics.median(sizes), max(sizes)
    measured = f"median {middle:.1%}, worst {worst:.1%} of {len(sizes)} configurations"
    return Row("G2", WHAT, GOAL, measured, middle <= MIDDLE and worst <= WORST and len(sizes) >= LEAST)

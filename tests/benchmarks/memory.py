"""The estimate of memory against what runs really take: python -m tests.benchmarks.memory [NUMBER …] [--device cuda]

Every combination of tests/benchmarks/memory_cases.py is trained for two steps in a process of its own, with random
weights, through the method's own builder. Its peak above the idle process (the program with its libraries and no model)
is set beside the estimate without its part for the program; with --device cuda, what torch has allocated on the card
beside the estimate without program and unused blocks. Prints a table and the share within 15 %.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from studio.errors import StudioError
from studio.methods.memory.overhead import program
from studio.methods.memory.reckon import reckon
from studio.models.fit import MARGIN
from studio.models.hardware import GIB
from studio.models.memory import Question
from studio.processes import training_environment
from tests.benchmarks.memory_cases import ARCHITECTURES, CASES, Case
from tests.benchmarks.memory_run import CHECK

GROUPS = 2  # of the benchmark's rows
GOAL = 0.9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("numbers", nargs="*", type=int, help="of the combinations; all of them when left out")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--models", type=Path, help="a folder that keeps the models for the next time (2 GB)")
    options = parser.parse_args()
    close = []
    with tempfile.TemporaryDirectory() as folder:
        root = options.models or Path(folder)
        for number in options.numbers or range(len(CASES)):
            case = CASES[number]
            found = measured(number, root, options.device)
            if found is None:
                print(f"{number:>2} {case.label:<80} failed")
                close.append(False)
                continue
            needed = estimated(case, found["trained"], options.device)
            ratio = needed / found["peak"]
            close.append(abs(ratio - 1) <= MARGIN)
            figures = f"measured {found['peak'] / GIB:5.2f} GiB  estimated {needed / GIB:5.2f} GiB  {ratio - 1:+.0%}"
            print(f"{number:>2} {case.label:<80} {figures}", flush=True)
    share = sum(close) / len(close)
    print(f"\n{sum(close)} of {len(close)} within {MARGIN:.0%}: {share:.0%} (goal {GOAL:.0%})")


def measured(number: int, root: Path, device: str) -> dict[str, float] | None:
    """What that combination took, in bytes; None when the run failed, with its words on the terminal."""
    command = [sys.executable, "-m", "tests.benchmarks.memory_run", str(number), str(root), device]
    ended = subprocess.run(command, env=training_environment(), capture_output=True, text=True)
    if ended.returncode:
        print(ended.stderr[-2000:], file=sys.stderr)
        return None
    return dict(json.loads(ended.stdout.strip().splitlines()[-1]))


def estimated(case: Case, trained: float, device: str) -> float:
    """Bytes of that run, without the program, and on a card without the allocator's leftovers."""
    teacher = ARCHITECTURES[case.teacher] if case.teacher else {}
    settings = {"max_length": case.tokens, **case.settings, **({"teacher": case.teacher} if teacher else {})}
    architecture = ARCHITECTURES[case.architecture]
    question = Question(
        architecture, case.method, settings, case.tokens, case.dtype, device, trained, CHECK, teacher, GROUPS
    )
    try:
        parts = reckon(question)
    except StudioError as error:
        raise SystemExit(error.text) from error
    return GIB * (parts.total - parts.overhead) if device == "cuda" else GIB * parts.total - program(device)


if __name__ == "__main__":
    main()

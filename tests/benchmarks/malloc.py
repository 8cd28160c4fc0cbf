"""What joining freed memory at once saves in a training: python -m tests.benchmarks.malloc [NUMBER]

One combination of tests/benchmarks/memory_cases.py (the first when left out), trained for four steps by turns in the
environment of the studio's workers and in one without that setting, three times each. Prints peak and pace side by
side, and their ratios. See studio.processes.JOINED_AT_ONCE; glibc only.
"""

import json
import statistics
import subprocess
import sys
import tempfile

from studio.processes import training_environment, worker_environment

TURNS = 3
STEPS = 4


def main() -> None:
    number = sys.argv[1] if len(sys.argv) > 1 else "0"
    found: dict[str, list[dict[str, float]]] = {"plain": [], "joined": []}
    with tempfile.TemporaryDirectory() as models:
        command = [sys.executable, "-m", "tests.benchmarks.memory_run", number, models, "cpu", str(STEPS)]
        for _ in range(TURNS):
            for name, environment in (("plain", worker_environment()), ("joined", training_environment())):
                told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
                found[name].append(json.loads(told.strip().splitlines()[-1]))
                one = found[name][-1]
                print(f"{name:>7}  peak {one['peak'] / 2**30:.2f} GiB  {one['step']:.2f} s a step", flush=True)
    for figure in ("peak", "step"):
        plain, joined = (statistics.median(one[figure] for one in found[name]) for name in ("plain", "joined"))
        print(f"{figure}: joined takes {joined / plain:.2f} of plain")


if __name__ == "__main__":
    main()

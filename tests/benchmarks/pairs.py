"""Two ways of doing the same thing, set beside each other: alternated runs, what they cost, and a line of a table."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

NOISY = 2.0  # wall seconds for each CPU second of one thread: more, and others had the processor
LOOK = 0.1  # seconds between two looks at a tree of processes


@dataclass(frozen=True)
class Cost:
    """Wall and CPU seconds, the most resident bytes of one process, and what the program has told besides."""

    wall: float
    cpu: float
    peak: float = 0.0
    told: dict[str, Any] = field(default_factory=dict)

    @property
    def noisy(self) -> bool:
        return self.wall > NOISY * self.cpu


@dataclass(frozen=True)
class Pair:
    ours: Cost
    theirs: Cost

    @property
    def noisy(self) -> bool:
        return self.ours.noisy or self.theirs.noisy


@dataclass(frozen=True)
class Row:
    """A line of the table. met: None where nothing has been measured, or what was measured decides nothing."""

    id: str
    what: str
    goal: str
    measured: str
    met: bool | None = None

    def markdown(self) -> str:
        met = {True: "yes", False: "no", None: "–"}[self.met]
        return f"| {self.id} | {self.what} | {self.goal} | {self.measured} | {met} |"


HEAD = "| id | ours against theirs | goal | measured: median (range), pairs | met? |\n|---|---|---|---|---|"


def not_run(id: str, what: str, goal: str, why: str) -> Row:
    return Row(id, what, goal, f"not run: {why}")


def alternated(
    ours: Callable[[], Cost], theirs: Callable[[], Cost], pairs: int, same: Callable[[Cost, Cost], None] | None = None
) -> list[Pair]:
    """So many pairs, in the order ours, theirs, theirs, ours, so that neither is always the warmer one.

    same: raises AssertionError where the two have not done equal work.
    """
    found = []
    for number in range(pairs):
        first, second = (ours, theirs) if number % 2 == 0 else (theirs, ours)
        costs = (first(), second())
        pair = Pair(*(costs if number % 2 == 0 else costs[::-1]))
        if same:
            same(pair.ours, pair.theirs)
        found.append(pair)
    return found


def compared(
    id: str,
    what: str,
    pairs: Sequence[Pair],
    ratio: Callable[[Pair], float],
    at_least: float | None = None,
    at_most: float | None = None,
    unit: str = "×",
) -> Row:
    """The line of these pairs, without the noisy ones; with none left it says so, and that nothing was decided."""
    goal = f"≥ {at_least:g} {unit}" if at_least is not None else f"≤ {at_most:g} {unit}"
    quiet = [pair for pair in pairs if not pair.noisy]
    thrown = f", {len(pairs) - len(quiet)} noisy discarded" if len(quiet) < len(pairs) else ""
    if not quiet:
        return Row(id, what, goal, f"nothing: {len(pairs)} of {len(pairs)} pairs were noisy")
    ratios = sorted(ratio(pair) for pair in quiet)
    middle = statistics.median(ratios)
    met = middle >= at_least if at_least is not None else middle <= (at_most or 0.0)
    spread = f"{middle:.2f} {unit} ({ratios[0]:.2f} to {ratios[-1]:.2f}), {len(quiet)} of {len(pairs)}{thrown}"
    return Row(id, what, goal, spread, met)


ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}  # CPU seconds of several are not only work


def environment(threads: dict[str, str] = ONE_THREAD, **more: str) -> dict[str, str]:
    """No network, so that nobody waits for it, and one thread unless wall seconds are measured."""
    quiet = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    return {**os.environ, **quiet, **threads, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **more}


def run(command: Sequence[str], env: dict[str, str] | None = None, cwd: Path | None = None) -> Cost:
    """Run it to its end, and count its whole tree of processes. Raises RuntimeError with its words where it fails."""
    with tempfile.TemporaryFile() as output:
        began = time.monotonic()
        process = subprocess.Popen(command, env=env or environment(), cwd=cwd, stdout=output, stderr=subprocess.STDOUT)
        seconds, peak = watched(process)
        wall = time.monotonic() - began
        output.seek(0)
        words = output.read().decode("utf-8", "replace")
    if process.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{words[-3000:]}")
    return Cost(wall, seconds, peak)


def watched(process: subprocess.Popen[bytes]) -> tuple[float, float]:
    """CPU seconds of a process and of all that it starts until it ends, and the most bytes that one of them held.

    Looked at from outside, because what is started detached is never waited for and would not be counted otherwise.
    """
    cpu: dict[int, float] = {}
    peak: dict[int, float] = {}
    while process.poll() is None:
        for one in tree(process.pid):
            try:
                times = one.cpu_times()
                cpu[one.pid] = max(cpu.get(one.pid, 0.0), times.user + times.system)
                peak[one.pid] = max(peak.get(one.pid, 0.0), float(one.memory_info().rss))
            except psutil.Error:
                continue
        time.sleep(LOOK)
    return sum(cpu.values()), max(peak.values(), default=0.0)


def tree(pid: int) -> list[psutil.Process]:
    """A process and all below it; none of those that have gone."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.Error:
        return []


def told_by(module: str, *arguments: object, **more: str) -> Cost:
    """What `python -m module arguments FILE` has written to FILE: its own `wall`, `cpu`, `peak`, and whatever else."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "told.json"
        run([sys.executable, "-m", module, *map(str, arguments), str(file)], environment(**more))
        told = json.loads(file.read_text())
    return Cost(told["wall"], told["cpu"], told["peak"], told)

"""What the health report costs: python -m tests.benchmarks.health [ROWS ...]  (10,000 and 100,000 unless named)

Every check on questions and answers of about 100 tokens, with copies, near copies and personal data among them, each
size in a process of its own; the lengths in tokens are counted with a small tokenizer and told apart. `--checks` before
the sizes leaves the lengths out, which take longer than all else. Seconds by the clock; beside them those that the
processor was busy with it, which say more on a computer that has other work.
"""

import random
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy

from studio.datasets.health import CHECKS
from studio.datasets.health.check import Data
from studio.datasets.health.report import ask
from studio.datasets.rows import new_rows, pack
from studio.datasets.splits import SplitPlan, split

WORDS = 3000


def main() -> None:
    checks_only = ["--checks"] if "--checks" in sys.argv else []
    sizes = [int(size) for size in sys.argv[1:] if size.isdigit()] or [10_000, 100_000]
    for size in sizes:
        subprocess.run([sys.executable, "-m", "tests.benchmarks.health", "--one", str(size), *checks_only], check=True)


def one(size: int, with_lengths: bool) -> None:
    data = rows(size)
    began = time.monotonic()
    data = replace(data, splits=split(data.rows, data.kind, SplitPlan()))
    print(f"{size:,} rows: split {time.monotonic() - began:.1f} s", flush=True)
    if with_lengths:
        totals, seconds_of_lengths = lengths(data)
        print(f"{size:,} rows: lengths {seconds_of_lengths:.1f} s, mean {totals.mean():.0f} tokens", flush=True)
        data = replace(data, lengths=totals, limit=512)
    seconds = {}
    busy = time.process_time()
    for check in CHECKS:
        if not check.kinds or data.kind in check.kinds:
            began = time.monotonic()
            ask(check, data)
            seconds[check.name] = time.monotonic() - began
    slowest = sorted(seconds, key=lambda name: -seconds[name])[:5]
    busy = time.process_time() - busy
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    total = f"{sum(seconds.values()):.1f} s ({busy:.1f} busy)"
    print(f"{size:,} rows: {len(seconds)} checks {total}, peak memory {memory:.2f} GB")
    print("   slowest: " + ", ".join(f"{name} {seconds[name]:.1f} s" for name in slowest))


def rows(size: int) -> Data:
    """Seeded rows of about 100 tokens; one in fifty is a copy, one in fifty nearly one, one in fifty has an address."""
    draw = random.Random(7)
    words = ["".join(draw.choices("abcdefghijklmnoprstuvw", k=draw.randint(3, 9))) for _ in range(WORDS)]
    packed = []
    for number in range(size):
        kind = draw.random()
        if number > 100 and kind < 0.04:
            text = packed[draw.randrange(number - 50, number)]
            packed.append(text if kind < 0.02 else text.replace("?", " please?", 1))
            continue
        question = " ".join(draw.choices(words, k=12)) + "?"
        answer = " ".join(draw.choices(words, k=25)) + "."
        if kind > 0.98:
            answer += f" Write to {draw.choice(words)}@example.org or call +44 20 7946 0{draw.randint(100, 999)}."
        packed.append(pack([{"role": "user", "content": question}, {"role": "assistant", "content": answer}]))
    return Data(new_rows(numpy.arange(1, size + 1), messages=packed), "chat")


def lengths(data: Data) -> tuple[numpy.ndarray, float]:
    """Tokens of every row, and the seconds that counting them took."""
    from studio.datasets.xray_helper import tokenizer_of, totals
    from tests.tiny import make_tiny_model

    with tempfile.TemporaryDirectory() as folder:
        tokenizer = tokenizer_of(str(make_tiny_model(Path(folder) / "tiny")))
        began = time.monotonic()
        return numpy.array(totals(tokenizer, data.rows, data.kind)), time.monotonic() - began


if __name__ == "__main__":
    one(int(sys.argv[2]), "--checks" not in sys.argv) if sys.argv[1:2] == ["--one"] else main()

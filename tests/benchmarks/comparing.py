"""What comparing two versions costs: python -m tests.benchmarks.comparing [ROWS ...]  (100,000 unless named)

Two versions of questions and answers of about 100 tokens; the other lacks every fiftieth row, has other words in every
thousandth, and another split for every hundredth. Each size in a process of its own.
"""

import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy

from studio.datasets.comparing import compare
from studio.datasets.versions import Version
from tests.benchmarks.health import rows
from tests.conftest import chat_steps


def main() -> None:
    for size in [int(size) for size in sys.argv[1:]] or [100_000]:
        with tempfile.TemporaryDirectory() as folder:
            for do in ("write", "compare"):  # apart, so that the memory is that of comparing alone
                command = [sys.executable, "-m", "tests.benchmarks.comparing", f"--{do}", folder, str(size)]
                subprocess.run(command, check=True)


def write(folder: Path, size: int) -> None:
    frame = rows(size).rows
    frame["split"] = numpy.where(numpy.arange(size) % 10 == 0, "test", "train")
    other = frame[frame["row"] % 50 != 7].reset_index(drop=True)
    other.loc[other["row"] % 1000 == 3, "messages"] = frame["messages"][5]
    other.loc[other["row"] % 100 == 4, "split"] = "validation"
    for name, one in (("one", frame), ("other", other)):
        (folder / name).mkdir()
        one.to_parquet(folder / name / "rows.parquet", index=False)


def time_it(folder: Path, size: int) -> None:
    now = datetime.now(UTC)
    one, other = (Version(name, folder / name, {}, [], [], chat_steps(), now) for name in ("one", "other"))
    began, busy = time.monotonic(), time.process_time()
    found = compare(one, other)
    seconds, busy = time.monotonic() - began, time.process_time() - busy
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{size:,} rows: {seconds:.1f} s ({busy:.1f} busy), peak memory {memory:.2f} GB")
    assert found.only_one.count == size // 50 and found.changed.count == size // 1000, found


if __name__ == "__main__":
    if sys.argv[1:2] in (["--write"], ["--compare"]):
        (write if sys.argv[1] == "--write" else time_it)(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main()

"""What limits the memory beside the computer itself: the share of a container, and a limit set for each process.

A container's share is in the files of its control group: memory.max and memory.current, or in the first version
memory.limit_in_bytes and memory.usage_in_bytes (https://docs.kernel.org/admin-guide, cgroup-v2 and cgroup-v1/memory).
Pages of files that nobody is using count as used there, though they are given back when they are needed: inactive_file
in memory.stat.
"""

from collections.abc import Iterator
from pathlib import Path

Limit = tuple[float, float]  # bytes in all, and of these still free
GROUPS = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")
# Bytes that a training sets aside and does not use, such as the stacks of its threads: 1.0 GiB, measured with two cores
# (VmData less VmHWM in /proc/PID/status, at 0.6 and at 2.5 GiB in use).
SET_ASIDE = 1 << 30
NONE = 1 << 60  # bytes: version 1 writes a number beyond any memory where there is no limit


def limits(groups: Path = GROUPS, own: Path = OWN) -> list[Limit]:
    """All that hold for this process and those that it starts; none where nothing is limited."""
    return [*group_limits(groups, own), *process_limits()]


def group_limits(groups: Path, own: Path) -> Iterator[Limit]:
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return  # no Linux
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            yield from tree(groups, path, "memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
            yield from tree(groups / "memory", path, *names)


def tree(root: Path, path: str, most: str, used: str, idle: str) -> Iterator[Limit]:
    """The limits of a group and of all those that it lies in. In a container the path may be the host's."""
    place = root / path.lstrip("/")
    while True:
        known = number(place / most)
        if known is not None and known < NONE:
            kept = statistic(place / "memory.stat", idle)
            yield float(known), max(0.0, known - (number(place / used) or 0) + kept)
        if place == root or root not in place.parents:
            return
        place = place.parent


def number(file: Path) -> int | None:
    """What stands in such a file; None for "max", and where it is not there."""
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None


def statistic(file: Path, name: str) -> int:
    try:
        return next((int(line.split()[1]) for line in file.read_text().splitlines() if line.split()[0] == name), 0)
    except (OSError, ValueError):
        return 0


def process_limits() -> Iterator[Limit]:
    """RLIMIT_DATA, the memory of a process that is its own, as `ulimit -d` sets it; each process has it for itself.

    It counts what is set aside and never used, too.
    """
    try:
        import resource
    except ImportError:
        return  # Windows
    most, _ = resource.getrlimit(resource.RLIMIT_DATA)
    if most != resource.RLIM_INFINITY:
        yield float(most), max(0.0, float(most - SET_ASIDE))

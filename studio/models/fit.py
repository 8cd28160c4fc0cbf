"""Whether a run fits this computer's free memory: fits well, tight, or too big, with the reason in numbers."""

from dataclasses import dataclass
from typing import Literal

from studio.models.hardware import Hardware
from studio.models.memory.parts import MOMENTS, Parts

Verdict = Literal["fits well", "tight", "too big"]
# The estimate is within 15 % of what was measured in 9 of 10 cases (tests/benchmarks/memory.py), so what leaves this
# much free fits even where the estimate is too low.
MARGIN = 0.15


@dataclass(frozen=True)
class Fit:
    """needed, free: GiB. reason: a sentence with both. parts: what is needed, for the bar."""

    verdict: Verdict
    reason: str
    needed: float
    free: float
    parts: Parts

    @property
    def fits(self) -> bool:
        """Whether the estimate lets it start: all but “too big”."""
        return self.verdict != "too big"


def free_memory(hardware: Hardware) -> float:
    """GiB that a run can have now: on the graphics card where there is one, else the memory that is not in use."""
    return hardware.gpu.free_gb if hardware.gpu else hardware.free_gb


def judge(parts: Parts, hardware: Hardware) -> Fit:
    """The verdict on what a run needs."""
    needed, free = parts.total, free_memory(hardware)
    where = f"on the {hardware.gpu.name}" if hardware.gpu else "of this computer’s memory"
    both = f"{gigabytes(needed)} needed, {gigabytes(free)} {where} free"
    if needed * (1 + MARGIN) <= free:
        return Fit("fits well", f"It fits well: {both}.", needed, free, parts)
    if needed <= free:
        left = gigabytes(free - needed)
        reason = f"It is tight: {both}. Only {left} would be left, and the estimate can be out by {MARGIN:.0%}."
        return Fit("tight", reason, needed, free, parts)
    reason = f"It is too big: {both}. It lacks {gigabytes(needed - free)} {MOMENTS[parts.moment]}."
    if hardware.gpu is None and needed <= hardware.memory_gb:
        reason += f" This computer has {gigabytes(hardware.memory_gb)} in all: closing other programs would help."
    return Fit("too big", reason, needed, free, parts)


def gigabytes(value: float) -> str:
    """With as many digits as are worth reading: 0.54 GB, 5.6 GB, 38 GB."""
    digits = 2 if value < 1 else 1 if value < 20 else 0
    return f"{value:.{digits}f} GB"

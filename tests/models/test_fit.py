"""Fits well, tight or too big: the verdict follows the free memory, and its reason carries the numbers."""

import pytest

from studio.models.fit import MARGIN, gigabytes, judge
from studio.models.hardware import Gpu, Hardware
from studio.models.memory import Parts


def needing(total: float, moment: str = "step") -> Parts:
    return Parts(total / 2, 0, 0, 0, total / 4, 0, total / 4, moment)


CPU = Hardware(cores=2, memory_gb=24.0, free_gb=10.0, gpu=None)
CARD = Hardware(cores=2, memory_gb=24.0, free_gb=2.0, gpu=Gpu("NVIDIA RTX 4090", 24.0, 21.8))


@pytest.mark.parametrize(
    ("needed", "verdict"), [(1.9, "fits well"), (8.69, "fits well"), (8.8, "tight"), (9.9, "tight"), (10.1, "too big")]
)
def test_the_verdict_leaves_room_for_the_error_of_the_estimate(needed: float, verdict: str) -> None:
    fit = judge(needing(needed), CPU)
    assert fit.verdict == verdict
    assert fit.fits == (verdict != "too big")
    assert (needed * (1 + MARGIN) <= CPU.free_gb) == (verdict == "fits well")


def test_a_graphics_card_is_judged_by_its_own_memory() -> None:
    fit = judge(needing(25.6), CARD)
    assert fit.verdict == "too big" and fit.free == 21.8
    assert "26 GB needed, 22 GB on the NVIDIA RTX 4090 free" in fit.reason and "3.8 GB" in fit.reason
    assert judge(needing(12.0), CARD).verdict == "fits well"


def test_the_reason_says_when_it_is_too_much_and_what_would_help() -> None:
    reason = judge(needing(12.0, "loading"), CPU).reason
    assert "12.0 GB needed" in reason and "It lacks 2.0 GB while the model is loaded." in reason
    assert "24 GB in all: closing other programs would help" in reason
    assert "closing other programs" not in judge(needing(40.0), CPU).reason


def test_sizes_have_the_digits_that_matter() -> None:
    assert [gigabytes(value) for value in (0.543, 5.64, 38.4)] == ["0.54 GB", "5.6 GB", "38 GB"]

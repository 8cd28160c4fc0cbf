"""The plan is corrected after the first step by what was measured, and only where memory is short."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from studio.methods.fast_path.correction import Correction, Memory, measured
from studio.models.hardware import GIB

ARGUMENTS: Any = SimpleNamespace(device=torch.device("cpu"))


def corrected(memory: Memory, budget: int = 512, longest: int = 100, read: int = 512) -> Any:
    """A trainer after its first step, in which its largest part had `read` tokens."""
    trainer: Any = SimpleNamespace(budget=budget, notes=(), parts=({"input_ids": torch.zeros(1, read)},))
    correction = Correction(trainer, longest, lambda device: memory)
    correction.on_step_end(ARGUMENTS, None, None)  # type: ignore[arg-type]
    return trainer


def test_with_enough_memory_nothing_is_changed() -> None:
    trainer = corrected(Memory(2 * GIB, 3 * GIB))
    assert trainer.budget == 512 and trainer.notes == ()


def test_where_memory_is_short_less_is_read_at_once_and_that_is_said() -> None:
    trainer = corrected(Memory(2 * GIB, 1 * GIB))
    assert trainer.budget == int(512 * 0.45)
    assert trainer.notes == (
        "A full step takes 2.0 GB beside what is held, and 1.0 GB are free: from here on 230 tokens are read at once "
        "instead of 512.",
    )


def test_a_first_step_that_did_not_fill_the_budget_is_taken_for_its_share() -> None:
    assert corrected(Memory(1 * GIB, 1.5 * GIB), read=512).budget == 512
    assert corrected(Memory(1 * GIB, 1.5 * GIB), read=256).budget == int(512 * 0.9 * 1.5 / 2)


def test_the_longest_row_can_always_be_read() -> None:
    assert corrected(Memory(2 * GIB, 0), longest=300).budget == 300
    assert corrected(Memory(2 * GIB, 0), longest=900).budget == 512


def test_only_the_first_step_counts_and_the_plain_way_has_no_budget() -> None:
    trainer = corrected(Memory(2 * GIB, 1 * GIB), budget=0)
    assert trainer.budget == 0 and trainer.notes == ()
    trainer = SimpleNamespace(budget=512, notes=(), parts=({"input_ids": torch.zeros(1, 512)},))
    found = [Memory(0, GIB), Memory(2 * GIB, 0)]
    correction = Correction(trainer, 100, lambda device: found.pop(0))
    for _ in range(2):
        correction.on_step_end(ARGUMENTS, None, None)  # type: ignore[arg-type]
    assert trainer.budget == 512


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system tells no peak")
def test_what_comes_and_goes_is_measured() -> None:
    before = measured("cpu")
    block = torch.ones(int(before.comes_and_goes) // 4 + 50_000_000)
    del block
    after = measured("cpu")
    assert after.comes_and_goes > 150_000_000 and after.free > 0

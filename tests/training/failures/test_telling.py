"""What a person is told when a worker could not go on."""

import errno

import pytest
import torch

from studio.errors import StudioError
from studio.training.failures import in_words


def test_too_little_memory_is_told_as_such_on_every_device() -> None:
    with pytest.raises(RuntimeError) as refused:
        torch.empty(2**62, dtype=torch.uint8)
    for error in (refused.value, MemoryError(), RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")):
        assert in_words(error).message == "The memory was not enough."


def test_a_full_disk_and_what_is_said_already_keep_their_words() -> None:
    assert "disk is full" in in_words(OSError(errno.ENOSPC, "no space", "checkpoint")).message
    said = StudioError("Said.", "Done.")
    assert in_words(said) is said
    assert "ValueError: what" in in_words(ValueError("what")).message

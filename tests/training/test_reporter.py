"""What the reporter asks of the computer at each step."""

import pytest
import torch

from studio.training.reporter import gpu_use


def test_gpu_use_is_what_the_driver_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "utilization", lambda: 93)
    assert gpu_use() == {"gpu_use": 93}


@pytest.mark.parametrize("error", [ModuleNotFoundError("nvidia-ml-py"), RuntimeError("driver")])
def test_without_an_answer_there_is_no_figure(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def refuse() -> int:
        raise error

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "utilization", refuse)
    assert gpu_use() == {}


def test_without_a_graphics_card_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "utilization", lambda: pytest.fail("asked"))
    assert gpu_use() == {}

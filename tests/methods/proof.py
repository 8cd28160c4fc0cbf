"""What every method has to prove on a two-layer model: it learns, changes what it should, and can be loaded again."""

import hashlib
from pathlib import Path
from typing import Any

import torch

from studio.methods import Job
from studio.methods.watched import Watched
from studio.models.loading import load_result


def digests(model: Any) -> dict[str, str]:
    """SHA-256 of the bytes of every parameter, by name."""
    return {
        name: hashlib.sha256(parameter.detach().contiguous().view(torch.uint8).numpy().tobytes()).hexdigest()
        for name, parameter in model.named_parameters()
    }


def changed_by_training(trainer: Watched) -> set[str]:
    """Train; the names of the parameters of which any byte is another now."""
    before = digests(trainer.model)
    trainer.train()
    after = digests(trainer.model)
    assert set(before) == set(after)
    return {name for name in before if before[name] != after[name]}


@torch.no_grad()
def logits(model: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    model.eval()
    result: torch.Tensor = model(**batch).logits
    return result


def same_after_reload(trainer: Watched, job: Job, batch: dict[str, torch.Tensor], folder: Path) -> None:
    """Save what was learned, load it as Compare and the download do, and expect the same logits."""
    expected = logits(trainer.accelerator.unwrap_model(trainer.model), batch)
    trainer.keep(folder)
    again = logits(load_result(folder, job.folder, job.device, job.dtype), batch)
    torch.testing.assert_close(again, expected, rtol=1e-4, atol=1e-4)

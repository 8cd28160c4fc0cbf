"""What is done to a new trainer so that its steps are fast, and what the run's log says of it."""

from collections.abc import Iterator
from typing import Any

import torch

from studio.methods import together
from studio.methods.arguments import bite
from studio.methods.fast_path.budget import token_budget
from studio.methods.fast_path.correction import Correction
from studio.methods.fast_path.low_rank import in_one_step
from studio.methods.fast_path.scores import head_for_tiles, without_adapter
from studio.methods.fast_path.short_rows import LONGEST, quick_backward
from studio.methods.registry import Job


def quicken(trainer: Any, job: Job, longest: int) -> None:
    """Let a trainer with `InParts` read in parts, and do what else is fast. longest: tokens of the longest text."""
    if together.count() > 1:
        return
    layers = in_one_step(trainer.model)
    if looks_back(trainer.model):
        trainer.by_token = tuple(name for name in trainer.by_token if name != "attention_mask")
    # Rows with a mask are not read by the attention that is made quick.
    quick = (job.device, job.dtype) == ("cpu", "bfloat16") and "attention_mask" not in trainer.by_token
    quick = quick and quick_backward(without_adapter(trainer.model))
    trainer.budget = token_budget(job.device, trainer.texts * bite(job.settings), longest)
    trainer.add_callback(Correction(trainer, trainer.texts * longest))
    trainer.notes = (*trainer.notes, *fast_path_notes(trainer, layers, quick))


def leaves_out(model: Any) -> bool:
    """Whether something of what is read is left out by chance while it learns: in parts that would be other things."""
    return any(isinstance(module, torch.nn.Dropout) and module.p > 0 for module in model.modules())


def looks_back(model: Any) -> bool:
    """Whether no token looks at what comes after it: then padding on the right changes nothing, and needs no mask."""
    found = [module.is_causal for module in model.modules() if hasattr(module, "is_causal")]
    return bool(found) and all(found)


def fast_path_notes(trainer: Any, layers: int, quick: bool) -> Iterator[str]:
    """What is said, when a run starts, of what makes its steps fast.

    layers: whose LoRA is taken in one step; quick: whether attention over short rows goes backward by itself.
    """
    yield (
        f"Examples of like length are read together, about {trainer.budget:,} tokens at once; every step learns from "
        "the same examples as without this."
    )
    if getattr(trainer, "tiled", False) and head_for_tiles(trainer.accelerator.unwrap_model(trainer.model)) is not None:
        yield "The scores of all words are worked out for some tokens at a time, and never kept."
    if layers:
        yield f"While it learns, LoRA is added to {layers:,} layers in the model's own number format."
    if quick:
        yield f"The attention over examples of up to {LONGEST} tokens is traced back as a processor is quick at it."

"""What each method does with a batch, from token ids to a loss, on tensors without content.

Every function here follows the trainer that it names, so that it holds the same tensors for as long.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as functional

from studio.methods.fast_path.scores import RESCALED, head_for_tiles
from studio.methods.fast_path.tiles import is_frozen, tiled_loss
from studio.methods.memory.build import backbone
from studio.methods.memory.tiles import Tiled, divergence


@dataclass(frozen=True)
class Batch:
    """rows x tokens, of which the share `trained` is learned; on: "cpu" or "cuda", for which the kernels differ.

    tiled: whether a frozen head is read in tiles, as studio.methods.fast_path does it.
    """

    rows: int
    tokens: int
    trained: float
    on: str
    teacher: Any = None
    tiled: bool = False

    @property
    def learned(self) -> int:
        return max(1, round(self.rows * (self.tokens - 1) * self.trained))

    def ids(self, tokens: int = 0) -> torch.Tensor:
        return torch.zeros((self.rows, tokens or self.tokens), dtype=torch.long, device="meta")

    def reading(self) -> dict[str, Any]:
        return {"input_ids": self.ids(), "attention_mask": self.ids(), "use_cache": False}


def picked(hidden: torch.Tensor, batch: Batch) -> torch.Tensor:
    """The positions that are learned, shape (learned, width)."""
    places = torch.zeros(batch.learned, dtype=torch.long, device="meta")
    return hidden[:, :-1].flatten(0, 1)[places]


def scored(logits: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of logits (…, vocabulary), summed."""
    flat = logits.float().flatten(0, -2)
    targets = torch.zeros(flat.shape[0], dtype=torch.long, device="meta")
    return functional.cross_entropy(flat, targets, reduction="none").sum()


def replies(model: Any, batch: Batch) -> torch.Tensor:
    """studio.methods.reply_trainer: the head reads the learned positions only, where the model allows that."""
    whole = backbone(model)
    prompted = hasattr(model, "peft_config") and model.active_peft_config.is_prompt_learning
    if prompted:
        logits = model(**batch.reading()).logits[:, -batch.tokens :]
        return scored(picked(logits, batch))
    if any(getattr(whole.config.get_text_config(), name, None) for name in RESCALED):
        return scored(picked(whole(**batch.reading()).logits, batch))
    hidden = picked(whole.base_model(**batch.reading()).last_hidden_state, batch)
    head = whole.get_output_embeddings()
    if batch.tiled and is_frozen(head):
        return tiled_loss(hidden, head, torch.zeros(len(hidden), dtype=torch.long, device="meta"), batch.on).sum()
    return scored(head(hidden))


def judged(model: Any, batch: Batch) -> torch.Tensor:
    """studio.methods.judging_trainer, and the reward model: a few outputs for a text."""
    options = {name: value for name, value in batch.reading().items() if name != "use_cache"}
    logits: torch.Tensor = model(**options).logits
    return logits.float().square().sum()


def written(model: Any, batch: Batch) -> torch.Tensor:
    """studio.methods.text_to_text_trainer: question and answer of the same length."""
    logits = model(**batch.reading(), decoder_input_ids=batch.ids()).logits
    losses = functional.cross_entropy(logits.float().transpose(1, 2), batch.ids(), reduction="none")
    return losses.flatten().sum()


def compared(model: Any, batch: Batch) -> torch.Tensor:
    """The answers in tiles, or TRL 1.16's fused head, as KTO and policy training have it."""
    if batch.tiled and head_for_tiles(model) is not None:
        return replies(model, batch)
    whole = backbone(model)
    if hasattr(model, "peft_config") and model.active_peft_config.is_prompt_learning:
        return replies(model, batch)
    read = whole.base_model(**batch.reading()).last_hidden_state
    head = whole.get_output_embeddings()
    # On a card TRL's kernels score the learned positions only, elsewhere it scores all of them.
    flat = picked(read, batch) if batch.on == "cuda" else read[:, :-1].flatten(0, 1)
    return Tiled.apply(flat, head.weight, batch.on).sum()


def odds(model: Any, batch: Batch) -> torch.Tensor:
    """studio.methods.orpo_trainer: of the better text everything is learned, of the worse one its answer."""
    batch = replace(batch, trained=(1 + batch.trained) / 2)
    if batch.tiled and head_for_tiles(model) is not None:
        return replies(model, batch)
    return scored(picked(model(**batch.reading()).logits[:, -batch.tokens :], batch))


def taught(model: Any, batch: Batch) -> torch.Tensor:
    """TRL 1.16's DistillationTrainer: the teacher reads without gradients, then both are compared in tiles."""
    whole = backbone(model)
    hidden = whole.base_model(**batch.reading()).last_hidden_state
    with torch.no_grad():
        known = batch.teacher.base_model(**batch.reading()).last_hidden_state
    heads = whole.get_output_embeddings(), batch.teacher.get_output_embeddings()
    loss = divergence(picked(hidden, batch), heads[0], picked(known, batch), heads[1], batch.on)
    with torch.no_grad():
        scored(heads[0](picked(hidden.detach(), batch)))
    return loss


def seen(model: Any, batch: Batch) -> torch.Tensor:
    """studio.methods.vision_trainer: one picture a row, of the size that the model is made for."""
    whole = backbone(model)
    size = whole.config.vision_config.image_size
    size = size if isinstance(size, int) else size[0]
    held = next(whole.parameters()).dtype
    tower = next(
        m for n, m in whole.named_modules() if n.rpartition(".")[2] in ("vision_model", "vision_tower", "visual")
    )
    features = tower(torch.zeros((batch.rows, 3, size, size), dtype=held, device="meta"))
    language = whole.get_decoder()
    words = language.get_input_embeddings()(batch.ids())
    reading = {**batch.reading(), "inputs_embeds": words}
    del reading["input_ids"]
    hidden = language(**reading).last_hidden_state
    del features
    return scored(whole.get_output_embeddings()(picked(hidden, batch)))


# The loss of each method, and how many texts one of its examples is.
LOSSES: dict[str, tuple[Callable[[Any, Batch], torch.Tensor], int]] = {
    "sft": (replies, 1),
    "pretraining": (replies, 1),
    "classification": (judged, 1),
    "multi_label": (judged, 1),
    "regression": (judged, 1),
    "reward": (judged, 2),
    "text_to_text": (written, 1),
    "dpo": (compared, 2),
    "kto": (compared, 1),
    "orpo": (odds, 2),
    "rlhf": (compared, 1),
    "distillation": (taught, 1),
    "vision": (seen, 1),
}

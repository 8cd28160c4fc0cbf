"""Asking a model with a head: what it makes of a text, or of a conversation that ends with an answer."""

from typing import TYPE_CHECKING, Any

import torch

from studio.chat.ways import gives_scores
from studio.datasets.examples import render
from studio.methods.predictions import predict

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Asked = str | list[dict[str, Any]]  # a text, or a conversation


@torch.no_grad()
def logits_of(model: Any, tokenizer: "PreTrainedTokenizerBase", asked: Asked, max_length: int) -> list[float]:
    """The head's outputs, one for each of its labels. Texts are cut to `max_length` tokens, as they are in training."""
    if isinstance(asked, str):
        ids = list(tokenizer(asked, truncation=True, max_length=max_length)["input_ids"])
    else:
        ids = render(tokenizer, asked, max_length).ids
    model.eval()
    read = torch.tensor([ids], device=model.device)
    logits = model(input_ids=read, attention_mask=torch.ones_like(read)).logits[0]
    return [float(value) for value in logits.float()]


def predictions(
    model: Any, tokenizer: "PreTrainedTokenizerBase", asked: list[Asked], facts: dict[str, Any], max_length: int
) -> list[dict[str, Any]]:
    """What `told` says of each, one after the other."""
    return [told(logits_of(model, tokenizer, one, max_length), facts) for one in asked]


def told(logits: list[float], facts: dict[str, Any]) -> dict[str, Any]:
    """What the logits say, as in studio.methods.predictions; of a reward model {"score"}, a number without a unit."""
    return {"score": logits[0]} if gives_scores(facts) else predict(logits, facts)

"""Writing answers: plain greedy ones, and base and tuned side by side from one batch."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch

from studio.chat.shared_batch import shared_batch
from studio.datasets.examples import prompt_ids
from studio.datasets.rows import Messages

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedTokenizerBase


@torch.no_grad()
def greedy_answers(
    model: "PeftModel",
    tokenizer: "PreTrainedTokenizerBase",
    conversations: list[Messages],
    max_new_tokens: int,
) -> list[str]:
    """The model's likeliest answer to each conversation, one after the other (so no padding can change it)."""
    model.eval()
    answers = []
    for messages in conversations:
        ids = torch.tensor([prompt_ids(tokenizer, messages)], device=model.device)
        output = model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=max_new_tokens,
            do_sample=False,
            use_cache=True,
            pad_token_id=tokenizer.pad_token_id,
        )
        answers.append(str(tokenizer.decode(output[0, ids.shape[1] :], skip_special_tokens=True)))
    return answers


@torch.inference_mode()
def tokens_side_by_side(
    model: "PeftModel",
    tokenizer: "PreTrainedTokenizerBase",
    messages: Messages,
    adapters: list[str],
    max_new_tokens: int,
) -> Iterator[list[int | None]]:
    """Greedy tokens for one conversation by several adapters at once, one row of a batch each.

    Yields, for every position, one token id an adapter (None once that answer has ended). One forward pass
    serves all rows; it stops when every row has ended.
    """
    model.eval()
    ends = end_tokens(model, tokenizer)
    ids = torch.tensor([prompt_ids(tokenizer, messages)] * len(adapters), device=model.device)
    cache: Any = None
    done = [False] * len(adapters)
    with shared_batch(model, adapters) as forward:
        for _ in range(max_new_tokens):
            output = forward(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
            cache = output.past_key_values
            chosen = output.logits[:, -1].argmax(-1)
            ids = chosen[:, None]
            tokens: list[int | None] = []
            for row, token in enumerate(chosen.tolist()):
                done[row] = done[row] or token in ends
                tokens.append(None if done[row] else token)
            yield tokens
            if all(done):
                return


def end_tokens(model: "PeftModel", tokenizer: "PreTrainedTokenizerBase") -> set[int]:
    """Every token that ends an answer: the tokenizer's, and those of the model's generation config."""
    configured = model.generation_config.eos_token_id
    return {tokenizer.eos_token_id, *(configured if isinstance(configured, list) else [configured])} - {None}

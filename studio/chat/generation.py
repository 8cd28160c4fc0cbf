"""Writing answers: plain greedy ones, and those of base and tuned side by side, token by token."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from studio.chat.pictures import in_parts, picture_of, with_picture, words_of
from studio.chat.prefix_cache import PrefixCache, can_be_kept
from studio.chat.shared_batch import BASE, shared_batch
from studio.chat.steps import Reading, Step, beginning_in_encoder, decoder, encoder_decoder
from studio.datasets.examples import encode, opening, prompt_ids, text_of
from studio.datasets.rows import PLAIN, Messages, content_of
from studio.errors import StudioError
from studio.models.seq2seq import text_ids

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedTokenizerBase

Tokens = Iterator[list[int | None]]  # for every position, one token id an answer; None once that answer has ended


def reading_of(model: Any, tokenizer: Any, messages: Messages, rows: int = 1) -> Reading:
    """What the model is given when it is asked, the part that it read in training, for so many rows of a batch.

    tokenizer: of a model for pictures its processor. Raises StudioError when that is more than the model can read.
    """
    if picture_of(messages):
        reading = with_picture(model, tokenizer, messages, rows)
    else:
        ids = torch.tensor([question_ids(model, words_of(tokenizer), messages)] * rows, device=model.device)
        reading = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    length, context = reading["input_ids"].shape[1], context_of(model)
    if length >= context:
        raise StudioError(
            f"That is {length:,} tokens, and this model can read {context:,} at once, its answer included.",
            "Ask something shorter, or take examples away.",
        )
    return reading


def question_ids(model: Any, tokenizer: "PreTrainedTokenizerBase", messages: Messages) -> list[int]:
    """A question as token ids. A beginning of plain text is to be written on; an encoder-decoder reads words alone."""
    if model.config.is_encoder_decoder:
        return text_ids(tokenizer, [source_text(messages)], context_of(model))[0][0]
    if messages and messages[0]["role"] == PLAIN:
        return encode(tokenizer, opening(tokenizer)) + encode(tokenizer, content_of(messages[0]))
    if hasattr(model.config, "vision_config"):
        return encode(tokenizer, text_of(tokenizer, in_parts(messages), [], asking=True))
    return prompt_ids(tokenizer, messages)


def source_text(messages: Messages) -> str:
    """A conversation as an encoder-decoder reads it: its words, a line for each turn."""
    return "\n".join(content_of(message) for message in messages)


def context_of(model: Any) -> int:
    """Tokens that can be given to a model at once; a very large number when its config does not say.

    A learned beginning takes its place away from them. T5 knows no end, for all that its config says.
    """
    config = model.config.get_text_config()
    if getattr(config, "relative_attention_num_buckets", None):
        return 10**9
    room = getattr(config, "max_position_embeddings", None) or getattr(config, "n_positions", None) or 10**9
    adapter = getattr(model, "active_peft_config", None)
    return int(room) - (adapter.num_virtual_tokens if adapter is not None and adapter.is_prompt_learning else 0)


def greedy_answers(model: Any, tokenizer: Any, conversations: list[Messages], max_new_tokens: int) -> list[str]:
    """The model's likeliest answer to each conversation, one after the other (so no padding can change it).

    tokenizer: of a model for pictures its processor.
    """
    return [greedy_answer(model, tokenizer, messages, max_new_tokens)[0] for messages in conversations]


@torch.no_grad()
def greedy_answer(model: Any, tokenizer: Any, messages: Messages, max_new_tokens: int) -> tuple[str, bool]:
    """The likeliest answer to one conversation, and whether it was cut off at so many tokens."""
    model.eval()
    words, reading = words_of(tokenizer), reading_of(model, tokenizer, messages)
    output = model.generate(
        **reading,
        max_new_tokens=max_new_tokens,
        do_sample=False,
        use_cache=True,
        pad_token_id=words.pad_token_id,
    )
    written = output[0] if model.config.is_encoder_decoder else output[0, reading["input_ids"].shape[1] :]
    cut = int(written[-1]) not in end_tokens(model, words)
    return str(words.decode(written, skip_special_tokens=True)), cut


@torch.no_grad()
def greedy_together(
    model: Any, tokenizer: "PreTrainedTokenizerBase", conversations: list[Messages], max_new_tokens: int
) -> list[tuple[str, bool]]:
    """The same as `greedy_answer` for several conversations in one batch, which takes little longer than one.

    Their padding can turn a near tie, so this is for answers that are looked at and not compared. For models that write
    on from what they read, without a learned beginning.
    """
    model.eval()
    asked = [reading_of(model, tokenizer, messages)["input_ids"][0] for messages in conversations]
    pad = torch.nn.utils.rnn.pad_sequence
    ids = pad(asked, batch_first=True, padding_value=tokenizer.pad_token_id, padding_side="left")
    mask = pad([torch.ones_like(one) for one in asked], batch_first=True, padding_side="left")
    output = model.generate(
        input_ids=ids,
        attention_mask=mask,
        max_new_tokens=max_new_tokens,
        do_sample=False,
        use_cache=True,
        pad_token_id=tokenizer.pad_token_id,
    )
    ends, found = end_tokens(model, tokenizer), []
    for row in output[:, ids.shape[1] :].tolist():
        end = next((place for place, token in enumerate(row) if token in ends), None)
        found.append((str(tokenizer.decode(row[:end], skip_special_tokens=True)), end is None))
    return found


def tokens_side_by_side(
    model: "PeftModel",
    tokenizer: Any,
    messages: Messages,
    adapters: list[str],
    max_new_tokens: int,
    kept: PrefixCache | None = None,
) -> Tokens:
    """Greedy tokens for one conversation by several adapters at once (BASE for none), one row of a batch each.

    One forward pass serves all rows; it stops when every row has ended. kept: what these adapters have read before.
    """
    reading = reading_of(model, tokenizer, messages, len(adapters))
    return write(model, tokenizer, step_of(model, reading, adapters, kept), reading, max_new_tokens)


def tokens_alone(
    model: Any,
    tokenizer: Any,
    messages: Messages,
    max_new_tokens: int,
    tuned: bool = True,
    kept: PrefixCache | None = None,
) -> Tokens:
    """Greedy tokens of one model by itself: a whole one, or one with an adapter, which `tuned` False leaves out.

    kept: what it has read before, with or without the adapter.
    """
    reading = reading_of(model, tokenizer, messages)
    step = step_of(model, reading, ["tuned"] if tuned else [BASE], kept)
    return write(model, tokenizer, step, reading, max_new_tokens)


def step_of(model: Any, reading: Reading, adapters: list[str], kept: PrefixCache | None = None) -> Step:
    """The step that answers, one row for each adapter; with a whole model or a learned beginning one row only."""
    from peft import PeftModel

    first = later = model
    switch, beginning = None, 0
    if isinstance(model, PeftModel):
        later = model.get_base_model()
        if model.active_peft_config.is_prompt_learning:
            # The learned beginning is put in front of the question by PEFT; from then on it stands in the cache.
            first = later if adapters == [BASE] else model
            beginning = 0 if adapters == [BASE] else beginning_in_encoder(model)
        else:
            named = [BASE if name == BASE else str(model.active_adapter) for name in adapters]
            first, switch = later, shared_batch(model, named)
    if not model.config.is_encoder_decoder:
        begun = isinstance(first, PeftModel)  # by what was learned, which is no part of the reading
        keeps = kept is not None and not begun and can_be_kept(model, reading)
        read = partial(kept.read, config=model.config) if kept is not None and keeps else None
        return decoder(reading, first, later, switch, read)
    return encoder_decoder(reading, model.config.decoder_start_token_id, first, later, switch, beginning)


@torch.inference_mode()
def write(model: Any, tokenizer: Any, step: Step, reading: Reading, most: int) -> Tokens:
    """Take the likeliest token at every step, at most `most` times, until every row has ended.

    A model's answer ends where its context does.
    """
    model.eval()
    ends = end_tokens(model, words_of(tokenizer))
    rows, length = reading["input_ids"].shape
    if not model.config.is_encoder_decoder:
        most = min(most, context_of(model) - length)
    done = [False] * rows
    ids: Tensor | None = None
    for _ in range(most):
        chosen = step(ids).argmax(-1)
        ids = chosen[:, None]
        tokens: list[int | None] = []
        for row, token in enumerate(chosen.tolist()):
            done[row] = done[row] or token in ends
            tokens.append(None if done[row] else token)
        yield tokens
        if all(done):
            return


def in_turns(*answers: Tokens) -> Tokens:
    """Several answers of one row each, a token of each in turn, until all have ended."""
    rest = list(answers)
    while True:
        tokens = [next(answer, [None])[0] for answer in rest]
        if all(token is None for token in tokens):
            return
        yield tokens


def end_tokens(model: Any, tokenizer: "PreTrainedTokenizerBase") -> set[int]:
    """Every token that ends an answer: the tokenizer's, and those of the model's generation config."""
    configured = model.generation_config.eos_token_id
    return {tokenizer.eos_token_id, *(configured if isinstance(configured, list) else [configured])} - {None}

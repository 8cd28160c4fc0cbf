"""One step of writing for each kind of model: token ids in, the logits of the next token out."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from peft import PeftModel

Forward = Callable[..., Any]
Reading = dict[str, Tensor]  # input_ids and attention_mask (rows, tokens), and what else a model reads with them
Step = Callable[[Tensor | None], Tensor]  # ids (rows, 1) written last, None at first -> logits (rows, vocabulary)


def decoder(
    reading: Reading,
    first: Forward,
    later: Forward,
    switch: AbstractContextManager[Any] | None = None,
    read: Callable[[Forward, Reading], Any] | None = None,
) -> Step:
    """A model that writes on from what it reads. first: is given the reading; later: every token after it.

    switch: a context in which each step is taken, such as a `shared_batch`. read: gives `first` what is new to it of
    the reading, in place of all of it.
    """
    cache: Any = None

    def step(ids: Tensor | None) -> Tensor:
        nonlocal cache
        with switch or nullcontext():
            if ids is None:
                output = read(first, reading) if read else first(**reading, use_cache=True, logits_to_keep=1)
            else:
                output = later(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
        cache = output.past_key_values
        last: Tensor = output.logits[:, -1]
        return last

    return step


def encoder_decoder(
    reading: Reading,
    start: int,
    first: Forward,
    later: Forward,
    switch: AbstractContextManager[Any] | None = None,
    beginning: int = 0,
) -> Step:
    """A model that reads a text whole, and then writes from the token `start`; the rest as above.

    beginning: tokens that `first` puts in front of the text by itself.
    """
    cache: Any = None
    read: Any = None
    mask = torch.nn.functional.pad(reading["attention_mask"], (beginning, 0), value=1)

    def step(ids: Tensor | None) -> Tensor:
        nonlocal cache, read
        with switch or nullcontext():
            if ids is None:
                output = first(**reading, decoder_input_ids=torch.full_like(mask[:, :1], start), use_cache=True)
                read = (output.encoder_last_hidden_state,)
            else:
                output = later(
                    encoder_outputs=read,
                    attention_mask=mask,
                    decoder_input_ids=ids,
                    past_key_values=cache,
                    use_cache=True,
                )
        cache = output.past_key_values
        last: Tensor = output.logits[:, -1]
        return last

    return step


def beginning_in_encoder(model: "PeftModel") -> int:
    """How many tokens an adapter puts in front of what an encoder reads: those of prompt tuning."""
    config: Any = model.active_peft_config
    tuned = str(config.peft_type).rpartition(".")[2] == "PROMPT_TUNING"
    return int(config.num_virtual_tokens) if config.is_prompt_learning and tuned else 0

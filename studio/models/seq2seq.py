"""What an encoder-decoder reads and writes: a text as it is, without a chat format."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def text_ids(tokenizer: "PreTrainedTokenizerBase", texts: list[str], max_length: int) -> tuple[list[list[int]], int]:
    """Token ids of each text with the marks that this model expects, and how many texts were cut.

    Each ends with the mark of its end and has at most `max_length` tokens.
    """
    end = tokenizer.eos_token_id
    found, cut = [], 0
    for ids in tokenizer(texts)["input_ids"] if texts else []:
        if not ids or ids[-1] != end:
            ids = [*ids, end]
        cut += len(ids) > max_length
        found.append(ids if len(ids) <= max_length else [*ids[: max_length - 1], end])
    return found, cut

"""From a row to token ids and labels: the one place, used by the trainer, the X-ray and the chat alike."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from studio.errors import StudioError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

IGNORED = -100  # the label that the loss leaves out, as everywhere in transformers
Messages = list[dict[str, str]]


@dataclass(frozen=True)
class Example:
    """One example as the model gets it.

    ids, labels: lists of the same length, at most `max_length`; a label is the token id where the model
    learns and -100 where it only reads. total: length before cutting.
    """

    ids: list[int]
    labels: list[int]
    total: int

    @property
    def learned(self) -> int:
        return sum(label != IGNORED for label in self.labels)


def messages_of(system: str, prompt: str, reply: str | None = None) -> Messages:
    """The conversation of one row; without a reply it is what the model is asked."""
    messages = [{"role": "system", "content": system}] if system else []
    messages.append({"role": "user", "content": prompt})
    if reply is not None:
        messages.append({"role": "assistant", "content": reply})
    return messages


def chat_texts(tokenizer: "PreTrainedTokenizerBase", messages: Messages) -> tuple[str, str]:
    """What the model reads and what it learns to write, as text through the model's own chat template."""
    if not tokenizer.chat_template:
        raise StudioError(
            "This model has no chat format of its own, so it cannot be taught to answer questions.",
            "Choose an instruct or chat model.",
        )
    read = str(tokenizer.apply_chat_template(messages[:-1], tokenize=False, add_generation_prompt=True))
    whole = str(tokenizer.apply_chat_template(messages, tokenize=False))
    if not whole.startswith(read):
        raise StudioError(
            "This model's chat format rewrites the question once the answer is known, "
            "so we cannot tell which part to learn.",
            "Choose another instruct model.",
        )
    learn = whole[len(read) :].rstrip()
    # The mark that ends the answer is learned too: without it the model would never stop.
    eos = str(tokenizer.eos_token)
    return read, learn if learn.endswith(eos) else learn + eos


def encode(tokenizer: "PreTrainedTokenizerBase", text: str) -> list[int]:
    """Token ids of text that already carries its special marks."""
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def render(tokenizer: "PreTrainedTokenizerBase", messages: Messages, max_length: int) -> Example:
    """Ids and labels of one conversation that ends with the assistant, cut at the end to `max_length` tokens.

    Question and answer are tokenised apart, because that is how they meet when the model is asked.
    """
    read, learn = (encode(tokenizer, text) for text in chat_texts(tokenizer, messages))
    ids = read + learn
    labels = [IGNORED] * len(read) + learn
    return Example(ids[:max_length], labels[:max_length], len(ids))


def prompt_ids(tokenizer: "PreTrainedTokenizerBase", messages: Messages) -> list[int]:
    """What the model is given when it is asked: exactly the part that it read in training."""
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    return encode(tokenizer, str(text))

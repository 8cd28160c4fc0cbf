"""From a conversation to token ids and labels: the one place, used by the trainer, the X-ray and the chat alike."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from studio.datasets.rows import PLAIN, Messages, content_of, pack
from studio.errors import StudioError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

IGNORED = -100  # the label that the loss leaves out, as everywhere in transformers
TOGETHER = 500  # conversations tokenised at once: the tokenizer then uses all cores
Segment = tuple[str, bool]  # text, and whether the model learns to write it


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
    """The conversation of one question; without a reply it is what the model is asked."""
    messages = [{"role": "system", "content": system}] if system else []
    messages.append({"role": "user", "content": prompt})
    if reply is not None:
        messages.append({"role": "assistant", "content": reply})
    return messages


def segments(tokenizer: "PreTrainedTokenizerBase", messages: Messages, tools: list[Any] | None = None) -> list[Segment]:
    """The conversation through the model's own chat template, cut where reading and learning change.

    Learned is what the assistant says, each turn with the mark that ends it, save turns of `weight` 0. A turn that the
    template shows differently once the talk has gone on (some leave out earlier thoughts) is only read.
    Plain text needs no chat format: all of it is learned, and the mark that ends it.
    Raises StudioError when the model has no chat format, or when its last turn cannot be told from the rest.
    """
    if messages and messages[0]["role"] == PLAIN:
        begin = opening(tokenizer)
        return ([(begin, False)] if begin else []) + [(f"{messages[0]['content']}{tokenizer.eos_token}", True)]
    if not tokenizer.chat_template:
        raise StudioError(
            "This model has no chat format of its own, so it cannot be taught to answer questions.",
            "Choose an instruct or chat model.",
        )
    messages, tools = for_template(tokenizer, messages, tools or [])
    whole = text_of(tokenizer, messages, tools)
    parts: list[Segment] = []
    done = 0
    last = len(messages) - 1
    for number, message in enumerate(messages):
        if message["role"] != "assistant" or (number < last and message.get("weight") == 0):
            continue
        if number == 0 and last > 0:
            continue  # a greeting that nobody asked for: read, like a turn of the other side
        read = text_of(tokenizer, messages[:number], tools, asking=True)
        said = whole if number == last else text_of(tokenizer, messages[: number + 1], tools)
        if not (said.startswith(read) and whole.startswith(said.rstrip()) and len(read) >= done):
            if number < last:
                continue
            raise StudioError(
                "This model's chat format rewrites the question once the answer is known, "
                "so we cannot tell which part to learn.",
                "Choose another instruct model.",
            )
        end = len(said.rstrip())
        parts += [(whole[done : len(read)], False), (whole[len(read) : end], True)]
        done = end
    if messages[last]["role"] != "assistant":
        raise StudioError("This conversation does not end with an answer.", "Leave this row out, or add the answer.")
    # The mark that ends the answer is learned too: without it the model would never stop.
    eos, (text, _) = str(tokenizer.eos_token), parts[-1]
    parts[-1] = (text if text.endswith(eos) else text + eos, True)
    return [part for part in parts if part[0]]


def opening(tokenizer: "PreTrainedTokenizerBase") -> str:
    """The mark with which this model expects every text to begin, "" where it expects none."""
    mark = tokenizer.bos_token
    return str(mark) if mark and list(tokenizer("")["input_ids"])[:1] == [tokenizer.bos_token_id] else ""


def text_of(tokenizer: "PreTrainedTokenizerBase", messages: Messages, tools: list[Any], asking: bool = False) -> str:
    """The conversation as the chat template writes it; `asking` opens the assistant's next turn.

    Raises StudioError when the template refuses it: some take no system message, or no two turns of one side.
    """
    from jinja2 import TemplateError

    try:
        return str(
            tokenizer.apply_chat_template(messages, tools=tools or None, tokenize=False, add_generation_prompt=asking)
        )
    except (TemplateError, ValueError) as error:
        raise StudioError(
            f"This model's chat format does not take one of the conversations: {error}",
            "Leave such rows out, or choose another instruct model.",
        ) from error


def for_template(
    tokenizer: "PreTrainedTokenizerBase", messages: Messages, tools: list[Any]
) -> tuple[Messages, list[Any]]:
    """Calls of tools as plain text, where the model's chat format has no place of its own for them."""
    uses_tools = bool(tools) or any(message.get("tool_calls") or message["role"] == "tool" for message in messages)
    if not uses_tools or "tool" in str(tokenizer.chat_template):
        return messages, tools
    spoken: Messages = []
    if tools:
        described = "You can call these tools:\n" + "\n".join(pack(tool) for tool in tools)
        system = messages[0]["content"] + "\n\n" if messages and messages[0]["role"] == "system" else ""
        spoken.append({"role": "system", "content": system + described})
        messages = messages[1:] if system else messages
    for message in messages:
        if message.get("tool_calls"):
            calls = "\n".join(
                f"<tool_call>{pack(call.get('function', call))}</tool_call>" for call in message["tool_calls"]
            )
            words = message.get("content") or ""
            message = {**message, "content": f"{words}\n{calls}".strip()}
        elif message["role"] == "tool":
            message = {"role": "user", "content": f"<tool_response>{content_of(message)}</tool_response>"}
        spoken.append(message)
    return spoken, []


def encode(tokenizer: "PreTrainedTokenizerBase", text: str) -> list[int]:
    """Token ids of text that already carries its special marks."""
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def render(
    tokenizer: "PreTrainedTokenizerBase", messages: Messages, max_length: int, tools: list[Any] | None = None
) -> Example:
    """Ids and labels of one conversation that ends with the assistant, cut at the end to `max_length` tokens.

    What is read and what is learned are tokenised apart, because that is how they meet when the model is asked.
    """
    return next(render_all(tokenizer, [(messages, tools or [])], max_length))


def render_all(
    tokenizer: "PreTrainedTokenizerBase", conversations: Iterable[tuple[Messages, list[Any]]], max_length: int
) -> Iterator[Example]:
    """`render` for many conversations of (messages, tools), a few hundred at a time."""
    rest = iter(conversations)
    while some := list(islice(rest, TOGETHER)):
        parts = [segments(tokenizer, messages, tools) for messages, tools in some]
        texts = [text for part in parts for text, _ in part]
        encoded = iter(tokenizer(texts, add_special_tokens=False)["input_ids"])
        for part in parts:
            ids: list[int] = []
            labels: list[int] = []
            for _, learned in part:
                tokens = next(encoded)
                ids += tokens
                labels += tokens if learned else [IGNORED] * len(tokens)
            yield Example(ids[:max_length], labels[:max_length], len(ids))


def prompt_ids(tokenizer: "PreTrainedTokenizerBase", messages: Messages, tools: list[Any] | None = None) -> list[int]:
    """What the model is given when it is asked: exactly the part that it read in training."""
    return encode(tokenizer, text_of(tokenizer, *for_template(tokenizer, messages, tools or []), asking=True))

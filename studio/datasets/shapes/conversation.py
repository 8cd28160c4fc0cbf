"""Conversations in the spellings that people bring, brought into the one that chat templates use."""

import re
from typing import Any

from studio.datasets.paths import load, text_of
from studio.datasets.rows import Message, Messages
from studio.datasets.shapes.mapping import Unusable
from studio.datasets.shapes.tools import call_of, calls_of

ROLES = {
    **dict.fromkeys(("user", "human", "prompter", "customer", "kunde", "nutzer"), "user"),
    **dict.fromkeys(("assistant", "gpt", "chatgpt", "model", "bot", "ai", "agent", "assistent"), "assistant"),
    **dict.fromkeys(("system", "developer"), "system"),
    **dict.fromkeys(("tool", "observation", "function", "function_response", "tool_response", "ipython"), "tool"),
    **dict.fromkeys(("function_call", "tool_call"), "call"),
}
SPEAKER = re.compile(r"""["'](?:role|from)["']\s*:""")
TEXT_PARTS = ("text", "input_text", "output_text", "refusal")

NO_CONVERSATION = "no conversation"
NO_QUESTION = "no question"
NO_ANSWER = "no answer"
NO_END = "the conversation does not end with an answer"
TOO_OFTEN = "one side of the conversation speaks three times in a row"
STRAY_RESULT = "the result of a tool stands where nothing called one"
NO_TEXT_ONLY = "a picture, sound or file in the conversation, which a language model cannot learn from"


def parsed(cell: str, what: str) -> Any:
    """What a nested cell holds. Raises Unusable when it is empty or broken."""
    if not cell.strip():
        raise Unusable(f"no {what}")
    try:
        return load(cell)
    except ValueError:
        raise Unusable(f"the {what} is not valid JSON") from None


def looks_nested(cell: str) -> bool:
    """Whether a cell holds messages rather than text; cheap, as it is asked of every cell."""
    return cell[:1] in ("[", "{") and SPEAKER.search(cell, 0, 2000) is not None


def turns(cell: str, role: str) -> Messages:
    """The messages of a cell that holds either messages or the bare text of one, which is then said by `role`."""
    if looks_nested(cell):
        return tidy(parsed(cell, "conversation"))
    return [{"role": role, "content": cell}] if cell else []


def tidy(value: Any) -> Messages:
    """Messages with the roles system, user, assistant and tool, from a list in any usual spelling.

    Those are objects with role/content or from/value, a list of texts said in turn, or a list of (question, answer).
    Calls of tools get the form {"type": "function", "function": {"name", "arguments": object}}. Raises Unusable.
    """
    if isinstance(value, dict):
        inner = next((value[key] for key in ("messages", "conversations", "conversation") if key in value), None)
        value = [value] if inner is None else inner
    if not isinstance(value, list) or not value:
        raise Unusable(NO_CONVERSATION)
    if isinstance(value[0], str) and all(isinstance(turn, str) for turn in value):
        return [{"role": ("user", "assistant")[place % 2], "content": text} for place, text in enumerate(value)]
    if isinstance(value[0], list) and all(isinstance(turn, list) for turn in value):
        return pairs(value)
    messages: Messages = []
    for entry in value:
        message = one(entry)
        last = messages[-1] if messages else {}
        # Answer and calls, or several calls, that were written as entries of their own are one turn of the model.
        bare = message.pop("bare", False)
        if bare and last.get("role") == "assistant":
            last.setdefault("tool_calls", []).extend(message["tool_calls"])
        else:
            messages.append(message)
    return messages


def pairs(value: list[Any]) -> Messages:
    """Messages from a list of (question, answer), as Alpaca keeps earlier turns."""
    messages: Messages = []
    for pair in value:
        if len(pair) != 2 or not all(isinstance(text, str) for text in pair):
            raise Unusable("earlier turns that are not pairs of a question and an answer")
        messages += [{"role": "user", "content": pair[0]}, {"role": "assistant", "content": pair[1]}]
    return messages


def one(entry: Any) -> Message:
    """One message; `bare` marks a call of a tool that was an entry of its own."""
    if not isinstance(entry, dict):
        raise Unusable("a message of the conversation does not say who speaks")
    speaker = entry.get("role") or entry.get("from") or entry.get("speaker") or entry.get("sender")
    if not isinstance(speaker, str):
        raise Unusable("a message of the conversation does not say who speaks")
    role = ROLES.get(speaker) or ROLES.get(speaker.strip().lower())
    if role is None:
        raise Unusable(f"an unknown speaker, “{speaker[:30]}”, in the conversation")
    content = entry.get("content")
    if content is None:
        content = entry.get("value", entry.get("text"))
    if role == "call":
        return {"role": "assistant", "content": "", "tool_calls": calls_of(content), "bare": True}
    message: Message = {"role": role, "content": said(content)}
    if role == "assistant":
        message["content"] = message["content"] or said(entry.get("refusal"))
        calls = entry.get("tool_calls") or entry.get("function_call")
        if calls:
            message["tool_calls"] = [call_of(call) for call in (calls if isinstance(calls, list) else [calls])]
        # OpenAI's mark for answers that are shown but not learned; 0 or 1.
        if entry.get("weight") in (0, 1):
            message["weight"] = int(entry["weight"])
    elif role == "tool":
        message |= {key: entry[key] for key in ("name", "tool_call_id") if isinstance(entry.get(key), str)}
    return message


def said(content: Any) -> str:
    """The words of a message whose content is text, a list of parts, or, from a tool, any value."""
    if isinstance(content, str):
        return content
    if isinstance(content, list) and any(isinstance(part, dict) and "type" in part for part in content):
        return "\n".join(words for words in map(part_text, content) if words)
    if isinstance(content, list) and content and all(isinstance(part, str) for part in content):
        return "\n".join(content)
    return text_of(content)


def part_text(part: Any) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict) or part.get("type") not in TEXT_PARTS:
        raise Unusable(NO_TEXT_ONLY)
    words = part.get("text", part.get("refusal"))
    return text_of(words.get("value") if isinstance(words, dict) else words)


def complete(messages: Messages) -> Messages:
    """The messages of a whole example. Raises Unusable unless it asks something, ends with an answer and takes turns.

    Two messages of one side in a row are let through: the health report shows them, and a person can mend them.
    """
    last = messages[-1] if messages else {}
    if last.get("role") != "assistant":
        raise Unusable(NO_END)
    if blank(last) and not last.get("tool_calls"):
        raise Unusable(NO_ANSWER)
    if not asks(messages):
        raise Unusable(NO_QUESTION)
    check_turns(messages)
    return messages


def check_turns(messages: Messages) -> None:
    """Raises Unusable where the turns make no sense to any chat template."""
    roles = [message["role"] for message in messages]
    for first, second, third in zip(roles, roles[1:], roles[2:], strict=False):
        if first == second == third != "tool":
            raise Unusable(TOO_OFTEN)
    if "tool" in roles:
        for before, role in zip(["", *roles], roles, strict=False):
            if role == "tool" and before not in ("assistant", "tool"):
                raise Unusable(STRAY_RESULT)


def asks(messages: Messages) -> bool:
    """Whether anybody asks anything."""
    return any(message["role"] == "user" and not blank(message) for message in messages)


def blank(message: Message) -> bool:
    return not message["content"].strip()


def with_context(prompt: str, context: str) -> str:
    """The prompt with what it refers to below it."""
    return f"{prompt}\n\n{context}" if prompt and context else prompt or context

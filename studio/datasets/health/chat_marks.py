"""Marks of chat templates inside the text, left over from data that was already put into a template."""

import re
from functools import lru_cache
from typing import Any

from studio.datasets.health.check import Check, Data, Found, Mended
from studio.datasets.health.passages import change_found, found_at, passages, quote_around, row_name, texts_at

ROLE = r"(?:system|user|assistant|model|tool|developer|ipython)"
MARK = re.compile(
    rf"""
      <\|im_start\|>\s?{ROLE}?[ ]?\n?                                    # ChatML, as in Qwen
    | <\|start_header_id\|>\s?{ROLE}?\s?<\|end_header_id\|>\s{{0,4}}     # Llama 3
    | <start_of_turn>\s?{ROLE}?[ ]?\n? | <end_of_turn>                   # Gemma
    | <\|[a-zA-Z][a-zA-Z0-9_]{{1,30}}\|>                                 # <|eot_id|>, <|endoftext|>, <|user|>, …
    | <｜[^｜<>\n]{{1,40}}｜>                                            # DeepSeek
    | \[/?INST\] | <</?SYS>> | \[/?(?:SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_RESULTS)\]   # Llama 2, Mistral
    | <(?:bos|eos|pad)>
    | ^\#{{2,3}}[ ]?(?:Instruction|Response|Input|Human|Assistant|User|System)[ ]?:[ ]?\n?   # Alpaca, Vicuna
    | \A\s?<s>(?!(?s:.*?)</s>\s?\S) | <s>(?=\s?\[INST\])                 # <s> may be HTML: only where a text begins
    | </s>\s?\Z | </s>(?=\s?<s>)
    """,
    re.VERBOSE | re.MULTILINE,
)
LONELY = re.compile("</s>")  # the end of a text for Llama and Mistral
HINT = re.compile(r"<\||<｜|\[/?[IASTR]|<<|<(?:bos|eos|pad|/?s|start_of|end_of)|##")


def find(data: Data) -> Found | None:
    positions: list[int] = []
    examples: list[str] = []
    for position, text in enumerate(passages(data)):
        if not HINT.search(text):
            continue
        match = next((m for part in texts_at(data, position) if (m := first_mark(part))), None)
        if match is None:
            continue
        positions.append(position)
        if len(examples) < 3:
            examples.append(f"{row_name(data, position)}: {quote_around(match.string, match.start(), match.end())}")
    return found_at(positions, examples)


def first_mark(text: str) -> re.Match[str] | None:
    return MARK.search(text) or (LONELY.search(text) if "<s>" not in text else None)


@lru_cache(maxsize=1)
def marks_with_s(text: str) -> frozenset[int]:
    """Where each “<s>” and “</s>” begins that is a mark; the others are HTML, for what is struck out."""
    marks = [*MARK.finditer(text), *(LONELY.finditer(text) if "<s>" not in text else ())]
    return frozenset(text.index("<", match.start()) for match in marks if "s>" in match[0])


def strip(text: str) -> str:
    """The text without marks. Marks that only appear when another is taken out of their middle go too."""
    if not HINT.search(text):
        return text
    before = text
    while (less := MARK.sub("", text).strip()) != text.strip():
        text = less
    # Together with <s> it was HTML, or went with it just now.
    return text if "<s>" in before else LONELY.sub("", text)


def mend(data: Data, found: Found, options: Any) -> Mended:
    return change_found(data, found, strip)


CHECK = Check(
    name="chat_marks",
    title="Chat template marks in the text",
    why="The studio adds these marks itself. Inside a text they end a turn too early, and the answers fall apart.",
    severity="serious",
    find=find,
    fix="Remove the marks",
    mend=mend,
    safe=True,
)

"""Remains of Markdown that a reader would see as noise. Good Markdown is left alone, and nothing is changed."""

import re

from studio.datasets.health.check import Check, Data, Found
from studio.datasets.health.passages import found_at, passages, quote_around, row_name

# An escaped character, an embedded picture, a row of signs of a converted heading or rule, an empty link.
NOISE = re.compile(r"\\[_*\[\]#](?=\w)|!\[[^\]\n]{0,200}\]\([^)\n]{0,500}\)|\]\(\s*\)|^[#]{7,}|\*{4,}", re.MULTILINE)


def find(data: Data) -> Found | None:
    positions: list[int] = []
    examples: list[str] = []
    for position, text in enumerate(passages(data)):
        at = first_noise(text)
        if at < 0:
            continue
        positions.append(position)
        if len(examples) < 3:
            examples.append(f"{row_name(data, position)}: {quote_around(text, at, at + 1)}")
    return found_at(positions, examples)


def first_noise(text: str) -> int:
    """Where noise begins, or -1; a code block that never ends is noise too."""
    fence = text.count("```")
    if fence % 2:
        return text.rindex("```")
    if fence or ("\\" not in text and "](" not in text and "####" not in text and "***" not in text):
        return -1  # in texts with code, these signs mean something else
    match = NOISE.search(text)
    return match.start() if match else -1


CHECK = Check(
    name="markdown",
    title="Untidy Markdown",
    why="Pictures, stray signs and code blocks that never end would turn up in the answers.",
    severity="note",
    find=find,
)

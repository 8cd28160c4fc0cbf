"""Remains of Markdown that a reader would see as noise. Good Markdown is left alone."""

import re
from typing import Any

from studio.datasets.health.check import Check, Data, Found, Mended
from studio.datasets.health.passages import change_found, found_at, passages, quote_around, row_name, texts_at

PICTURE = re.compile(r"!\[([^\]\n]{0,200})\]\([^)\n]{0,500}\)")
EMPTY_LINK = re.compile(r"(?<![\w\])])\[([^\[\]\n]{0,200})\]\(\s*\)")  # “handlers[0]()” is a call in some program
ESCAPED = re.compile(r"\\([_*#])(?=\w)|(?<=\w)\\([_*#])")
BRACKETS = re.compile(r"\\\[([A-Za-z]{3}[^\[\]\\=^_{}\n]{0,200})\\\]")
TOO_DEEP = re.compile(r"^#{7,}", re.MULTILINE)  # headings have six levels
STARS = re.compile(r"\*{4,}")  # only told: they may stand for something hidden, as in “card ****1234”
FORMULA = re.compile(r"\\[A-Za-z]{2}")  # \frac and the like: there the escapes belong to LaTeX

NOISE = {
    PICTURE: "a picture",
    EMPTY_LINK: "a link to nowhere",
    TOO_DEEP: "a heading with too many #",
    STARS: "a row of stars",
    ESCAPED: "a stray backslash",
    BRACKETS: "stray backslashes",
}


def find(data: Data) -> Found | None:
    positions: list[int] = []
    examples: list[str] = []
    for position, text in enumerate(passages(data)):
        if not first_noise(text):
            continue
        noisy = [(part, noise) for part in texts_at(data, position) if (noise := first_noise(part))]
        if not noisy:
            continue
        positions.append(position)
        if len(examples) < 3:
            part, (at, what) = noisy[0]
            examples.append(f"{row_name(data, position)} has {what}: {quote_around(part, at, at + 1)}")
    return found_at(positions, examples)


def first_noise(text: str) -> tuple[int, str] | None:
    """Where noise begins and what it is; a code block that never ends is noise too."""
    fence = text.count("```")
    if fence % 2:
        return text.rindex("```"), "a code mark (```) without its partner"
    if fence or ("\\" not in text and "](" not in text and "####" not in text and "***" not in text):
        return None  # in texts with code, these signs mean something else
    kinds = [kind for kind in NOISE if kind not in (ESCAPED, BRACKETS) or not FORMULA.search(text)]
    found = [(match.start(), NOISE[kind]) for kind in kinds if (match := kind.search(text))]
    return min(found, default=None)


def tidy(text: str) -> str:
    """Pictures become their description, empty links and escapes their words; a code block that never ends is ended."""
    fence = text.count("```")
    if fence % 2:
        before, _, last = text.rpartition("```")
        return f"{text.rstrip()}\n```" if last.strip() else before.rstrip()
    if fence:
        return text
    if not FORMULA.search(text):
        text = BRACKETS.sub(r"[\1]", ESCAPED.sub(r"\1\2", text))
    return TOO_DEEP.sub("######", EMPTY_LINK.sub(r"\1", PICTURE.sub(r"\1", text)))


def mend(data: Data, found: Found, options: Any) -> Mended:
    return change_found(data, found, tidy)


CHECK = Check(
    name="markdown",
    title="Untidy Markdown",
    why="Pictures, stray signs and code blocks that never end would turn up in the answers.",
    severity="note",
    find=find,
    fix="Tidy it up; rows of stars stay",
    mend=mend,
)

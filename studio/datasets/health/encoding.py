"""Letters that were damaged when the file was saved or read with the wrong encoding."""

import re
from typing import Any

from studio.datasets.health.check import Check, Data, Found, Mended
from studio.datasets.health.passages import change_found, found_at, passages, quote_around, row_name

LOST = "\ufffd"  # what a program writes for a letter that it could not read
# Bytes of Windows-1252 that were read as Latin-1: “don\x92t”.
C1 = re.compile("[\x80-\x84\x86-\x9f]")


def find(data: Data) -> Found | None:
    positions: list[int] = []
    examples: list[str] = []
    for position, text in enumerate(passages(data)):
        if text.isascii():
            continue
        better = repair(text)
        if better == text and LOST not in text:
            continue
        positions.append(position)
        if len(examples) < 3:
            examples.append(f"{row_name(data, position)}: {explain(text, better)}")
    return found_at(positions, examples)


def repair(text: str) -> str:
    """The text as it was meant, where ftfy is sure of it; a letter that is lost stays lost.

    Line by line, because one line saved wrongly does not mean that all were.
    """
    if text.isascii():
        return text
    import ftfy
    from ftfy.badness import is_bad
    from ftfy.fixes import fix_c1_controls

    if not is_bad(text) and not C1.search(text):
        return text
    return "\n".join(line if line.isascii() else fix_c1_controls(ftfy.fix_encoding(line)) for line in text.split("\n"))


def explain(text: str, better: str) -> str:
    if better == text:
        at = text.index(LOST)
        return f"{quote_around(text, at, at + 1)} has lost letters that no repair can bring back."
    start = next((i for i, (a, b) in enumerate(zip(text, better, strict=False)) if a != b), 0)
    return f"{quote_around(text, start, start, 20, 40)} was meant to be {quote_around(better, start, start, 20, 40)}."


def mend(data: Data, found: Found, options: Any) -> Mended:
    return change_found(data, found, repair)


CHECK = Check(
    name="encoding",
    title="Damaged letters",
    why="The model would learn to write the damage, such as “Ã¤” in place of “ä”.",
    severity="warning",
    find=find,
    fix="Repair what can be repaired",
    mend=mend,
    safe=True,
)

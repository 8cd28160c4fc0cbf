"""Taking out of a text what nobody else should read: secrets, names of people and computers, and words of the data."""

import getpass
import logging
import os
import platform
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from studio.datasets.personal.email import emails
from studio.datasets.personal.keys import keys

log = logging.getLogger("tunesmith.page")
# Long mixed texts that no maker's pattern knows. Paths and dotted names have signs of their own in between.
LONG = re.compile(r"(?<![\w+/=-])(?=[\w+=-]*\d)(?=[\w+=-]*[A-Za-z])[\w+=-]{24,}(?![\w+/=-])")
SECRET_NAME = re.compile(r"TOKEN\b|_TOKEN|SECRET|PASSW|API_?KEY|ACCESS_?KEY|CREDENTIAL", re.IGNORECASE)
WORD = re.compile(r"\w+")
ESCAPED = re.compile(r"\\[nrt]")  # in cells that hold JSON
NUMBER = re.compile(r"[\s\d.,+-]*").fullmatch
SHORTEST = 3  # characters of a cell of one or two words that is looked for
TOGETHER = 3  # words in a row that must stand in the data, too, to be taken for a piece of it
MOST = 2_000_000  # words of data that are compared in about a second
DATA, KEY, EMAIL = "[data]", "[key]", "[e-mail]"
Words = tuple[str, ...]


def without_secrets(text: str) -> str:
    """Keys, tokens, passwords and e-mail addresses are named in place of shown; the home folder becomes ~."""
    home = str(Path.home())
    if len(home) > 1:
        text = text.replace(home, "~")
    for secret in own_secrets():
        text = text.replace(secret, KEY)
    for find, name in ((keys, KEY), (emails, EMAIL)):
        for span in sorted(set(find(text)), reverse=True):
            text = text[: span.start] + name + text[span.end :]
    text = LONG.sub(KEY, text)
    for private, name in ((user(), "~"), (platform.node(), "[computer]")):
        if len(private) > 1:
            text = re.sub(rf"(?<!\w){re.escape(private)}(?!\w)", name, text)
    return text


def own_secrets() -> list[str]:
    """What the environment of the studio holds under a name such as HF_TOKEN, the longest first."""
    held = {value for name, value in os.environ.items() if SECRET_NAME.search(name) and len(value) >= 6}
    return sorted(held, key=len, reverse=True)


def user() -> str:
    """The name of who is logged in; "root" is nobody's, and a word of many a log."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):
        return ""
    return "" if name == "root" else name


def without_data(texts: Iterable[str], cells: Iterator[str]) -> Callable[[str], str]:
    """What blanks pieces of the data out of those texts: three words in a row that stand in a cell, or a short cell.

    cells: all texts of the data, one after another. When they are too many to be compared, or end in an error, the
    function leaves no word of any text.
    """
    runs: set[Words] = set()
    known: set[Words] = set()
    for text in texts:
        words = [match[0].lower() for match in WORD.finditer(text)]
        for length in range(1, TOGETHER + 1):
            runs |= set(zip(*(words[start:] for start in range(length)), strict=False))
    compared = 0
    try:
        for cell in cells:
            words = WORD.findall(ESCAPED.sub(" ", cell).lower())
            compared += len(words)
            if compared > MOST:
                return lambda text: DATA if text.strip() else text
            if len(words) < TOGETHER:
                pieces: Iterable[Words] = [tuple(words)] if len(cell.strip()) >= SHORTEST and not NUMBER(cell) else []
            else:
                pieces = zip(*(words[start:] for start in range(TOGETHER)), strict=False)
            known.update(piece for piece in pieces if piece in runs)
    except Exception:  # whatever is wrong with the rows, none of their words may get into the report
        log.exception("The rows could not be compared with the report, so it has no texts")
        return lambda text: DATA if text.strip() else text
    return lambda text: blank(text, known)


def blank(text: str, known: set[Words]) -> str:
    """The text with every run of words that is among the known ones replaced."""
    found = list(WORD.finditer(text))
    words = [match[0].lower() for match in found]
    taken: list[tuple[int, int]] = []
    for length in range(1, TOGETHER + 1):
        for start in range(len(words) - length + 1):
            if tuple(words[start : start + length]) in known:
                taken.append((found[start].start(), found[start + length - 1].end()))
    pieces, place = [], 0
    for begin, end in joined(sorted(taken)):
        pieces += [text[place:begin], DATA]
        place = end
    return "".join([*pieces, text[place:]])


def joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans that overlap, or have nothing but a sign or two between them, as one."""
    whole: list[tuple[int, int]] = []
    for begin, end in spans:
        if whole and begin <= whole[-1][1] + 2:
            whole[-1] = (whole[-1][0], max(end, whole[-1][1]))
        else:
            whole.append((begin, end))
    return whole

"""Tags and entities of web pages that were left in the text."""

import html
import re
from typing import Any

from studio.datasets.health import chat_marks
from studio.datasets.health.check import Check, Data, Found, Mended
from studio.datasets.health.passages import change_found, found_at, passages, quote_around, row_name, texts_at

BLOCKS = (
    "address|article|aside|blockquote|body|br|center|dd|div|dl|dt|figcaption|figure|footer|form|h[1-6]|head|header|hr|"
    "html|li|main|nav|ol|p|pre|section|table|tbody|td|tfoot|th|thead|title|tr|ul"
)
INLINE = (
    "a|abbr|acronym|b|big|button|caption|cite|code|del|em|font|i|iframe|img|input|ins|kbd|label|link|mark|meta|"
    "noscript|option|path|q|s|script|select|small|span|strike|strong|style|sub|sup|svg|textarea|tt|u|video"
)
# Only names that HTML knows, so that “a <b and c> d”, “List<String>” and “<name>” stay as they are.
TAG = re.compile(rf"</?(?P<name>{BLOCKS}|{INLINE})(?P<rest>\s[^<>]{{0,2000}})?/?>", re.IGNORECASE)
IS_BLOCK = re.compile(BLOCKS, re.IGNORECASE)
COMMENT = re.compile(r"<!--.{0,10000}?-->|<!DOCTYPE[^<>]{0,300}>", re.IGNORECASE | re.DOTALL)
UNSEEN = re.compile(r"<(script|style)\b[^<>]{0,500}>.{0,100000}?</\1\s*>", re.IGNORECASE | re.DOTALL)
ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
CODE = re.compile(r"(```.*?(?:```|\Z)|`[^`\n]+`)", re.DOTALL)


def find(data: Data) -> Found | None:
    positions: list[int] = []
    examples: list[str] = []
    for position, text in enumerate(passages(data)):
        if "<" not in text and "&" not in text:
            continue
        if not (TAG.search(text) or ENTITY.search(text) or COMMENT.search(text)):
            continue
        marks = [(part, at) for part in texts_at(data, position) if (at := first_mark(part)) >= 0]
        if not marks:
            continue
        positions.append(position)
        if len(examples) < 3:
            part, at = marks[0]
            examples.append(f"{row_name(data, position)}: {quote_around(part, at, at + 1)}")
    return found_at(positions, examples)


def first_mark(text: str) -> int:
    """Where the first piece of markup outside of code begins, or -1."""
    at = 0
    for part in CODE.split(text):
        if not CODE.fullmatch(part):
            places = [match.start() for match in (COMMENT.search(part), tag(part), entity(part)) if match]
            if places:
                return at + min(places)
        at += len(part)
    return -1


def tag(text: str) -> re.Match[str] | None:
    return next((match for match in TAG.finditer(text) if is_tag(match)), None)


def entity(text: str) -> re.Match[str] | None:
    return next((match for match in ENTITY.finditer(text) if html.unescape(match[0]) != match[0]), None)


def is_tag(match: re.Match[str]) -> bool:
    """Not what belongs to a chat template, which has a check of its own.

    Words after the name without “=”, as in “<b and c>” or “<title of the book>”, are no attributes.

    A name of one letter right after a word is a type, as in “Box<b>”, unless it is closed again.
    """
    text, name, rest = match.string, match["name"], match["rest"] or ""
    if name in "sS" and match.start() in chat_marks.marks_with_s(text):
        return False
    if "=" not in rest and any(map(str.isalnum, rest)):
        return False
    if len(name) > 1 or rest or match[0][1] == "/" or not match.start():
        return True
    return not text[match.start() - 1].isalnum() or f"</{name}>" in text[match.end() : match.end() + 2000]


def strip(text: str) -> str:
    """The text as a browser would show it: blocks on lines of their own, code between backquotes as it was."""
    for _ in range(3):  # text that was escaped twice, “&amp;lt;”, takes a round for each time
        if ("<" not in text and "&" not in text) or first_mark(text) < 0:
            break
        text = "".join(part if CODE.fullmatch(part) else strip_part(part) for part in CODE.split(text)).strip()
    return text


def strip_part(text: str) -> str:
    text = COMMENT.sub("", UNSEEN.sub("", text))
    text = TAG.sub(lambda match: replacement(match) if is_tag(match) else match[0], text)
    text = ENTITY.sub(lambda match: html.unescape(match[0]).replace("\xa0", " "), text)
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+\n", "\n", text))


def replacement(match: re.Match[str]) -> str:
    return "\n" if IS_BLOCK.fullmatch(match["name"]) else ""


def mend(data: Data, found: Found, options: Any) -> Mended:
    return change_found(data, found, strip)


CHECK = Check(
    name="markup",
    title="HTML in the text",
    why="Left over from a web page, tags and codes such as “<br>” or “&amp;” would turn up in the answers. "
    "Fine if the model is to write or to read HTML.",
    severity="warning",
    find=find,
    fix="Keep the text, remove the tags",
    mend=mend,
)

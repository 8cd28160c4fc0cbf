"""Characters that nobody sees: control codes, zero-width characters, marks that turn the direction of writing.

Some of them are part of good writing and stay: the joiners inside emoji and in the scripts of India and of Persian,
the zero-width space of Thai, Khmer, Lao and Burmese, and the direction marks in Arabic and Hebrew texts.
"""

import re
import unicodedata
from typing import Any

from studio.datasets.health.check import Check, Data, Found, Mended
from studio.datasets.health.passages import change_found, found_at, passages, quote_around, row_name

# Line breaks of other ages: words would grow together if they were only removed.
BREAKS = "\x0b\x0c\x1c\x1d\x1e\u2028\u2029"
SUSPECT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x81\x8d\x8f\x90\x9d\xad\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
)
RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
# Arabic to Burmese and Khmer to Mongolian, with the forms and supplements: scripts whose letters join.
JOINING = re.compile("[\u0600-\u109f\u1780-\u18af\ua800-\uaaff\ufb50-\ufdff\ufe70-\ufefc\U00011000-\U00011fff]")
WITHOUT_SPACES = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")  # Thai, Lao, Burmese, Khmer
EMOJI = re.compile("[\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff]")
EMOJI_END = re.compile("[\ufe0f\u20e3]")
DIRECTION = "\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2068\u2069"
FLAG, TAGS = "\U0001f3f4", re.compile("[\U000e0020-\U000e007f]")
NAMES = {"\x00": "a NUL character", "\ufeff": "a byte order mark", "\xad": "a soft hyphen"}


def find(data: Data) -> Found | None:
    positions: list[int] = []
    examples: list[str] = []
    for position, text in enumerate(passages(data)):
        if not SUSPECT.search(text):
            continue
        at = next((match.start() for match in SUSPECT.finditer(text) if not belongs(text, match.start())), None)
        if at is None:
            continue
        positions.append(position)
        if len(examples) < 3:
            shown = quote_around(clean(text[:at]) + "▯" + clean(text[at + 1 :]), len(clean(text[:at])), at)
            examples.append(f"{row_name(data, position)}: {shown} has {name_of(text[at])} (at ▯).")
    return found_at(positions, examples)


def clean(text: str) -> str:
    """The text without the characters that do not belong; old line breaks become new ones."""
    return SUSPECT.sub(lambda match: match[0] if belongs(text, match.start()) else plain(match[0]), text)


def plain(character: str) -> str:
    return "\n" if character in BREAKS else ""


def belongs(text: str, at: int) -> bool:
    """Whether the invisible character at this place is part of good writing."""
    character = text[at]
    before, after = text[at - 1 : at] if at else "", text[at + 1 : at + 2]
    if character in "\u200c\u200d" and (JOINING.match(before) or JOINING.match(after)):
        return True
    if character == "\u200d":
        skin_or_emoji = EMOJI.match(before) or EMOJI_END.match(before)
        return bool(skin_or_emoji and EMOJI.match(after))
    if character == "\u200b":
        return bool(WITHOUT_SPACES.match(before) or WITHOUT_SPACES.match(after))
    if character in DIRECTION:
        return bool(RIGHT_TO_LEFT.search(text))
    if TAGS.match(character):  # the flags of England, Scotland and Wales are a black flag and letters in tags
        while at and TAGS.match(text[at - 1]):
            at -= 1
        return text[at - 1 : at] == FLAG
    return False


def name_of(character: str) -> str:
    if character in NAMES:
        return NAMES[character]
    name = unicodedata.name(character, "").lower()
    return f"a hidden character ({name})" if name else f"a control character (U+{ord(character):04X})"


def mend(data: Data, found: Found, options: Any) -> Mended:
    return change_found(data, found, clean)


CHECK = Check(
    name="control_characters",
    title="Hidden characters",
    why="Nobody sees them, but the model does, and learns to write them.",
    severity="note",
    find=find,
    fix="Remove them",
    mend=mend,
    safe=True,
)

"""Telephone numbers, written for abroad or as in the country they belong to; phonenumbers knows their plans."""

import re
from collections.abc import Iterator
from functools import lru_cache

from studio.datasets.personal.context import named_otherwise, phone_near
from studio.datasets.personal.span import Span

# A number may hold single spaces, dots, hyphens, slashes and brackets; bounded, so that the search stays linear. It
# begins with what is rare and looks behind after it, which lets the search skip ahead.
CANDIDATE = re.compile(
    r"[+(\d](?<![\w.,/#=@$€£%+-].)(?<!\d:.)(?:(?<=\d)|(?<=\+) ?\(?\d|(?<=\()\+?\d)"
    r"(?:\)?[ \u00a0\u2009/.‐‑–-]{0,3}\(?\d){5,19}"
    r"(?P<extension> {0,2}(?:x|ext\.?|extension) ?\d{1,6})?(?![\w%€$£]|[.,:]\d|\)\d|[-/]\w)"
)
# Where a number without a country code may belong to, by speakers of the languages of the studio and by size.
REGIONS = (
    *("US", "GB", "DE", "FR", "ES", "IT", "NL", "AT", "CH", "BE", "PT", "IE", "PL", "SE", "DK", "NO", "FI", "CZ", "GR"),
    *("AU", "NZ", "IN", "BR", "MX", "AR", "CO", "CL", "JP", "KR", "CN", "TR", "RU", "UA", "ZA", "NG", "KE", "EG", "IL"),
    *("AE", "SA", "SG", "MY", "ID", "PH", "TH", "VN", "PK", "BD", "HK", "TW", "RO", "HU", "BG", "HR", "SK", "LT", "PE"),
)
DATE = re.compile(r"(?:19|20)\d\d[./–-]\d{1,2}[./–-]\d{1,2}(?!\d)|(?<!\d)\d{1,2}[./–-]\d{1,2}[./–-](?:19|20)\d\d(?!\d)")
SHORT_DATE = re.compile(r"\d{1,2}([./-])\d{1,2}\1\d{2}")
DECIMAL = re.compile(r"\d+\.\d+")
ODDS = re.compile(r"(?<!\S)\d\.\d\d(?!\S)")  # “1 1.52 999”: a decimal between spaces
PAIRS = re.compile(r"\d\d(?: \d\d){5,}")  # scores; French numbers have five pairs
SOCIAL_SECURITY = re.compile(r"\d{3}-\d\d-\d{4}")  # of the United States
YEARS = re.compile(r"(?:1[5-9]|20)\d\d ?[–-] ?(?:1[5-9]|20)\d\d")
THOUSANDS = re.compile(r"[1-9]\d{0,2}([ .\u00a0\u2009])\d{3}(?:\1\d{3})*")
AMERICAN = re.compile(r"(?:1[ .-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[-.])\d{3}[-.]\d{4}")
SPACED_AMERICAN = re.compile(r"(?:1 )?[2-9]\d\d [2-9]\d\d[ -]\d{4}")
BRACKETS = re.compile(r"\(0?\d{1,4}\)[ /-]?\d[\d .–-]{4,12}\d")
SUM = re.compile(r"\+ \d+")
FAKE = re.compile(r"\+1 555 \d{3} \d{4}")  # what fake.py writes; area code 555 is given to nobody
SHORTEST, LONGEST = 7, 15  # digits; E.164 allows 15


def phones(text: str) -> Iterator[Span]:
    for match in CANDIDATE.finditer(text):
        if PAIRS.fullmatch(match[0]):
            continue
        start, end = match.start(), match.start("extension") if match["extension"] else match.end()
        if text[start] == "(" and text.count("(", start, end) > text.count(")", start, end):
            start += 1  # the bracket is of the sentence
        for _ in range(3):  # “call 020 … … 24 hours a day”: the last group may belong to what follows
            written = text[start:end]
            digits = re.sub(r"\D", "", written)
            if len(digits) < SHORTEST:
                break
            if len(digits) <= LONGEST + 2 and is_phone(text, start, written, digits):
                end = match.end() if end == match.start("extension") else end
                yield Span(start, end, "phone", text[start:end])
                break
            end = start + len(re.sub(r"[ /]+[^ /]*\Z", "", written))


def is_phone(text: str, start: int, written: str, digits: str) -> bool:
    if "+" in written:
        # “3 + 62426244000” is a sum.
        made_up_or_sum = FAKE.fullmatch(written) or SUM.fullmatch(written)
        return not made_up_or_sum and exists("+" + digits, phone_near(text, start, start + len(written)))
    if (
        digits.startswith("0000")
        or DATE.search(written)
        or YEARS.fullmatch(written)
        or SOCIAL_SECURITY.fullmatch(written)
        or DECIMAL.fullmatch(written)
        or ODDS.search(written)
        or is_book(digits, written)
    ):
        return False
    # Alone, only what is written as nothing else is: a leading 0 in groups, or an area code in brackets.
    shaped = AMERICAN.fullmatch(written) is not None or (
        (len(digits) >= 9 and (digits.startswith("0") and not written.isdigit()))
        or BRACKETS.fullmatch(written) is not None
        or SPACED_AMERICAN.fullmatch(written) is not None
    )
    called = phone_near(text, start, start + len(written))
    if not (shaped or called) or SHORT_DATE.fullmatch(written) or named_otherwise(text, start):
        return False
    if AMERICAN.fullmatch(written) or (digits.startswith("00") and exists("+" + digits[2:], called)):
        return True
    if THOUSANDS.fullmatch(written) and len(digits) != 9:
        return False
    return valid_somewhere(digits) or (called and re.fullmatch(r"\d{3}-\d{4}", written) is not None)


def is_book(digits: str, written: str) -> bool:
    """An ISBN of 13 digits, or of 10 in its four groups."""
    from stdnum import isbn

    if len(digits) != 10:
        return len(digits) == 13 and digits.startswith(("978", "979")) and isbn.is_valid(digits)
    return len(re.findall("[ -]", written)) == 3 and isbn.is_valid(digits)


@lru_cache(4096)
def exists(international: str, called: bool) -> bool:
    """Whether a number is in the plan of its country; where it is called a number, the right length is enough."""
    import phonenumbers

    try:
        number = phonenumbers.parse(international, None)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_valid_number(number) or (called and phonenumbers.is_possible_number(number))


@lru_cache(4096)
def valid_somewhere(digits: str) -> bool:
    """Whether a number as dialled within a country exists in the plan of one of them."""
    import phonenumbers

    for region in REGIONS:
        try:
            if phonenumbers.is_valid_number_for_region(phonenumbers.parse(digits, region), region):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False

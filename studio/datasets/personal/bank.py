"""Numbers of payment cards and bank accounts, told from other numbers by their checksums."""

import re
from collections.abc import Iterator

from studio.datasets.personal.context import card_before, named_otherwise
from studio.datasets.personal.span import Span

CARD = re.compile(r"\d(?<![\w.,#$€£/+-].)(?:[ \-.]?\d){11,18}(?![\w%€$£]|[.,/-]\d)")
# First digits and lengths that issuers use (ISO/IEC 7812; ranges as published by the card networks).
ISSUERS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|3(?:0[0-5]|095|[689]\d)\d{11}|3(?:[689])\d{14}"  # Diners Club
    r"|6(?:011|5\d\d|4[4-9]\d)\d{12}"  # Discover
    r"|35\d{14}|(?:1800|2131)\d{11}"  # JCB
    r"|62\d{14,17}"  # UnionPay
    r"|(?:50|5[6-9]|6[37])\d{10,17}|60(?!11)\d{14}"  # Maestro, RuPay
)
# Groups as cards are printed; “4111 11 1111…” is something else.
GROUPS = re.compile(r"(?:\d{4}[ .-]){2,4}\d{1,4}|\d{4}[ .-]\d{6}[ .-]\d{4,5}|\d{4}[ -]\d{5}[ -]\d{6}|\d+")
IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ \-.]?[A-Z0-9]){11,30}", re.IGNORECASE)
HINT = re.compile(r"\d\d(?<=[A-Za-z]{2}..)")  # begins with what is rare, which lets the search skip ahead
SHORTEST_IBAN = 15  # Norway; the longest has 34 characters


def cards(text: str) -> Iterator[Span]:
    from stdnum import luhn

    for match in CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if not ISSUERS.fullmatch(digits) or not GROUPS.fullmatch(match[0]) or not luhn.is_valid(digits):
            continue
        if len(digits) == 13 and not card_before(text, match.start()):
            continue  # no longer issued, and as long as the numbers under bar codes
        if len(set(digits)) > 1 and not named_otherwise(text, match.start()):
            yield Span(match.start(), match.end(), "card", match[0])


def ibans(text: str) -> Iterator[Span]:
    """Account numbers of every country that has them, alone or in groups, whatever word comes after them."""
    if not HINT.search(text):
        return
    from stdnum import iban

    for match in IBAN.finditer(text):
        places = [at for at, character in enumerate(match[0]) if character.isalnum()]
        for length in range(len(places), SHORTEST_IBAN - 1, -1):
            end = places[length - 1] + 1
            after = text[match.start() + end : match.start() + end + 1]
            # National rules within the number are left out: its own checksum and length decide.
            if not after.isalnum() and iban.is_valid(match[0][:end], check_country=False):
                yield Span(match.start(), match.start() + end, "iban", match[0][:end])
                break

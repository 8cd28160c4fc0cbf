"""Find all personal data in one text."""

import re

from studio.datasets.personal.bank import cards, ibans
from studio.datasets.personal.email import emails
from studio.datasets.personal.keys import keys
from studio.datasets.personal.network import addresses
from studio.datasets.personal.phone import phones
from studio.datasets.personal.span import Span

# What cards and telephones need: most texts have too few digits, and are done after this one search.
DIGITS = re.compile(r"\d(?:[^\d\n]?[^\d\n]?[^\d\n]?\d){5}")


def scan(text: str) -> list[Span]:
    """Spans of personal data, in order and never overlapping.

    Where two kinds fit the same place the more specific one wins: a key before an address before a number with a
    checksum before a telephone number. Cost is linear in the length of the text.
    """
    found = [*keys(text), *emails(text)]
    if "." in text or ":" in text:
        found += addresses(text)
    found += ibans(text)
    if DIGITS.search(text):
        found += [*cards(text), *phones(text)]
    if len(found) < 2:
        return found
    kept: list[Span] = []
    for span in found:
        if not any(span.start < other.end and other.start < span.end for other in kept):
            kept.append(span)
    return sorted(kept)

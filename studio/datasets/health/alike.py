"""Texts with what does not matter made alike, and the place where two that are nearly alike differ."""

import unicodedata

from studio.datasets.health.check import quote
from studio.datasets.health.passages import quote_around


def folded(texts: list[str]) -> list[str]:
    """Texts with Unicode forms (NFKC), case and spaces made alike."""
    return [" ".join(unicodedata.normalize("NFKC", text).casefold().split()) for text in texts]


def quoted_apart(one: str, other: str, length: int = 90) -> tuple[str, str]:
    """A piece of each text around the first place where they differ, at most `length` characters in quotation marks.

    From the beginning would not do: long texts that are nearly alike mostly begin alike.
    """
    one, other = (" ".join(text.split()) for text in (one, other))
    if max(len(one), len(other)) <= length:
        return quote(one, length), quote(other, length)
    both = zip(one, other, strict=False)
    at = next((place for place, (a, b) in enumerate(both) if a != b), min(len(one), len(other)))
    first, second = (quote_around(text, at, min(at + 1, len(text)), length // 3, length) for text in (one, other))
    return first, second

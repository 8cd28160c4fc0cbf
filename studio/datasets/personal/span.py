"""A piece of a text that is personal data."""

from typing import Literal, NamedTuple

Kind = Literal["e-mail", "phone", "card", "iban", "ip", "key"]
KINDS: tuple[Kind, ...] = ("e-mail", "phone", "card", "iban", "ip", "key")


class Span(NamedTuple):
    """text is what stands at [start:end) of the scanned text, counted in characters."""

    start: int
    end: int
    kind: Kind
    text: str

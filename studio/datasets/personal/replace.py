"""Replace personal data: with a word in brackets, or with made-up values that anybody sees are made up."""

from collections.abc import Callable, Collection
from functools import partial
from hashlib import blake2b

from studio.datasets.personal.scan import scan
from studio.datasets.personal.span import Kind, Span

PLACEHOLDERS: dict[Kind, str] = {
    "e-mail": "[e-mail]",
    "phone": "[phone]",
    "card": "[card number]",
    "iban": "[IBAN]",
    "ip": "[IP address]",
    "key": "[key]",
}


def placeholder(span: Span) -> str:
    return PLACEHOLDERS[span.kind]


def fake(span: Span, seed: int = 0) -> str:
    """The same value always gets the same fake, however it is spaced; another seed gives other fakes.

    None can belong to anybody: example.com is kept free (RFC 2606), area code 555 is given to no region, no card begins
    with 0, XX is no country, 240.0.0.0/4 and 100::/64 are not in use (RFC 1112, RFC 6666). The scanner knows them.
    """
    plain = span.text.lower() if span.kind != "key" else span.text
    if span.kind in ("phone", "card", "iban"):
        plain = "".join(filter(str.isalnum, plain))
    digest = blake2b(f"{seed}:{span.kind}:{plain}".encode(), digest_size=8).digest()
    number = f"{int.from_bytes(digest) % 10**12:012d}"
    return FAKES[span.kind](span, digest, number)


FAKES: dict[Kind, Callable[[Span, bytes, str], str]] = {
    "e-mail": lambda span, digest, number: f"person-{digest.hex()[:8]}@example.com",
    "phone": lambda span, digest, number: f"+1 555 {number[:3]} {number[3:7]}",
    "card": lambda span, digest, number: f"0000 {number[:4]} {number[4:8]} {number[8:]}",
    "iban": lambda span, digest, number: f"XX00TEST{number}",
    "ip": lambda span, digest, number: (
        f"100::{digest.hex()[:4]}:{digest.hex()[4:8]}"
        if ":" in span.text
        else f"24{digest[0] % 6}.{digest[1]}.{digest[2]}.{digest[3]}"
    ),
    "key": lambda span, digest, number: f"fake-key-{digest.hex()}",
}


def replacer(kinds: Collection[Kind], seed: int | None = None) -> Callable[[str], str]:
    """A function that replaces data of these kinds in a text: with fakes where a seed is given, else placeholders."""
    new = placeholder if seed is None else partial(fake, seed=seed)

    def change(text: str) -> str:
        for span in reversed(scan(text)):
            if span.kind in kinds:
                text = text[: span.start] + new(span) + text[span.end :]
        return text

    return change


def masked(span: Span) -> str:
    """The value half hidden, for showing it: “ja…@…com”, “+49…”."""
    if span.kind == "e-mail":
        name, _, domain = span.text.partition("@")
        return f"{name[:2] if len(name) > 3 else name[:1]}…@…{domain.rsplit('.', 1)[-1]}"
    return f"{span.text[:3]}…"

"""IP addresses of both versions."""

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from studio.datasets.personal.span import Span

# Patterns begin with what is rare, and look behind after it: that lets the search skip ahead.
V4 = re.compile(r"\d(?<![\w.].)\d{0,2}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\w]|\.\d|-\w)")
V6_HINT = re.compile(r":[0-9a-f]{0,4}:", re.IGNORECASE)
V6 = re.compile(r"(?<![\w:.])(?=[0-9a-f:]{0,40}[0-9])[0-9a-f]{0,4}:[0-9a-f:]{2,38}(?:\.\d{1,3}){0,3}(?![\w]|:\w)", re.I)
# Four numbers with dots that are not an address are nearly always one of these.
VERSION = re.compile(
    r"(?:\b(?:v(?:er(?:sion|sión)?)?\.?|release|build|firmware|driver|update|upgrade[ds]? (?:to|from)|section|chapter"
    r"|clause|paragraph|artic(?:le|ulo)|kapitel|abschnitt|chapitre)|§|[=~<>^]=?)\s{0,2}\Z",
    re.IGNORECASE,
)
TALKS_OF_IT = re.compile(
    r"\b(?:ips?|ipv4|address|adresse|server|host|ping|ssh|from|gateway|dns|subnet)\b", re.IGNORECASE
)


def addresses(text: str) -> Iterator[Span]:
    """Addresses of somebody's machine. Not those that stand for this machine, for none, or for a mask."""
    for match in V4.finditer(text):
        if not any(len(part) > 1 and part[0] == "0" for part in match[0].split(".")) and is_v4(text, match):
            yield Span(match.start(), match.end(), "ip", match[0])
    if not V6_HINT.search(text):
        return
    for match in V6.finditer(text):
        written = match[0] if match[0].endswith("::") else match[0].rstrip(":")
        if is_v6(written):
            yield Span(match.start(), match.start() + len(written), "ip", written)


def is_v4(text: str, match: re.Match[str]) -> bool:
    try:
        address = IPv4Address(match[0])
    except AddressValueError:
        return False
    # 224 and above is for groups, masks and nobody; fake.py takes its addresses from there.
    if address.is_loopback or address.is_unspecified or address.packed[0] == 0 or address.packed[0] >= 224:
        return False
    before = text[max(0, match.start() - 24) : match.start()]
    if VERSION.search(before):
        return False
    # “1.2.3.4” alone is more often a version or a heading.
    return max(address.packed) >= 20 or bool(TALKS_OF_IT.search(before))


def is_v6(written: str) -> bool:
    try:
        address = IPv6Address(written)
    except AddressValueError:
        return False
    if address.is_loopback or address.is_unspecified or address.packed[0] == 1:  # 100::/64, where fake.py takes from
        return False
    # “a::b2” is a name in some programming languages; addresses in use begin with three or four digits.
    return len(written.split(":", 1)[0]) >= 3 or written.count(":") == 7

"""E-mail addresses."""

import re
from collections.abc import Iterator

from studio.datasets.personal.span import Span

# A local part has at most 64 characters and a label of a domain 63 (RFC 5321, RFC 1035); the look-behind lets a match
# begin only where a word begins, which keeps the search linear.
EMAIL = re.compile(
    r"(?<![\w.+%&*=~-])[\w.+%&'*=~-]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}"
    r"(?:xn--[a-z0-9-]{2,30}|[^\W\d_]{2,24})(?![\w@]|-\w)",
    re.IGNORECASE,
)
# “icon@2x.png” is a file, “git@github.com:me/it” and “uuid@host.internal:22” are places.
FILES = re.compile(r"\.(?:png|jpe?g|gif|svg|webp|css|js|mjs|ts|json|html?|py|md|txt)\Z", re.IGNORECASE)
USER_NAME = re.compile(r"://[^\s/@]{0,80}\Z")  # “ftp://anna:secret@ftp.host” is a place, too
# What an example wants the reader to put in; nobody is called so.
TO_FILL_IN = re.compile(
    r"your?[._-]?(?:e?-?mail|name|user|id|account|address|login)?[._-]?(?:address|name|id|here)?@"
    r"|[^@]+@your[._-]?(?:domain|company|site|website|shop|store|business|firm|server|host|mail|email|provider)\."
    r"|(?:recipient|receiver|sender|someone|somebody|username|name|e?-?mail|address)@example\.(?:com|net|org)\Z",
    re.IGNORECASE,
)
FAKE = re.compile(r"person-[0-9a-f]{8}@example\.com\Z|fake-key-")  # what fake.py writes


def emails(text: str) -> Iterator[Span]:
    if "@" not in text:
        return
    for match in EMAIL.finditer(text):
        address = match[0].lstrip(".'*=&~-")
        start = match.end() - len(address)
        if address.startswith("@") or any(one.match(address) for one in (FAKE, TO_FILL_IN)) or FILES.search(address):
            continue
        git = address.startswith("git@") and text[match.end() : match.end() + 1] in ("/", ":")
        if git or USER_NAME.search(text, max(0, start - 90), start):
            continue
        yield Span(start, match.end(), "e-mail", address)

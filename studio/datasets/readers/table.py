"""What every reader returns, and the text decoding that the readers of text formats share."""

from dataclasses import dataclass, field

import pandas
from charset_normalizer import from_bytes

from studio.errors import StudioError

BYTE_ORDER_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
PLAIN_NAMES = {"utf-8-sig": "UTF-8", "utf-8": "UTF-8", "ascii": "UTF-8", "cp1252": "Windows-1252 (Western)"}


@dataclass
class Table:
    """The rows of a file: every cell is a str, "" where the file has nothing."""

    frame: pandas.DataFrame
    format: str
    encoding: str
    notes: list[str] = field(default_factory=list)


def decode(data: bytes, name: str) -> tuple[str, str]:
    """The text of a file and the plain name of its encoding.

    UTF-8 is taken at its word; anything else is guessed from the letters and must survive a check.
    Raises StudioError when no encoding makes sense of it.
    """
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            try:
                return data.decode(encoding), PLAIN_NAMES.get(encoding, encoding.upper())
            except UnicodeDecodeError:
                break
    try:
        text = data.decode("utf-8")
        encoding = "utf-8"
    except UnicodeDecodeError:
        guess = guess_encoding(data[:2_000_000])
        if guess is None:
            raise StudioError(
                f"The letters of {name} could not be read: it is neither UTF-8 nor any encoding that we know.",
                "Open it in the program it came from and save it as CSV (UTF-8).",
            ) from None
        encoding = guess
        text = data.decode(encoding, errors="replace")
    if "\x00" in text:
        raise StudioError(
            f"{name} is not a text file, although its name says so.",
            "Open it in the program it came from and save it as CSV (UTF-8).",
        )
    return text, PLAIN_NAMES.get(encoding, encoding.upper().replace("_", "-"))


def guess_encoding(data: bytes) -> str | None:
    """The likeliest encoding of text that is not UTF-8; None when no encoding makes sense of it.

    Where the letters alone do not decide, it is Windows-1252, which most Western programs write.
    """
    matches = from_bytes(data)
    best = matches.best()
    if best is None:
        return None
    western = next((match for match in matches if match.encoding == "cp1252"), best)
    as_good = western.chaos <= best.chaos and western.coherence >= best.coherence
    return western.encoding if as_good else best.encoding


def guess_note(encoding: str) -> list[str]:
    """What to say about an encoding that was guessed."""
    if encoding.startswith("UTF"):
        return []
    return [f"The letters are not UTF-8. We read them as {encoding}; please check accents and signs below."]


def as_text(frame: pandas.DataFrame) -> pandas.DataFrame:
    """Every cell as str, missing ones as ""."""
    return frame.astype(object).where(frame.notna(), "").astype(str)


def valid(text: str) -> str:
    """Text without lone surrogates, which JSON can hold and neither Parquet nor a browser can."""
    return text.encode("utf-8", "replace").decode("utf-8")

"""Text files of any encoding, read line by line: what the readers of text formats share."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO

from charset_normalizer import from_bytes

from studio.datasets.readers.table import MAX_CELL
from studio.errors import StudioError

BYTE_ORDER_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
PLAIN_NAMES = {"utf-8-sig": "UTF-8", "utf-8": "UTF-8", "ascii": "UTF-8", "cp1252": "Windows-1252 (Western)"}
BLOCK = 1 << 20
SAMPLE = 400_000  # bytes from which an encoding is guessed
WESTERN = "cp1252"
MARGIN = 0.1  # of coherence, 0 to 1: on a few lines of text the measure is no finer than that
SAVE_AS = "Open it in the program it came from and save it as CSV (UTF-8)."


@dataclass
class Text:
    """An open text file. `encoding` is a plain name, `notes` say what was guessed, `line` counts lines read.

    `letters` counts the letters of those lines, so that a reader can end a chunk before it grows too big.
    long_line: the number of the first line that is too long to be one of a table, None when there is none.
    """

    name: str
    file: TextIOWrapper
    binary: BinaryIO
    size: int
    encoding: str
    notes: list[str] = field(default_factory=list)
    long_line: int | None = None
    line: int = 0
    letters: int = 0

    def lines(self) -> Iterator[str]:
        """Every line with its end. Raises StudioError at one that is too long to be a line of rows."""
        readline = self.file.readline
        while line := readline(MAX_CELL):
            self.line += 1
            self.letters += len(line)
            if len(line) == MAX_CELL:
                raise too_long(self.name, self.line)
            yield line

    def share(self) -> float:
        """How much of the file has been read, 0 to 1."""
        return 1.0 if self.binary.closed else min(1.0, self.binary.tell() / max(self.size, 1))


def too_long(name: str, line: int) -> StudioError:
    return StudioError(
        f"Line {line:,} of {name} is longer than {MAX_CELL // 1_000_000} million letters.",
        "Check that the file has line breaks between its rows, and bring it again.",
    )


@dataclass
class Survey:
    """What one look at all bytes tells. fault: place of about the first letter that is not valid, None without."""

    fault: int | None = None
    long_line: int | None = None


def open_text(path: Path, name: str) -> Text:
    """Open a text file in its encoding; line ends are left as they are.

    UTF-8 is taken at its word; anything else is guessed from the letters. Raises StudioError when no encoding makes
    sense of it, or when it is no text.
    """
    encoding, notes, long_line = find_encoding(path, name)
    binary = path.open("rb")
    file = TextIOWrapper(binary, encoding=encoding, errors="replace", newline="")
    plain = PLAIN_NAMES.get(encoding, encoding.upper().replace("_", "-"))
    return Text(name, file, binary, path.stat().st_size, plain, notes, long_line)


def find_encoding(path: Path, name: str) -> tuple[str, list[str], int | None]:
    """The codec of a text file, what to say about it, and a line that is too long. Reads it once, 1 MB at a time."""
    with path.open("rb") as file:
        start = file.read(4)
        marked = next((codec for mark, codec in BYTE_ORDER_MARKS.items() if start.startswith(mark)), "")
        file.seek(0)
        found = survey(file, marked or "utf-8", name)
        long_line = found.long_line
        if found.fault is None:
            return marked or "utf-8", [], long_line
        if marked:
            return marked, [damaged(PLAIN_NAMES.get(marked, marked.upper()))], long_line
        file.seek(max(0, found.fault - SAMPLE // 2))
        sample = file.read(SAMPLE)
    if mostly_utf8(sample):
        return "utf-8", [damaged("UTF-8")], long_line
    guess = guess_encoding(sample)
    if guess is None:
        raise StudioError(
            f"The letters of {name} could not be read: it is neither UTF-8 nor any encoding that we know.", SAVE_AS
        )
    plain = PLAIN_NAMES.get(guess, guess.upper().replace("_", "-"))
    note = f"The letters are not UTF-8. We read them as {plain}; please check accents and signs below."
    return guess, [note], long_line


def damaged(encoding: str) -> str:
    return f"A few letters are not valid {encoding}; they are shown as �."


def survey(file: BinaryIO, encoding: str, name: str) -> Survey:
    """Look at all bytes once.

    Raises StudioError at a NUL, which no text has: the file is something else under a wrong name.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    found = Survey()
    position = line = unbroken = 0
    while block := file.read(BLOCK):
        text = ""
        if found.fault is None:
            try:
                text = decoder.decode(block, final=len(block) < BLOCK)
            except UnicodeDecodeError as error:
                found.fault = position + max(error.start - 4, 0)
        if encoding == "utf-16":
            nul = text.count("\n", 0, text.find("\0")) if "\0" in text else None
        else:
            nul = block.count(b"\n", 0, block.find(b"\0")) if b"\0" in block else None
        if nul is not None:
            raise StudioError(
                f"{name} is not a text file, although its name says so: line {line + nul + 1:,} holds a NUL sign.",
                SAVE_AS,
            )
        unbroken = 0 if b"\n" in block or b"\r" in block else unbroken + len(block)
        if unbroken >= MAX_CELL and found.long_line is None:
            found.long_line = line + 1
        line += block.count(b"\n")
        position += len(block)
    return found


def mostly_utf8(sample: bytes) -> bool:
    """Whether this is UTF-8 with a few damaged letters, and not another encoding."""
    text = sample.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    beyond_ascii = sum(not letter.isascii() for letter in text) - broken
    return beyond_ascii > 10 * broken or (broken == 1 and text.endswith("\ufffd") and len(sample) < SAMPLE)


def guess_encoding(data: bytes) -> str | None:
    """The likeliest encoding of text that is not UTF-8; None when no encoding makes sense of it.

    Where the letters alone do not decide, it is Windows-1252, which most Western programs write.
    """
    # Plain ASCII lines say nothing, and many of them drown the few that do.
    matches = from_bytes(b"\n".join(line for line in data.splitlines() if not line.isascii()))
    best = matches.best()
    if best is None:
        matches = from_bytes(data)
        best = matches.best()
    if best is None:
        return None
    if WESTERN in best.could_be_from_charset:  # the two read these letters alike
        return WESTERN
    western = next((match for match in matches if match.encoding == WESTERN), None)
    as_good = western is not None and western.chaos <= best.chaos and western.coherence >= best.coherence - MARGIN
    return WESTERN if as_good else best.encoding

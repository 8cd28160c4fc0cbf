"""JSON: a list of objects, or an object that holds such a list, read entry by entry in bounded memory."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pandas

from studio.datasets.readers import jsonl
from studio.datasets.readers.jsonl import NotARow, Objects
from studio.datasets.readers.table import CHUNK, CHUNK_LETTERS, FIRST_CHUNK, MAX_CELL, Opened, drop
from studio.datasets.readers.text import Text, open_text
from studio.errors import StudioError

OPEN, CLOSE = [ord("["), ord("{")], [ord("]"), ord("}")]
# Any escape of JSON, read in order, so that a backslash that is itself escaped begins none.
ESCAPE = re.compile(r"\\(?:u([dD][89a-fA-F][0-9a-fA-F]{2})(\\u[dD][c-fC-F][0-9a-fA-F]{2})?|.)", re.DOTALL)
MAX_DEPTH = 2_000  # Python's own JSON gives up at about 1,000
LOCATE_UP_TO = 50_000_000  # bytes of a file that is read whole to say where it breaks
ADVICE = 'It should hold a list of rows: [{"question": "...", "answer": "..."}, ...].'
MEND = "Export it again from the program it came from, or mend that place, and bring it again."


def open_file(path: Path, name: str) -> Opened:
    """Rows of a .json or .jsonl file, whichever of the two it really is."""
    text = open_text(path, name)
    start = text.file.read(100_000).lstrip("\ufeff \t\r\n")
    text.file.close()
    rows_in_list = start.startswith("[") and start[1:].lstrip().startswith("{")
    named_lines = name.lower().endswith((".jsonl", ".ndjson"))
    if (named_lines and not rows_in_list) or is_lines(start):
        return jsonl.open_file(path, name)
    if start[:1] not in ("[", "{"):
        raise StudioError(f"{name} is not valid JSON: line 1 begins with neither [ nor {{.", ADVICE)
    place, left = ("item", []) if start.startswith("[") else find_list(path, name)
    text = open_text(path, name)
    opened = Opened("JSON", text.encoding, iter(()), text.notes, share=text.share)
    for key, entries in left:
        opened.notes.append(f"Only the longest list was read; “{key}” with {entries:,} entries was left out.")
    opened.chunks = chunks(path, text, place, opened)
    return opened


def is_lines(start: str) -> bool:
    """Whether this is one object a line, whatever the file is called."""
    first, _, rest = start.partition("\n")
    try:
        return isinstance(json.loads(first), dict) and rest.lstrip().startswith("{")
    except (ValueError, RecursionError):
        return False


def mended(escape: re.Match[str]) -> str:
    """An escape as it is, or "?" for a half of a letter that stands alone."""
    first, second = escape.groups()
    if first is None or (first[1] in "89abAB" and second):
        return escape[0]
    return "??" if second else "?"


class Bytes:
    """What ijson reads from: UTF-8, whatever the file's encoding, and never too much for one entry."""

    def __init__(self, text: Text) -> None:
        self.text, self.since, self.entry, self.first, self.depth = text, 0, 1, True, 0

    def read(self, size: int) -> bytes:
        if size == 0:
            return b""
        letters = self.text.file.read(size)
        if self.first:
            letters, self.first = letters.removeprefix("\ufeff"), False
        self.since += len(letters)
        if self.since > 4 * MAX_CELL:
            raise StudioError(
                f"Entry {self.entry:,} of {self.text.name} is longer than {4 * MAX_CELL // 1_000_000} million letters.",
                ADVICE,
            )
        data = self.without_lone_surrogates(letters).encode("utf-8", "replace")
        self.check_depth(data)
        return data

    def without_lone_surrogates(self, letters: str) -> str:
        """JSON can write half a letter, such as \\ud800 alone; ijson would give up the whole file for one."""
        for _ in range(1000):  # an escape must not be cut in two by the end of the block
            more = self.text.file.read(64) if "\\" in letters[-12:] else ""
            if not more:
                break
            letters += more
        return ESCAPE.sub(mended, letters) if "\\ud" in letters or "\\uD" in letters else letters

    def check_depth(self, data: bytes) -> None:
        """Raise StudioError at brackets nested without end: what ijson builds of them takes quadratic time.

        Those inside texts are counted too, which is why the count begins anew at each entry.
        """
        signs = numpy.frombuffer(data, dtype="uint8")
        steps = numpy.isin(signs, OPEN).astype("int32") - numpy.isin(signs, CLOSE)
        depths = steps.cumsum() + self.depth
        if len(depths) and depths.max() > MAX_DEPTH:
            raise StudioError(
                f"Entry {self.entry:,} of {self.text.name} or one soon after it is nested too deeply "
                f"(more than {MAX_DEPTH:,} brackets).",
                ADVICE,
            )
        self.depth = max(int(depths[-1]), 0) if len(depths) else self.depth

    def next_entry(self) -> None:
        self.since = self.depth = 0
        self.entry += 1


def find_list(path: Path, name: str) -> tuple[str, list[tuple[str, int]]]:
    """Where in the outer object the longest list of rows is, as ijson's prefix, and what other lists there are."""
    import ijson

    counts: dict[str, int] = {}
    source = Bytes(open_text(path, name))
    try:
        for prefix, event, _ in ijson.parse(source, use_float=True):
            source.since = 0
            if event == "start_map" and prefix.endswith(".item") and prefix.count(".") <= 2:
                source.next_entry()
                counts[prefix] = counts.get(prefix, 0) + 1
    except (ijson.JSONError, ValueError) as error:
        raise broken(path, name, source.entry, error) from error
    finally:
        source.text.file.close()
    # A list inside a list's entries is part of a row.
    lists = {p: n for p, n in counts.items() if ".item." not in p and not p.startswith("item.")}
    if not lists:
        raise StudioError(f"{name} holds no list of rows: line 1 begins an object without one.", ADVICE)
    longest = max(lists, key=lambda prefix: lists[prefix])
    return longest, [(p.removesuffix(".item"), n) for p, n in lists.items() if p != longest]


def chunks(path: Path, text: Text, place: str, opened: Opened) -> Iterator[pandas.DataFrame]:
    import ijson

    rows, source, size, total = Objects(text.name), Bytes(text), FIRST_CHUNK, 0
    entries: Iterator[Any] = ijson.items(source, place, use_float=True)
    try:
        for number, entry in enumerate(entries, 1):
            total += source.since
            source.next_entry()
            try:
                rows.add(entry)
            except (NotARow, ValueError, RecursionError) as error:
                drop(opened.dropped, number, jsonl.reason(error), repr(entry)[:500] if flat(entry) else "")
            if len(rows) >= size or total > CHUNK_LETTERS:
                yield rows.take()
                size, total = CHUNK, 0
    except (ijson.JSONError, ValueError) as error:
        raise broken(path, text.name, source.entry, error) from error
    finally:
        text.file.close()
    yield rows.take()


def flat(entry: Any) -> bool:
    return not isinstance(entry, list | dict)


def broken(path: Path, name: str, entry: int, error: Exception) -> StudioError:
    """The sentence for JSON that breaks off or is wrong somewhere: the line where that is known, else the entry."""
    if path.stat().st_size <= LOCATE_UP_TO:
        text = open_text(path, name)
        try:
            json.loads(text.file.read().lstrip("\ufeff"))
        except json.JSONDecodeError as found:
            return StudioError(f"Line {found.lineno:,} of {name} is not valid JSON ({found.msg}).", MEND)
        except RecursionError:
            return StudioError(f"Line 1 of {name} is not a row: its JSON is nested too deeply.", ADVICE)
        except ValueError:
            return StudioError(f"Entry {entry:,} of {name} holds a number that is too long.", MEND)
        finally:
            text.file.close()
    return StudioError(f"Entry {entry:,} of {name} is not valid JSON ({str(error).splitlines()[0][:100]}).", MEND)

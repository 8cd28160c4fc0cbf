"""Plain text and Markdown, and the table that every reader of documents makes: columns `document` and `text`."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from statistics import median

import pandas

from studio.datasets.readers.table import CHUNK, CHUNK_LETTERS, FIRST_CHUNK, MAX_CELL, Opened, frame_of
from studio.datasets.readers.text import Text, open_text

COLUMNS = ["document", "text"]
SAMPLE_LINES = 200
LONG_LINE = 200  # letters: a line that is longer is a paragraph or more
FEWEST_LINES = 5


def document_frame(rows: list[list[str]], name: str) -> pandas.DataFrame:
    """A chunk of documents; those without a letter are left out."""
    return frame_of(COLUMNS, [row for row in rows if row[1].strip()], name)


def open_file(path: Path, name: str) -> Opened:
    """A .txt or .md file: one document, or one a line where every line is a long text of its own."""
    text = open_text(path, name)
    lines = text.lines()
    head = list(islice(lines, SAMPLE_LINES))
    markdown = name.lower().endswith((".md", ".markdown"))
    opened = Opened("Markdown" if markdown else "Plain text", text.encoding, iter(()), text.notes, share=text.share)
    if not markdown and one_a_line(head):
        opened.format = "Plain text, one document a line"
        opened.chunks = line_chunks(text, head, lines)
    else:
        opened.chunks = whole(text, head, lines, opened)
    return opened


def one_a_line(head: list[str]) -> bool:
    """Whether each line is a document: no blank lines between them, and most of them long."""
    return (
        len(head) >= FEWEST_LINES
        and all(line.strip() for line in head)
        and median(len(line) for line in head) >= LONG_LINE
    )


def line_chunks(text: Text, head: list[str], lines: Iterator[str]) -> Iterator[pandas.DataFrame]:
    rows: list[list[str]] = []
    size = FIRST_CHUNK
    for number, line in enumerate(joined(head, lines), 1):
        rows.append([f"{text.name}, line {number}", line.strip()])
        if len(rows) >= size or text.letters > CHUNK_LETTERS:
            yield document_frame(rows, text.name)
            rows, size, text.letters = [], CHUNK, 0
    yield document_frame(rows, text.name)
    text.file.close()


def whole(text: Text, head: list[str], lines: Iterator[str], opened: Opened) -> Iterator[pandas.DataFrame]:
    """One document; one that is too long for a cell is cut at a line end, into rows that follow each other."""
    part: list[str] = []
    length = cuts = 0
    for line in joined(head, lines):
        if length + len(line) > MAX_CELL:
            yield document_frame([[text.name, tidy(part)]], text.name)
            part, length, cuts = [], 0, cuts + 1
        part.append(line)
        length += len(line)
    yield document_frame([[text.name, tidy(part)]], text.name)
    text.file.close()
    if cuts:
        opened.notes.append(f"The text is very long, so it was cut into {cuts + 1:,} rows.")


def joined(head: list[str], lines: Iterator[str]) -> Iterator[str]:
    yield from head
    yield from lines


def tidy(lines: list[str]) -> str:
    return "".join(lines).replace("\r\n", "\n").replace("\r", "\n").strip()

"""PDF: one document, its pages joined."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pandas

from studio.datasets.readers.documents import document_frame
from studio.datasets.readers.table import MAX_CELL, Opened
from studio.errors import StudioError

PAGES_AT_ONCE = 10  # then the reader comes up for air, so that a long wait can be cancelled
MAX_PAGES = 20_000


def open_file(path: Path, name: str) -> Opened:
    """The text of a PDF. Raises StudioError when it is locked or has no text, as a scanned one."""
    import pypdf
    from pypdf.errors import PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # each odd object would be a line in the log
    try:
        reader = pypdf.PdfReader(path)
        locked = reader.is_encrypted and not reader.decrypt("")
        pages = 0 if locked else len(reader.pages)
    except (pypdf.errors.DependencyError, NotImplementedError):
        locked, pages = True, 0
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StudioError(
            f"{name} is damaged, or not a PDF ({str(error)[:100].rstrip('.')}).",
            "Open it, print it to a new PDF file, and bring that.",
        ) from error
    if locked:
        raise StudioError(
            f"{name} is encrypted, so its text cannot be read.",
            "Open it with its password, print it to a new PDF file, and bring that.",
        )
    opened = Opened("PDF", "", iter(()))
    done = [0]
    opened.share = lambda: done[0] / max(pages, 1)
    opened.chunks = chunks(reader, name, min(pages, MAX_PAGES), opened, done)
    return opened


def chunks(reader: object, name: str, pages: int, opened: Opened, done: list[int]) -> Iterator[pandas.DataFrame]:
    texts: list[str] = []
    unreadable: list[int] = []
    for number in range(pages):
        try:
            texts.append(reader.pages[number].extract_text().strip())  # type: ignore[attr-defined]
        except Exception:  # whatever a damaged page makes the library raise, the other pages may be well
            unreadable.append(number + 1)
        done[0] = number + 1
        if number % PAGES_AT_ONCE == PAGES_AT_ONCE - 1:
            yield document_frame([], name)
        if sum(map(len, texts)) > MAX_CELL:
            raise StudioError(f"{name} holds more than {MAX_CELL // 1_000_000} million letters.", "Split it in parts.")
    if unreadable:
        shown = ", ".join(map(str, unreadable[:10])) + (" and more" if len(unreadable) > 10 else "")
        opened.notes.append(f"{len(unreadable):,} of {pages:,} pages could not be read and were left out: {shown}.")
    empty = pages - len(unreadable) - sum(bool(text) for text in texts)
    if not any(texts):
        raise StudioError(
            f"{name} has {pages:,} pages but no text that can be read: they are probably scanned pictures.",
            "Run it through a text recognition (OCR) program first, and bring the result.",
        )
    if empty:
        opened.notes.append(f"{empty:,} of {pages:,} pages hold no text (pictures, perhaps).")
    yield document_frame([[name, join_pages(texts)]], name)


def join_pages(texts: list[str]) -> str:
    """Pages as one text: a sentence or a word that runs over the page's end is put together again."""
    whole = ""
    for text in filter(None, texts):
        if re.search(r"[a-zà-ÿ]-$", whole) and text[:1].islower():
            whole = whole[:-1] + text
        elif whole and (whole[-1].isalnum() or whole[-1] in ",;") and text[:1].islower():
            whole += " " + text
        else:
            whole += ("\n\n" if whole else "") + text
    return whole

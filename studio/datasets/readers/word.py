"""Word documents (.docx): one document, with headings, lists and tables as readable text."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas

from studio.datasets.readers.documents import document_frame
from studio.datasets.readers.package import check_package
from studio.datasets.readers.table import Opened
from studio.errors import StudioError

MAX_DEPTH = 20  # tables inside tables


def open_file(path: Path, name: str) -> Opened:
    """The text of a Word document: headings marked as in Markdown, a table one line a row."""
    from docx import Document
    from lxml.etree import LxmlError

    check_package(path, name, "word/", "a Word document")
    try:
        document = Document(str(path))
    except (LxmlError, ValueError, KeyError, AttributeError, TypeError, OSError) as error:
        raise StudioError(f"{name} is damaged: Word's own parts are missing in it.", "Save it anew in Word.") from error
    opened = Opened("Word", "", iter(()))

    def chunks() -> Iterator[pandas.DataFrame]:
        title = (document.core_properties.title or "").strip()
        text = "\n\n".join(filter(None, (block_text(block) for block in document.iter_inner_content())))
        if not text.strip():
            raise StudioError(f"{name} holds no text.", "Choose a document with text in it.")
        yield document_frame([[title or name, text]], name)
        opened.share = lambda: 1.0

    opened.chunks = chunks()
    return opened


def block_text(block: Any, depth: int = 0) -> str:
    """A paragraph or a table as text."""
    if hasattr(block, "rows"):
        return "\n".join(filter(None, (row_text(row, depth) for row in block.rows)))
    text: str = block.text.strip()
    style = (block.style.name or "") if text and block.style is not None else ""
    if style == "Title":
        return f"# {text}"
    if style.startswith("Heading ") and style[8:].isdigit():
        return f"{'#' * int(style[8:][:1])} {text}"
    return f"- {text}" if text and style.startswith("List") else text


def row_text(row: Any, depth: int) -> str:
    """The cells of a row; a cell that spans several columns comes once."""
    seen: list[Any] = []
    cells = []
    for cell in row.cells:
        if any(cell._tc is other for other in seen):
            continue
        seen.append(cell._tc)
        blocks = cell.iter_inner_content() if depth < MAX_DEPTH else ()
        cells.append(" ".join(filter(None, (block_text(block, depth + 1) for block in blocks))))
    return " | ".join(cells) if any(cells) else ""

"""HTML pages: one document, with headings, lists and tables as readable text; scripts and styles are left out."""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

import pandas

from studio.datasets.readers.documents import document_frame
from studio.datasets.readers.table import MAX_CELL, Opened
from studio.datasets.readers.text import open_text
from studio.errors import StudioError


def open_file(path: Path, name: str) -> Opened:
    """The text of a page, under its title. Raises StudioError when it is too long or shows no text."""
    text = open_text(path, name)
    page = text.file.read(MAX_CELL + 1)
    text.file.close()
    encoding, notes = text.encoding, text.notes
    declared = declared_encoding(page)
    if notes and declared:  # the page says what its letters are, so nothing has to be guessed
        page, encoding, notes = path.read_bytes().decode(declared, "replace"), declared.upper(), []
    if len(page) > MAX_CELL:
        raise StudioError(f"{name} is longer than {MAX_CELL // 1_000_000} million letters.", "Split it in parts.")
    opened = Opened("HTML", encoding, iter(()), notes)

    def chunks() -> Iterator[pandas.DataFrame]:
        title, body = title_and_text(page)
        if not body:
            raise StudioError(f"{name} shows no text.", "Choose a page with text in it.")
        yield document_frame([[title or name, body]], name)
        opened.share = lambda: 1.0

    opened.chunks = chunks()
    return opened


def declared_encoding(page: str) -> str:
    """The encoding that a page names in its head; "" when there is none that we know."""
    found = re.search(r"<meta[^>]{0,200}charset=[\"']?([\w-]{2,20})", page[:4096], re.IGNORECASE)
    try:
        return codecs.lookup(found[1]).name if found else ""
    except LookupError:
        return ""


def title_and_text(page: str) -> tuple[str, str]:
    from inscriptis.css_profiles import CSS_PROFILES
    from inscriptis.html_engine import Inscriptis
    from inscriptis.model.config import ParserConfig
    from lxml.etree import LxmlError
    from lxml.html import document_fromstring

    page = re.sub(r"^\s*<\?xml[^>]*\?>", "", page.lstrip("\ufeff"))
    try:
        tree = document_fromstring(page)
        title = " ".join((tree.findtext(".//title") or "").split())
        for hidden in tree.xpath("//script | //style | //noscript | //template | //head | //svg"):
            hidden.drop_tree()
        for level, heading in [(int(h.tag[1]), h) for h in tree.xpath("//h1|//h2|//h3|//h4|//h5|//h6")]:
            heading.text = f"{'#' * level} {(heading.text or '').lstrip()}"
        text = Inscriptis(tree, ParserConfig(css=CSS_PROFILES["strict"])).get_text()
    except LxmlError:
        return "", ""
    lines = [line.rstrip() for line in text.splitlines()]
    return title, re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()

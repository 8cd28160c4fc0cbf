"""Long documents cut into passages at the ends of sentences."""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from semantic_text_splitter import TextSplitter

# The scripts that write no spaces between words; there any place between two letters ends a word.
SPACELESS = "\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
WORD_ENDS = re.compile(rf"[^\W{SPACELESS}]\Z")
WORD_BEGINS = re.compile(rf"[^\W{SPACELESS}]")


def passages(text: str, length: int) -> list[str]:
    """The text as pieces of at most `length` characters, in order; blank text gives none.

    A piece ends with a paragraph where it can, otherwise with a sentence, otherwise (a sentence longer than `length`)
    with a word. Only a single word that is longer than `length` makes a longer piece. Sentences and words end where
    Unicode says so (Standard Annex 29). Nothing but the space around the pieces is lost.
    """
    if len(text) <= length:
        return [text.strip()] if text.strip() else []
    pieces: list[str] = []
    for piece in splitter(length).chunks(text):
        if pieces and WORD_ENDS.search(pieces[-1]) and WORD_BEGINS.match(piece):
            pieces[-1] += piece
        else:
            pieces.append(piece)
    return [piece.strip() for piece in pieces if piece.strip()]


@lru_cache(maxsize=4)
def splitter(length: int) -> "TextSplitter":
    from semantic_text_splitter import TextSplitter

    return TextSplitter(length, trim=False)

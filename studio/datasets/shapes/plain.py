"""Plain text to learn the language of: documents, cut into passages where they are long."""

from pathlib import PurePath

from studio.datasets.passages import passages
from studio.datasets.shapes.head import Head
from studio.datasets.shapes.labels import NO_TEXT
from studio.datasets.shapes.mapping import Cells, Fields, Guess, Mapping, Role, Shape, Unusable
from studio.datasets.shapes.names import NAMES

DOCUMENTS = {".txt", ".md", ".markdown", ".pdf", ".docx", ".html", ".htm"}


def recognise(head: Head) -> Guess | None:
    """The column called a document, else the one with the longest texts."""
    texts = head.texts()
    named = head.find("document", lambda look: look.texty)
    text = named or max(texts, key=lambda column: head.looks[column].length, default="")
    if not text:
        return None
    reason = f"“{text}” holds texts of {head.looks[text].length:,.0f} characters on average, "
    reason += "and no other column looks like an answer or a group. Long ones are cut at the ends of sentences."
    document = PurePath(head.name).suffix.lower() in DOCUMENTS
    mapping = Mapping(kind="text", shape="plain_text", columns={"text": text})
    return Guess(
        mapping, reason, document or not any(says_more(head, column) for column in head.columns if column != text)
    )


def says_more(head: Head, column: str) -> bool:
    """Whether a column holds words that may belong to the text, other than its title and where it comes from."""
    look = head.looks[column]
    known = head.plain(column) in NAMES["title"] or column in head.named("group")
    return head.usable(column) and not known and look.distinct > 1 and look.numbers < 0.5 and look.filled > 0.5


def read(cells: Cells, mapping: Mapping) -> list[Fields]:
    """The passages of a document; its number, put in by apply(), keeps them together."""
    pieces = passages(cells["text"], mapping.passage_length)
    if not pieces:
        raise Unusable(NO_TEXT)
    return [{"text": piece} for piece in pieces]


PLAIN_TEXT = Shape(
    "plain_text",
    "Plain text",
    "Documents whose language is to be learned; long ones are cut into passages.",
    "text",
    (Role("text", "Text", "The documents.", widget="template"),),
    recognise,
    read,
)

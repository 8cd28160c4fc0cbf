"""Texts with a number: a score, a price, a number of stars."""

import math
import re

from studio.datasets.shapes.head import Head, Look
from studio.datasets.shapes.labels import TEXT, spoken, text_in, text_template
from studio.datasets.shapes.mapping import Cells, Fields, Guess, Mapping, Role, Shape, Unusable
from studio.datasets.shapes.spell import called

DECIMAL_COMMA = re.compile(r"[-+]?[\d. ]*,(\d{1,2}|\d{4,})\s?%?")
NO_NUMBER, ODD_NUMBER = "no number", "a number that cannot be read"
PLAIN = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,3})?")


def number_in(look: Look) -> bool:
    return look.numbers > 0.9 and look.distinct > 1 and look.filled > 0.3


def recognise(head: Head) -> Guess | None:
    named = head.find("number", number_in)
    number = named or next((c for c in head.columns if number_in(head.looks[c]) and not head.identifies(c)), "")
    text = text_template(head, [number]) if number else ""
    if not text:
        return None
    columns = {"text": text, "number": number}
    if comma_is_decimal(head.looks[number]):
        columns["decimal"] = ","
    reason = f"{called(number)}" if named else f"“{number}” holds numbers"
    reason += f", and the text that it belongs to is in {spoken(text)}."
    # Few whole numbers may as well be the names of groups, unless the column is called a score or the like.
    sure = bool(named) or head.looks[number].distinct > 20
    return Guess(Mapping(kind="number", shape="text_number", columns=columns), reason, sure)


def comma_is_decimal(look: Look) -> bool:
    """Whether “3,5” means three and a half here: a comma that is not in front of just three digits."""
    return any(DECIMAL_COMMA.fullmatch(value) for value in look.values)


def number_of(cell: str, decimal: str) -> str:
    """The number as text, always spelled alike: “3.5”. Raises Unusable."""
    if not cell:
        raise Unusable(NO_NUMBER)
    thousands = "." if decimal == "," else ","
    word = cell.replace("\u2212", "-").replace("\xa0", "").replace(" ", "").replace(thousands, "").rstrip("%")
    word = word.replace(decimal or ".", ".")
    if not PLAIN.fullmatch(word) or not math.isfinite(float(word)):
        raise Unusable(ODD_NUMBER)
    return f"{float(word):.15g}"


def read(cells: Cells, mapping: Mapping) -> list[Fields]:
    return [{"text": text_in(cells), "label": number_of(cells["number"], cells["decimal"])}]


TEXT_NUMBER = Shape(
    "text_number",
    "Text with a number",
    "Each text has a number that is to be estimated, such as a score.",
    "number",
    (
        TEXT,
        Role("number", "Number", "The number that belongs to the text."),
        Role("decimal", "Decimal sign", "“,” when 3,5 means three and a half; empty for a point.", False, "value"),
    ),
    recognise,
    read,
)

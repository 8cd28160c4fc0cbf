"""Texts that are sorted into groups: one label a text, or several."""

from studio.datasets.paths import load, text_of
from studio.datasets.rows import pack
from studio.datasets.shapes.head import Head, Look
from studio.datasets.shapes.mapping import Cells, Fields, Guess, Mapping, Role, Shape, Unusable
from studio.datasets.shapes.spell import called
from studio.datasets.templates import fields_of

NO_TEXT, NO_LABEL = "no text", "no label"
SEPARATORS = (";", "|", ",")


def text_template(head: Head, taken: list[str]) -> str:
    """What is to be judged: the column called a text, else up to two columns that read like text, put together."""
    texts = head.texts(taken)
    named = head.find("text", lambda look: look.texty and look.distinct > 1, taken)
    if named or not texts:
        return named
    best = [column for column in texts if not head.looks[column].grouping][:2] or texts[:1]
    if len(best) == 1 or any(brace in column for column in best for brace in "{}"):
        return best[0]
    return "\n".join(f"{{{column}}}" for column in best)


def spoken(template: str) -> str:
    """The columns of a text in a sentence."""
    return " and ".join(f"“{column}”" for column in (fields_of(template) if "{" in template else [template]))


def label_column(head: Head) -> tuple[str, bool]:
    """The column of single labels ("" if there is none), and whether it is also called like one."""
    named = head.find("label", label_in)
    if named:
        return named, True
    found = grouping_columns(head)
    return (max(found, key=lambda c: -head.looks[c].distinct) if found else ""), False


def grouping_columns(head: Head) -> list[str]:
    """The columns with few values that come again and again."""
    # A file or a conversation comes again and again, too, but is nothing to be told from the text.
    free = [c for c in head.columns if head.usable(c) and c not in head.named("group")]
    return [c for c in free if head.looks[c].grouping and not measured(head.looks[c])]


def label_in(look: Look) -> bool:
    return look.nested < 0.5 and look.filled > 0.3 and (look.grouping or (look.distinct == 1 and look.rows > 1))


def measured(look: Look) -> bool:
    """Numbers with many values or with fractions: a measure rather than a group."""
    return look.numbers > 0.9 and (look.distinct > 20 or any(sign in v for v in look.values for sign in ".,"))


def recognise_label(head: Head) -> Guess | None:
    label, named = label_column(head)
    text = text_template(head, [label]) if label else ""
    if not text:
        return None
    distinct = head.looks[label].distinct
    reason = f"{called(label)}" if named else f"“{label}” holds the same few values again and again"
    values = "only 1 value" if distinct == 1 else f"{distinct} different values"
    reason += f": {values} in the first {head.looks[label].rows:,} rows, so each text in {spoken(text)} has a group."
    # A second column of text may be the answer, and a column called a score may be what is meant.
    score = head.find("number", lambda look: look.numbers > 0.9 and look.distinct > 1)
    sure = named or (len(head.texts([label])) == 1 and not score)
    return Guess(Mapping(kind="label", shape="text_label", columns={"text": text, "label": label}), reason, sure)


def recognise_labels(head: Head) -> Guess | None:
    """Lists of short texts, or cells that fall into fewer different pieces when they are cut at a sign."""
    for column in sorted(head.columns, key=lambda c: c != head.find("label")):
        separator = several(head, column)
        text = text_template(head, [column]) if separator is not None else ""
        if separator is None or not text:
            continue
        columns = {"text": text, "labels": column} | ({"separator": separator} if separator else {})
        how = f"separated by “{separator}”" if separator else "as lists"
        reason = f"“{column}” holds several labels for a text, {how}."
        named = column == head.find("label")
        return Guess(Mapping(kind="label", shape="text_labels", columns=columns), reason, named)
    return None


def several(head: Head, column: str) -> str | None:
    """How the labels of a column are separated: “;”, “|”, “,”, "" for JSON lists; None if they are not several."""
    look = head.looks[column]
    if not head.usable(column):
        return None
    if look.nested > 0.5:
        first = look.first
        return "" if isinstance(first, list) and all(isinstance(item, str | int) for item in first) else None
    if look.distinct < 2 or look.length > 120 or look.numbers > 0.5:
        return None
    for sign in SEPARATORS:
        parts = [[part.strip() for part in value.split(sign)] for value in look.values]
        pieces = {part for row in parts for part in row}
        joined = sum(len(row) > 1 for row in parts) / len(parts)
        if joined > 0.1 and len(pieces) < look.distinct and "" not in pieces and max(map(len, pieces)) <= 40:
            return sign
    return None


def text_in(cells: Cells) -> str:
    """The text that is to be judged. Raises Unusable when there is none."""
    if not cells["text"]:
        raise Unusable(NO_TEXT)
    return cells["text"]


def read_label(cells: Cells, mapping: Mapping) -> list[Fields]:
    text = text_in(cells)
    if not cells["label"]:
        raise Unusable(NO_LABEL)
    return [{"text": text, "label": cells["label"]}]


def read_labels(cells: Cells, mapping: Mapping) -> list[Fields]:
    text = text_in(cells)
    parts = split_labels(cells["labels"], cells["separator"])
    labels = list(dict.fromkeys(label for label in parts if label))
    # A list with nothing in it says that no label fits, which is worth learning; a blank cell says nothing.
    if parts and not labels:
        raise Unusable(NO_LABEL)
    return [{"text": text, "label": pack(labels)}]


def split_labels(cell: str, separator: str) -> list[str]:
    """The labels of a cell: a JSON list, or text cut at the separator; without one, text is a single label."""
    if cell[:1] == "[":
        try:
            value = load(cell)
        except ValueError:
            value = None
        if isinstance(value, list):
            return [text_of(item).strip() for item in value]
    return [part.strip() for part in (cell.split(separator) if separator else [cell])]


TEXT = Role("text", "Text", "What is to be judged. Several columns can be put together.", widget="template")

TEXT_LABEL = Shape(
    "text_label",
    "Text with a label",
    "Each text belongs to one group.",
    "label",
    (TEXT, Role("label", "Label", "The group that the text belongs to.")),
    recognise_label,
    read_label,
)

TEXT_LABELS = Shape(
    "text_labels",
    "Text with several labels",
    "Each text belongs to several groups, to one, or to none.",
    "label",
    (
        TEXT,
        Role("labels", "Labels", "The groups that the text belongs to, as a list or with a sign between them."),
        Role("separator", "Sign between labels", "Such as ; or |. Empty when they are lists.", False, "value"),
    ),
    recognise_labels,
    read_labels,
)

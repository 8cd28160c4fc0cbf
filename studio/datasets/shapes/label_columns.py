"""Texts with a column for each label, which says whether the text has it: 0 or 1, yes or no, x or nothing."""

from studio.datasets.paths import load
from studio.datasets.rows import pack, unpack
from studio.datasets.shapes.head import Head, Look
from studio.datasets.shapes.labels import TEXT, grouping_columns, spoken, text_in, text_template
from studio.datasets.shapes.mapping import Cells, Fields, Guess, Mapping, Role, Shape, Unusable

ON = frozenset(("1", "1.0", "true", "t", "yes", "y", "on", "x", "✓", "✔", "ja", "j", "wahr"))
OFF = frozenset(("", "0", "0.0", "false", "f", "no", "n", "off", "-", "nein", "falsch"))
MOST = 2 / 3  # a table of which more than this is such columns is about them, whatever else is in it
SHOWN = 5


def recognise(head: Head) -> Guess | None:
    """Two columns or more that hold nothing but yes and no, beside a text."""
    both = [column for column in head.columns if head.usable(column) and has_both(head.looks[column])]
    if len(both) < 2:
        return None
    # A rare label may have no row among the first ones.
    columns = [column for column in head.columns if column in both or never_on(head.looks[column])]
    text = text_template(head, columns)
    if not text:
        return None
    reason = f"{len(columns):,} columns hold nothing but yes and no ({listed(columns)}), so each is taken for a label, "
    reason += f"and the text that they belong to is in {spoken(text)}."
    mapping = Mapping(kind="label", shape="label_columns", columns={"text": text, "labels": joined(columns)})
    return Guess(mapping, reason, sure(head, columns))


def sure(head: Head, columns: list[str]) -> bool:
    """Whether nothing else in the table may be what is meant: a label by name, a score, another text, a group."""
    score = head.find("number", lambda look: look.numbers > 0.9 and look.distinct > 1, columns)
    grouped = any(column not in columns for column in grouping_columns(head))
    many = len(columns) > MOST * len(head.columns)
    return not head.exact("label") and not score and len(head.texts(columns)) == 1 and (many or not grouped)


def has_both(look: Look) -> bool:
    values = {value.lower() for value in look.values}
    return bool(values & ON) and values <= ON | OFF and bool(values & OFF or look.filled < 1)


def never_on(look: Look) -> bool:
    return look.filled > 0 and {value.lower() for value in look.values} <= OFF


def listed(columns: list[str]) -> str:
    named = ", ".join(f"“{column}”" for column in columns[:SHOWN])
    return named if len(columns) <= SHOWN else f"{named} and {len(columns) - SHOWN:,} more"


def joined(columns: list[str]) -> str:
    """Names of columns as they stand in a mapping: with commas between them, or, where a name has one, a JSON list."""
    plain = ", ".join(columns)
    return plain if names_of(plain) == columns else pack(columns)


def names_of(source: str) -> list[str]:
    """The columns that `joined` wrote, or a person: a JSON list of names, or names with commas between them."""
    if source.lstrip()[:1] == "[":
        try:
            value = load(source)
        except ValueError:
            value = None
        if isinstance(value, list) and all(isinstance(name, str) for name in value):
            return list(dict.fromkeys(value))
    return list(dict.fromkeys(name for part in source.split(",") if (name := part.strip())))


def read(cells: Cells, mapping: Mapping) -> list[Fields]:
    """The labels that are on, a row without any kept with an empty list. `labels`: JSON object, column to cell."""
    text = text_in(cells)
    labels = []
    for column, cell in (unpack(cells["labels"]) or {}).items():
        said = cell.lower()
        if said in ON:
            labels.append(column)
        elif said not in OFF:
            raise Unusable(f"neither yes nor no in “{column}”")
    return [{"text": text, "label": pack(labels)}]


LABEL_COLUMNS = Shape(
    "label_columns",
    "Text with a column for each label",
    "Each label has a column of its own that says yes or no: 1 or 0, true or false, x or nothing.",
    "label",
    (
        TEXT,
        Role("labels", "Labels", "The columns, one for each label, with commas between their names.", widget="columns"),
    ),
    recognise,
    read,
)

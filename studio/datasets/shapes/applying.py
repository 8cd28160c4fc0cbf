"""A table becomes rows by its mapping; what cannot be used is left out with its reason."""

from collections import Counter
from collections.abc import Iterable

import numpy
import pandas

from studio.datasets.paths import values_at
from studio.datasets.rows import COLUMNS, new_rows, own_group, pack
from studio.datasets.shapes.catalogue import shape_of
from studio.datasets.shapes.label_columns import names_of
from studio.datasets.shapes.mapping import Cells, Fields, LeftOut, Mapping, Role, Shape, Unusable
from studio.datasets.shapes.tools import tools_of
from studio.datasets.templates import render_all, unknown
from studio.errors import StudioError

TOO_DEEP = "a value that is too large or nested too deeply to be stored"


def apply(frame: pandas.DataFrame, mapping: Mapping, first: int = 1) -> tuple[pandas.DataFrame, list[LeftOut]]:
    """The rows (see rows.py) that a table of texts becomes, in its order, and the rows that could not be used.

    first: the number of the frame's first row, for a table that is read in pieces. Raises StudioError when the mapping
    does not fit the table: a role or a column that is not there.
    """
    shape = shape_of(mapping.shape)
    check(shape, mapping)
    columns = {role.name: role_values(frame, role, mapping.columns.get(role.name, "")) for role in shape.roles}
    groups = values_at(frame, mapping.group) if mapping.group else [""] * len(frame)
    if groups is None:
        raise StudioError(unknown(mapping.group, names(frame)), "Choose another column to keep rows together.")
    numbers: list[int] = []
    made: dict[str, list[str]] = {column: [] for column in COLUMNS[1:]}
    left_out: list[LeftOut] = []
    roles = list(columns)
    for number, (group, *cells) in enumerate(zip(groups, *columns.values(), strict=True), first):
        try:
            for fields in usable(shape, mapping, dict(zip(roles, cells, strict=True))):
                # The passages of one document always belong together.
                own = own_group(number) if shape.kind == "text" else fields.get("group", "")
                fields["group"] = group.strip() or own
                numbers.append(number)
                for column, values in made.items():
                    values.append(fields.get(column, ""))
        except Unusable as problem:
            left_out.append(LeftOut(number, str(problem)))
    return new_rows(numpy.array(numbers, dtype="int64"), **made), left_out


def usable(shape: Shape, mapping: Mapping, cells: Cells) -> list[Fields]:
    """The rows that one row of the table becomes, every field packed as text. Raises Unusable."""
    found = shape.read(cells, mapping)
    if not shape.takes_system:
        return found
    system, tools = cells.get("system") or mapping.system.strip(), tools_of(cells.get("tools", ""))
    for fields in found:
        messages = fields["messages"]
        if system and messages[0]["role"] != "system":
            fields["messages"] = [{"role": "system", "content": system}, *messages]
        if tools:
            fields["tools"] = tools
        for column in ("messages", "tools", "chosen", "rejected"):
            if column in fields:
                fields[column] = packed(fields[column])
    return found


def packed(value: object) -> str:
    try:
        return pack(value)
    except TypeError:  # orjson's word for nesting and numbers beyond its limits
        raise Unusable(TOO_DEEP) from None


def role_values(frame: pandas.DataFrame, role: Role, source: str) -> list[str]:
    """The text for a role in every row, without space around it. `source`: column, path, template or typed value.

    Of several columns it is a JSON object of their texts.
    """
    if role.widget == "value" or not source:
        return [source.strip()] * len(frame)
    if role.widget == "template" and source not in frame.columns and any(brace in source for brace in "{}"):
        return [cell.strip() for cell in render_all(source, frame)]
    if role.widget == "columns":
        columns = names_of(source)
        if not columns:
            raise StudioError(f"“{source}” names no column for “{role.title}”.", f"Name at least one. {role.help}")
        rows = zip(*(column_values(frame, role, column) for column in columns), strict=True)
        return [pack(dict(zip(columns, row, strict=True))) for row in rows]
    return column_values(frame, role, source)


def column_values(frame: pandas.DataFrame, role: Role, source: str) -> list[str]:
    values = values_at(frame, source)
    if values is None:
        raise StudioError(unknown(source, names(frame)), f"Choose the column for “{role.title}”.")
    return [cell.strip() for cell in values]


def check(shape: Shape, mapping: Mapping) -> None:
    """Raises StudioError when a mapping contradicts its shape."""
    if mapping.kind != shape.kind:
        raise StudioError(
            f"The layout “{shape.name}” gives rows of the kind “{shape.kind}”, not “{mapping.kind}”.",
            f"Write {shape.kind} as the kind, or choose another layout.",
        )
    known = {role.name for role in shape.roles}
    for name in mapping.columns:
        if name not in known:
            raise StudioError(
                f"The layout “{shape.title}” has no place for “{name}”.", f"It has these: {', '.join(sorted(known))}."
            )
    needed = [role for role in shape.roles if role.required]
    for role in needed:
        if not mapping.columns.get(role.name, "").strip():
            raise StudioError(f"No column is chosen for “{role.title}”.", f"Choose one. {role.help}")
    taken: dict[str, Role] = {}
    for role in needed:
        source = mapping.columns[role.name]
        if source in taken:
            raise StudioError(
                f"“{taken[source].title}” and “{role.title}” are both taken from “{source}”.",
                "Choose two different columns, or the model only learns to repeat.",
            )
        taken[source] = role
    if mapping.system.strip() and not shape.takes_system:
        raise StudioError(
            f"Rows of the layout “{shape.title}” have no place for an instruction in front of them.",
            "Leave the instruction empty, or write it into the template of the text.",
        )


def names(frame: pandas.DataFrame) -> list[str]:
    return [str(column) for column in frame.columns]


def count_reasons(left_out: Iterable[LeftOut]) -> list[tuple[int, str]]:
    """How many rows were left out for each reason, the most frequent first."""
    return [(count, reason) for reason, count in Counter(row.reason for row in left_out).most_common()]

"""What a shape is, and the mapping by which a table becomes rows."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from studio.datasets.shapes.head import Head


class Mapping(BaseModel):
    """How the columns of a table become rows to learn from; saved in recipes and versions."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["chat", "preference", "feedback", "label", "number", "picture", "text"] = Field(
        description="What a row teaches: to answer, to prefer, what is liked, to sort, to estimate, about pictures, or "
        "the language."
    )
    shape: str = Field(description="How the table is laid out, such as “prompt_reply”, “alpaca” or “messages”.")
    columns: dict[str, str] = Field(
        description="For each role the column that fills it: a column's name, a path into a nested cell such as "
        "“messages[0].content”, or, where text is built, a template such as “Classify: {title}”. Where several columns "
        "fill it, their names with commas between them, or a JSON list of them."
    )
    system: str = Field(
        "",
        description="Instruction put in front of every example; one that a row brings along wins. Empty: none.",
    )
    group: str = Field(
        "",
        description="Column whose equal values keep rows together in a split, such as a customer or a conversation.",
    )
    passage_length: int = Field(
        2000,
        ge=200,
        le=100_000,
        description="Longest passage of plain text, in characters; longer documents are cut at the ends of sentences.",
    )


@dataclass(frozen=True)
class Role:
    """One thing that a shape needs from the table. `widget`: a column (or path), columns, a template, a value to type.

    In a template's place a column's name alone may stand, too. What several columns hold comes as one cell: a JSON
    object, from the name of each to its text.
    """

    name: str
    title: str
    help: str
    required: bool = True
    widget: Literal["column", "columns", "template", "value"] = "column"


@dataclass
class Guess:
    """What a table seems to be. `reason` is a sentence for people; `others` are plausible alternatives, likely first.

    sure: the names or the contents leave little doubt; otherwise the person should be asked to look.
    """

    mapping: Mapping
    reason: str
    sure: bool
    others: list[Mapping] = field(default_factory=list)


@dataclass(frozen=True)
class LeftOut:
    """A row that could not be used: its 1-based number in the table, and why, as a clause: “no answer”."""

    row: int
    reason: str


class Unusable(Exception):
    """Raised while one row is read. Its text says why it cannot be used, as a clause for people: “no answer”."""


Cells = dict[str, str]  # role -> text of the cell, "" where the role is not filled
Fields = dict[str, Any]  # columns of rows.py -> text, or lists of messages that are still to be packed


@dataclass(frozen=True)
class Shape:
    """One layout of a table.

    recognise: the guess for the head of a table, None when it is not laid out so. read: the rows that one row of the
    table becomes; raises Unusable. The roles `system` and `tools`, where a shape has them, are seen to by apply().
    """

    name: str
    title: str
    sentence: str
    kind: str
    roles: tuple[Role, ...]
    recognise: Callable[[Head], Guess | None]
    read: Callable[[Cells, Mapping], list[Fields]]

    @property
    def takes_system(self) -> bool:
        """Whether its rows are conversations, which have a place for a system message."""
        return self.kind in ("chat", "preference", "feedback", "picture")


SYSTEM = Role("system", "Instruction", "A column with the system message of each row.", required=False)
TOOLS = Role("tools", "Tools", "A column with the list of tools that the model may call.", required=False)

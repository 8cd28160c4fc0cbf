"""What differs between two lists of steps, in plain words; a step not known here is told by its own description."""

from collections.abc import Callable, Collection
from typing import Any

from pydantic import BaseModel

from studio.datasets.augment import Augmentation
from studio.datasets.dividing import SeparateTest
from studio.datasets.fixing import Fix
from studio.datasets.hand import Edit
from studio.datasets.health import CHECKS
from studio.datasets.health.check import quote
from studio.datasets.rows import KINDS
from studio.datasets.shapes.catalogue import SHAPES
from studio.datasets.step_words import WAYS, frames, made, rewrites, slips, tested, weighed
from studio.datasets.versions import DataSteps
from studio.datasets.weights import Weights

NAMED = 20  # row numbers that are written out
LONGEST = 200  # characters of a text


class Change(BaseModel):
    """One thing that differs: what it is, and how it is in the one and in the other version."""

    what: str
    one: str
    other: str


def step_changes(one: DataSteps, other: DataSteps) -> list[Change]:
    """Everything in which two lists of steps differ, in the order in which the steps are made."""
    return changes(one, other, "")


def changes(one: BaseModel, other: BaseModel, path: str) -> list[Change]:
    found: list[Change] = []
    for name, field in type(one).model_fields.items():
        here, there, place = getattr(one, name), getattr(other, name), f"{path}{name}"
        if here == there:
            continue
        if place in SPECIAL:
            found += SPECIAL[place](here, there)
        elif isinstance(here, BaseModel) and type(here) is type(there):
            found += changes(here, there, f"{place}.")
        else:
            in_words = VALUES.get(place, words)
            found.append(
                Change(
                    what=TITLES.get(place) or title_of(name, field.description),
                    one=in_words(here),
                    other=in_words(there),
                )
            )
    return found


def title_of(name: str, description: str | None) -> str:
    """The first clause of what a step's own description says, else its name."""
    return (description or name.replace("_", " ").capitalize()).split(". ")[0].split("; ")[0].rstrip(".")


def words(value: Any) -> str:
    """Any setting, as a person would write it."""
    if value is None or value == "" or value == [] or value == () or value == {}:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return quote(value, LONGEST)
    if isinstance(value, BaseModel):
        fields = type(value).model_fields.items()
        return "; ".join(f"{title_of(name, info.description)}: {words(getattr(value, name))}" for name, info in fields)
    if isinstance(value, dict):
        return ", ".join(f"{str(name).replace('_', ' ')}: {words(item)}" for name, item in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        some = ", ".join(words(item) for item in list(value)[:NAMED])
        return some if len(value) <= NAMED else f"{some} and {len(value) - NAMED:,} more"
    return str(value)


def columns(one: dict[str, str], other: dict[str, str]) -> list[Change]:
    """One change for each role that is filled by another column."""
    titles = {role.name: role.title for shape in SHAPES.values() for role in shape.roles}
    return [
        Change(what=f"Column for “{titles.get(name, name)}”", one=words(one.get(name)), other=words(other.get(name)))
        for name in dict.fromkeys([*one, *other])
        if one.get(name) != other.get(name)
    ]


def taken_out(one: list[int], other: list[int]) -> list[Change]:
    sides = [rows_only(set(own), set(others)) for own, others in ((one, other), (other, one))]
    return [] if set(one) == set(other) else [Change(what="Rows taken out by hand", one=sides[0], other=sides[1])]


def edited(one: list[Edit], other: list[Edit]) -> list[Change]:
    here, there = ({edit.row: edit for edit in edits} for edits in (one, other))
    reworded = {row for row in here.keys() & there.keys() if here[row] != there[row]}
    sides = [rows_only(set(own), set(others), reworded) for own, others in ((here, there), (there, here))]
    return [] if here == there else [Change(what="Texts changed by hand", one=sides[0], other=sides[1])]


def rows_only(own: set[int], others: set[int], reworded: Collection[int] = ()) -> str:
    """“3 rows, only here: 4 and 9”."""
    parts = ["none" if not own else "1 row" if len(own) == 1 else f"{len(own):,} rows"]
    if own - others:
        parts.append(f"only here: {words(sorted(own - others))}")
    if reworded:
        parts.append(f"in other words: {words(sorted(reworded))}")
    return ", ".join(parts)


def fixes(one: list[Fix], other: list[Fix]) -> list[Change]:
    here, there = ({fix.name: fix for fix in some} for some in (one, other))
    titles = {check.name: check.title for check in CHECKS}
    names = sorted(here.keys() | there.keys(), key=lambda name: list(titles).index(name) if name in titles else -1)
    return [
        Change(what=f"Fix “{titles.get(name, name)}”", one=switched(here.get(name)), other=switched(there.get(name)))
        for name in names
        if here.get(name) != there.get(name)
    ]


def switched(fix: Fix | None) -> str:
    return "off" if fix is None else f"on ({words(fix.options)})" if fix.options else "on"


def weights(one: Weights | None, other: Weights | None) -> list[Change]:
    return [Change(what="Weights of the parts", one=weighed(one), other=weighed(other))]


def test_file(one: SeparateTest | None, other: SeparateTest | None) -> list[Change]:
    """Which file it is; where it is the same one, how else it is read."""
    if one is None or other is None or one.dataset != other.dataset:
        return [Change(what="Test file", one=tested(one), other=tested(other))]
    read = changes(one.mapping, other.mapping, "mapping.")
    return [Change(what=f"Test file: {small(change.what)}", one=change.one, other=change.other) for change in read]


def augmentation(one: Augmentation | None, other: Augmentation | None) -> list[Change]:
    """As a whole where one has none; else each of its settings."""
    if one is None or other is None:
        return [Change(what="Rows made out of others", one=made(one), other=made(other))]
    return [
        Change(what=MAKING[name], one=MADE.get(name, words)(here), other=MADE.get(name, words)(there))
        for name in MAKING
        if (here := getattr(one, name)) != (there := getattr(other, name))
    ]


def most(rows: int | None) -> str:
    return "no limit" if rows is None else f"{rows:,}"


def small(title: str) -> str:
    return title[:1].lower() + title[1:]


def share(value: float | None) -> str:
    """A share below 1 or a number of rows, as SplitPlan takes them."""
    if value is None:
        return "the usual share"
    return f"{100 * value:g} %" if 0 < value < 1 else "1 row" if value == 1 else f"{value:,.0f} rows"


MAKING = {
    **WAYS,
    "per_row": "Rows made out of each row, at most",
    "at_most": "Rows made in all, at most",
    "seed": "Seed of the made rows",
}
MADE: dict[str, Callable[[Any], str]] = {
    "words": slips,
    "templates": frames,
    "rewrites": rewrites,
    "at_most": most,
}
# By the path of a step: how its difference is told when its description and value alone would not do.
SPECIAL: dict[str, Callable[[Any, Any], list[Change]]] = {
    "mapping.columns": columns,
    "left_out": taken_out,
    "edits": edited,
    "fixes": fixes,
    "separate_test": test_file,
    "augment": augmentation,
    "weights": weights,
}
TITLES = {
    "mapping.kind": "What a row teaches",
    "mapping.shape": "How the table is laid out",
    "mapping.system": "Instruction in front of every example",
    "mapping.group": "Column that keeps rows together",
    "mapping.passage_length": "Longest passage, in characters",
    "split.validation": "Check rows",
    "split.test": "Test rows",
    "split.seed": "Seed of the split",
}
VALUES: dict[str, Callable[[Any], str]] = {
    "mapping.kind": lambda kind: KINDS[kind].title,
    "mapping.shape": lambda shape: SHAPES[shape].title if shape in SHAPES else words(shape),
    "split.validation": share,
    "split.test": share,
}

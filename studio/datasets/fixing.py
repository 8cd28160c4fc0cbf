"""Fixes: each is a named step that can be switched on and off; they always run in the order of the checks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from studio.datasets.health.check import Check, Data, Found, NotComputed
from studio.datasets.health.passages import passages
from studio.datasets.rows import plain_texts
from studio.errors import StudioError

SHOWN = 3  # rows of a preview


class Fix(BaseModel):
    """A fix that is switched on."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="Name of the check whose fix this is.")
    options: dict[str, Any] = Field(default_factory=dict, description="Settings of the fix, where it has any.")


@dataclass(frozen=True)
class Done:
    """What one fix did: how many rows it took out and how many it changed.

    found: rows that it was to mend when its turn came; None in versions of an older studio.
    """

    name: str
    title: str
    removed: int
    changed: int
    found: int | None = None

    def explain(self, affected: int) -> str:
        """Why it did not touch just the rows that the finding counts before all fixes, in sentences; "" if it did."""
        if self.found is None:
            return ""
        said = []
        if self.found != affected:
            were = "row was" if affected == 1 else "rows were"
            said.append(f"Before the fixes {affected:,} {were} meant, after those that come first {self.found:,}.")
        if left := self.found - self.removed - self.changed:
            said.append(f"{left:,} {'row stays as it is' if left == 1 else 'rows stay as they are'}.")
        return " ".join(said)


@dataclass(frozen=True)
class Before:
    """One row of a preview; `after` is None when the fix takes it out."""

    row: int
    before: str
    after: str | None


def mend(checks: Sequence[Check], data: Data, fixes: Sequence[Fix]) -> tuple[Data, list[Done]]:
    """The rows after all fixes, in the order of `checks`, whatever the order of `fixes`."""
    wanted = {fix.name: fix for fix in fixes}
    unknown = set(wanted) - {check.name for check in checks if check.mend}
    if unknown:
        raise StudioError(
            f"There is no fix called “{sorted(unknown)[0]}”.",
            f"Use one of these: {', '.join(check.name for check in checks if check.mend)}.",
        )
    done = []
    for check in checks:
        if check.name in wanted:
            data, one, _ = carry_out(check, data, wanted[check.name])
            done.append(one)
    return data, done


def carry_out(check: Check, data: Data, fix: Fix) -> tuple[Data, Done, list[Before]]:
    """One fix: the rows after it, what it did, and a few rows before and after."""
    assert check.mend is not None
    options = options_of(check, fix)
    found = what_to_mend(check, data, options)
    if found is None:
        return data, Done(check.name, check.title, 0, 0, 0), []
    mended = check.mend(data, found, options)
    shown = preview(data, mended.data, mended.removed[:SHOWN].tolist(), mended.changed[:SHOWN].tolist())
    done = Done(check.name, check.title, len(mended.removed), len(mended.changed), len(found.positions))
    return mended.data, done, shown


def what_to_mend(check: Check, data: Data, options: BaseModel | None) -> Found | None:
    if check.recall:
        return check.recall(data, options)
    try:
        return check.find(data)
    except NotComputed as reason:
        raise StudioError(f"The fix “{check.title}” cannot be made: {reason}", "Switch it off.") from reason


def options_of(check: Check, fix: Fix) -> BaseModel | None:
    if check.options is None:
        return None
    try:
        return check.options.model_validate(fix.options)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        raise StudioError(
            f"The fix “{check.title}” needs to be told its {name}."
            if first["type"] in ("missing", "too_short")
            else f"The fix “{check.title}” does not know {name} = {first['input']!r}.",
            f"Its settings are: {', '.join(check.options.model_fields)}.",
        ) from error


def preview(before: Data, after: Data, removed: list[int], changed: list[int]) -> list[Before]:
    """A few rows that a fix touches, changed ones first; a row is known again by its number in the file."""
    touched = [*changed, *removed][:SHOWN]
    old = before.rows.iloc[touched]
    new = after.rows[after.rows["row"].isin(old["row"])]
    left = dict(zip(new["row"], zip(joined(new, after.kind), whole(new, after.kind), strict=True), strict=True))
    shown = []
    for at, row, text, everything in zip(
        touched, old["row"], joined(old, before.kind), whole(old, before.kind), strict=True
    ):
        then, all_then = left.get(row, (None, None)) if at in changed else (None, None)
        # A change in a rejected answer or in a call of a tool is in neither prompt nor reply.
        shown.append(Before(int(row), everything, all_then) if text == then else Before(int(row), text, then))
    return shown


def joined(rows: pandas.DataFrame, kind: str) -> list[str]:
    """Prompt and reply of each row as one text."""
    texts = plain_texts(rows, kind)
    pairs = zip(texts["prompt"], texts["reply"], strict=True)
    return ["\n".join(part for part in pair if part) for pair in pairs]


def whole(rows: pandas.DataFrame, kind: str) -> list[str]:
    """Every text of each row, those of rejected answers and of calls of tools too."""
    return passages(Data(rows, kind), calls=True)

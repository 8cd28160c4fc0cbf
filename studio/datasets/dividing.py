"""Rows divided into those to learn from, to check with and to test with; the test rows may come from another file."""

from collections.abc import Sequence

import numpy
import pandas
from pydantic import BaseModel, ConfigDict, Field

from studio.datasets.near import alike
from studio.datasets.paths import column_and_rest
from studio.datasets.pictures import with_pictures
from studio.datasets.rows import KINDS, plain_texts
from studio.datasets.shapes import GUESSED_FROM, Mapping, apply, count_reasons, guess
from studio.datasets.splits import AUGMENTED, NEAR, SplitPlan, split
from studio.datasets.store import Dataset, load_dataset
from studio.errors import StudioError
from studio.workspace import Workspace

COPY = "nearly the same as a row of the test file"
GROUPED = "of a group that is in the test file"
LeftOut = list[tuple[int, str]]


class SeparateTest(BaseModel):
    """A file of its own to test with. Its rows are the test rows, as they are read: no fix and no edit touches them."""

    model_config = ConfigDict(extra="forbid")

    dataset: str = Field(description="Id of the dataset whose rows are the test rows, all of them and no others.")
    mapping: Mapping = Field(description="How a row of it is read; the kind must be that of the training rows.")


def test_rows(
    workspace: Workspace, dataset: Dataset, mapping: Mapping, separate: SeparateTest | None
) -> tuple[pandas.DataFrame | None, LeftOut]:
    """The rows of the test file, None without one, and how many of it could not be used, with reasons.

    Their numbers go on where those of the dataset's own file end. Raises StudioError when the test file is not there,
    is of another kind, or has no row that can be used.
    """
    if separate is None:
        return None, []
    test = load_dataset(workspace, separate.dataset)
    if test.id == dataset.id:
        raise StudioError(
            f"{dataset.name} is to be learned from and tested with at once, which proves nothing.",
            "Choose another test file, or set some rows of this one aside for testing.",
        )
    if separate.mapping.kind != mapping.kind:
        raise StudioError(
            f"{dataset.name} is read as “{KINDS[mapping.kind].title}”, but the test file {test.name} as "
            f"“{KINDS[separate.mapping.kind].title}”.",
            "Read both in the same way, or choose a test file with rows of the same kind.",
        )
    rows, unusable = apply(test.frame(), separate.mapping, first=dataset.facts.rows + 1)
    reasons = count_reasons(unusable)
    if separate.mapping.kind == "picture":
        rows, unseen = with_pictures(test, rows, dataset.folder)
        reasons += unseen
    left_out = [(count, f"in the test file: {reason}") for count, reason in reasons]
    if rows.empty:
        because = f": {left_out[0][1].removeprefix('in the test file: ')}" if left_out else ""
        raise StudioError(
            f"No row of the test file {test.name} can be used{because}.", "Choose its columns, or another test file."
        )
    return rows, left_out


def divide(
    rows: pandas.DataFrame,
    kind: str,
    plan: SplitPlan,
    test: pandas.DataFrame | None = None,
    one_group_column: bool = False,
) -> tuple[pandas.DataFrame, LeftOut]:
    """The rows that can be used, with a column `split`, and how many were left out, with reasons.

    test: the rows of a test file; the plan then asks for no others (DataSteps.own_split), and rows that are nearly the
    same as a test row are left out if it keeps near copies together. one_group_column: the groups of both files are
    read from columns of one name (DataSteps.one_group_column); then rows of a group that is in the test file are left
    out, too. Raises StudioError when nothing is left to learn from.
    """
    left_out = []
    if test is not None:
        grouped = of_groups_in(test, rows) if one_group_column else numpy.zeros(len(rows), dtype=bool)
        copied = copies_of(test, rows, kind) if plan.near_together else numpy.zeros(len(rows), dtype=bool)
        for reason, out in ((GROUPED, grouped), (COPY, copied & ~grouped)):
            if out.any():
                left_out.append((int(out.sum()), reason))
        rows = rows[~(copied | grouped)].reset_index(drop=True)
        if rows.empty:
            raise StudioError(
                f"Every row is {' or '.join(reason for _, reason in left_out)}, so none is left to learn from.",
                "Choose another test file.",
            )
    frame = rows.copy()
    frame["split"] = split(frame, kind, plan)
    unused = frame["split"] == ""
    if unused.any():
        left_out.append((int(unused.sum()), "made from a row that is kept for testing"))
        frame = frame[~unused]
    if test is not None:
        frame = pandas.concat([frame, test.assign(split="test")])
    return frame.reset_index(drop=True), left_out


def of_groups_in(test: pandas.DataFrame, rows: pandas.DataFrame) -> numpy.ndarray:
    """Which rows, or what they were made from, are of a group that is in the test file; an array of bool."""
    group = rows["group"].str.removeprefix(AUGMENTED)
    found: numpy.ndarray = ((group != "") & group.isin(test["group"])).to_numpy(dtype=bool)
    return found


def copies_of(test: pandas.DataFrame, rows: pandas.DataFrame, kind: str) -> numpy.ndarray:
    """Which rows a chain of near copies joins to a test row, with all that was made from them; an array of bool."""
    both = pandas.concat([test, rows], ignore_index=True)
    label = alike(both, plain_texts(both, kind), kind, NEAR)
    copied = numpy.isin(label[len(test) :], label[: len(test)])
    made = rows["group"].str.startswith(AUGMENTED).to_numpy(dtype=bool)
    found: numpy.ndarray = copied | (made & rows["row"].isin(rows["row"][copied & ~made]).to_numpy(dtype=bool))
    return found


def mapping_for(mapping: Mapping, test: Dataset, others: Sequence[Mapping] = ()) -> Mapping | None:
    """How a test file is read beside a file that is read by `mapping`: alike where it has the same columns.

    others: mappings that are tried next, such as those of the parts of a merged file. If none fits it is guessed. The
    instruction in front is the same. None when the guess is of another kind, or fails.
    """
    head = test.head(GUESSED_FROM)
    for one in (mapping, *others):
        alike = one.model_copy(update={"group": group_in(test, one), "system": one.system or mapping.system})
        try:
            if len(apply(head, alike)[0]):
                return alike
        except StudioError:
            continue  # columns of these names are not there
    guessed = guess(head, test.name)
    if guessed is None or guessed.mapping.kind != mapping.kind:
        return None
    group = group_in(test, mapping) or guessed.mapping.group
    return guessed.mapping.model_copy(update={"system": mapping.system, "group": group})


def group_in(test: Dataset, mapping: Mapping) -> str:
    """The column by which the other file keeps rows together, "" where the test file has none of that name."""
    return mapping.group if mapping.group and column_and_rest(mapping.group, test.facts.columns) else ""

"""What is chosen on the Data tab, and what was done to each dataset the last time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from components import data_mapping, draft
from studio.datasets.dividing import SeparateTest, mapping_for
from studio.datasets.shapes import Guess, Mapping
from studio.datasets.splits import SplitPlan
from studio.datasets.store import load_dataset
from studio.datasets.versions import DataSteps
from studio.errors import StudioError
from studio.workspace import Workspace

# The parts that hold a choice, in the order of Choice's fields; the roles of the mapping are one field there.
CHOSEN = ("dataset", *data_mapping.FIELDS, "test", "validation", "seed", "stratify", "near_together", "test_from")
WALKED = ("row", "only", "words", "data")
FIELDS = (*CHOSEN, *WALKED)
MOST = 1e9  # rows, and the largest seed


@dataclass(frozen=True)
class Choice:
    """What is chosen, by the parts named in FIELDS; `row` is a 1-based row of the file.

    test_from: the dataset whose rows are the test rows, "" for none. only, words: the finding and the words whose rows
    the person walks through. data: what the page takes for prepared, see Prepared. model, limit: chosen on later tabs,
    the limit in tokens. page: tells one open page from another.
    """

    dataset: str | None
    shape: str | None = None
    roles: tuple[str | None, ...] = ()
    system: str = ""
    group: str | None = None
    test: float | None = None
    validation: float | None = None
    seed: float | None = None
    stratify: bool = True
    near_together: bool = True
    test_from: str | None = None
    row: float | None = 1
    only: str | None = None
    words: str = ""
    data: str = ""
    model: str = ""
    limit: int = 1
    page: str = ""

    @classmethod
    def of(cls, values: tuple[Any, ...], **later: Any) -> "Choice":
        """From the values of the parts named in FIELDS, and what is known besides."""
        dataset, shape, *rest = values
        roles, others = rest[: data_mapping.ROLES], rest[data_mapping.ROLES :]
        return cls(dataset, shape, tuple(roles), *others, **later)

    @property
    def at(self) -> int:
        """The row on show."""
        return max(int(self.row or 1), 1)


class Prepared(BaseModel):
    """A dataset and what is done to it, which the page must never tell apart; `ready` once its rows are there."""

    dataset: str
    steps: DataSteps
    ready: bool = True

    @classmethod
    def told(cls, data: str) -> "Prepared | None":
        """What `data` holds, None while the page says that the rows cannot be used."""
        return cls.model_validate_json(data) if data else None


def prepared(data: str) -> Prepared:
    """What the page's choice `data` holds. Raises StudioError while its rows are not there."""
    known = Prepared.told(data)
    if known is None:
        raise StudioError("There are no rows to use yet.", "Bring data, and say in Data how its rows are read.")
    if not known.ready:
        raise StudioError("The rows are still being prepared.", "Wait a moment.")
    return known


def first_steps(guessed: Guess | None) -> DataSteps | None:
    return DataSteps(mapping=guessed.mapping) if guessed else None


def kept_steps(workspace: Workspace, dataset_id: str | None) -> DataSteps | None:
    """What was done to this dataset the last time; None if nothing, or if an older studio wrote it."""
    known = draft.load(workspace).get("steps", {}).get(dataset_id)
    try:
        return DataSteps.model_validate(known) if known else None
    except ValidationError:
        return None


def keep(workspace: Workspace, dataset_id: str, steps: DataSteps) -> None:
    """Remember what was done to this dataset."""
    written = {dataset_id: steps.model_dump(mode="json")}
    draft.change(workspace, lambda known: {"steps": {**known.get("steps", {}), **written}})


def alter(workspace: Workspace, dataset_id: str, newer: Callable[[DataSteps], DataSteps]) -> DataSteps | None:
    """Remember what `newer` makes of the steps as they are now, with nothing in between; None without any."""
    altered: list[DataSteps] = []

    def write(known: dict[str, Any]) -> dict[str, Any]:
        steps = known.get("steps", {})
        if dataset_id not in steps:
            return {}
        altered.append(newer(DataSteps.model_validate(steps[dataset_id])))
        return {"steps": {**steps, dataset_id: altered[0].model_dump(mode="json")}}

    draft.change(workspace, write)
    return altered[0] if altered else None


def division_of(workspace: Workspace, choice: Choice, kept: DataSteps) -> dict[str, Any]:
    """The steps that divide the rows, as the page says; what the page does not show stays as it was.

    Raises StudioError for a number that will not do, or a test file without rows of the same kind.
    """
    chosen = {name: getattr(choice, name) for name in ("test", "validation", "seed", "stratify", "near_together")}
    for name, title in (("validation", "Check rows"), ("test", "Test rows"), ("seed", "The seed")):
        number = chosen[name]
        if number is not None and (not 0 <= number <= MOST or (number >= 1 and number != int(number))):
            raise StudioError(f"{title}: {number:g} will not do.", "Write a whole number, or a share such as 0.1.")
    if chosen["seed"] is None:
        chosen["seed"] = kept.split.seed
    mapping = kept.mapping.model_copy(update={"group": choice.group or ""})
    return {
        "mapping": mapping,
        "split": SplitPlan.model_validate({**kept.split.model_dump(), **chosen, "seed": int(chosen["seed"])}),
        "separate_test": test_by(workspace, choice.test_from, mapping),
    }


def test_by(workspace: Workspace, dataset_id: str | None, mapping: Mapping) -> SeparateTest | None:
    """The step that tests with another dataset, read like rows of this mapping; None without one.

    Raises StudioError when it holds rows of another kind.
    """
    if not dataset_id:
        return None
    test = load_dataset(workspace, dataset_id)
    how = mapping_for(mapping, test)
    if how is None:
        raise StudioError(
            f"{test.name} does not hold the same kind of rows, so it cannot be the test.",
            "Choose another dataset to test with.",
        )
    return SeparateTest(dataset=test.id, mapping=how)

"""What is chosen on the Data tab, and what was done to each dataset the last time."""

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from components import data_mapping, draft
from studio.datasets.dividing import SeparateTest, mapping_for
from studio.datasets.shapes import Guess, Mapping
from studio.datasets.store import load_dataset
from studio.datasets.versions import DataSteps
from studio.errors import StudioError
from studio.workspace import Workspace

# The parts that hold a choice, in the order of Choice's fields; the roles of the mapping are one field there.
CHOSEN = ("dataset", *data_mapping.FIELDS, "test", "validation", "seed", "stratify", "near_together", "test_from")
WALKED = ("row", "only", "words")
FIELDS = (*CHOSEN, *WALKED)


@dataclass(frozen=True)
class Choice:
    """What is chosen, by the parts named in FIELDS; `row` is a 1-based row of the file.

    test_from: the dataset whose rows are the test rows, "" for none. only, words: the finding and the words whose rows
    the person walks through. model, limit: chosen on later tabs, the limit in tokens.
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
    model: str = ""
    limit: int = 1

    @classmethod
    def of(cls, values: tuple[Any, ...], model: str, limit: int) -> "Choice":
        """From the values of the parts named in FIELDS."""
        dataset, shape, *rest = values
        roles, others = rest[: data_mapping.ROLES], rest[data_mapping.ROLES :]
        return cls(dataset, shape, tuple(roles), *others, model=model, limit=limit)

    @property
    def at(self) -> int:
        """The row on show."""
        return max(int(self.row or 1), 1)


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
    """Remember what was done to this dataset, and that it is the one chosen last."""
    known = draft.load(workspace).get("steps", {})
    draft.remember(workspace, dataset=dataset_id, steps={**known, dataset_id: steps.model_dump(mode="json")})


def division_of(workspace: Workspace, choice: Choice, kept: DataSteps, mapping: Mapping) -> dict[str, Any]:
    """The steps that divide the rows, as the page says; what the page does not show stays as it was.

    Raises StudioError when the test file cannot be read as rows of the same kind.
    """
    chosen = {name: getattr(choice, name) for name in ("test", "validation", "stratify", "near_together")}
    seed = kept.split.seed if choice.seed is None else int(choice.seed)
    separate = None
    if choice.test_from:
        test = load_dataset(workspace, choice.test_from)
        how = mapping_for(mapping, test)
        if how is None:
            raise StudioError(
                f"{test.name} does not hold the same kind of rows, so it cannot be the test.",
                "Choose another dataset to test with.",
            )
        separate = SeparateTest(dataset=test.id, mapping=how)
    return {"split": kept.split.model_copy(update={**chosen, "seed": seed}), "separate_test": separate}

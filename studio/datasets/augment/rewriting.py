"""Rewrites by a model on this computer: a helper process makes them once, and the step then names their file."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from studio.child import Child
from studio.datasets.store import Dataset
from studio.datasets.versions import DataSteps
from studio.models.catalogue import find_model
from studio.models.starter import STARTER
from studio.workspace import Workspace


class Rewriting(BaseModel):
    """How questions are rewritten, and by which model. Most of what a small model writes has to be dropped."""

    model_config = ConfigDict(extra="forbid")

    way: Literal["paraphrase", "back_translation"] = Field(
        "paraphrase",
        description="“paraphrase”: in other words; “back_translation”: into another language and back again.",
    )
    model: str = Field(STARTER, description="Instruct model that is on this computer.")
    through: Literal["English", "German", "French", "Spanish"] = Field(
        "German", description="Language of the way there, for back-translation."
    )
    per_row: int = Field(1, ge=1, le=5, description="Rewrites asked for each question.")
    at_most: int | None = Field(None, ge=1, description="Questions given to the model, at most; drawn with the seed.")
    temperature: float = Field(
        0.7, ge=0, le=1.5, description="0 writes what is likeliest; more is freer and errs more."
    )
    seed: int = Field(42, description="Decides what is drawn.")

    @model_validator(mode="after")
    def one_without_chance(self) -> Self:
        if self.temperature == 0 and self.per_row > 1:
            raise ValueError("one rewrite for each question when the temperature is 0, where all would be the same")
        return self


@dataclass(frozen=True)
class Progress:
    """How far it is. `done` and `of` count rewrites; `dropped`: how many, by reason; `examples`: (question, rewrite).

    file: the SHA-256 for `Augmentation.rewrites`, "" until the end.
    """

    phase: str
    done: int
    of: int
    kept: int
    dropped: dict[str, int] = field(default_factory=dict)
    examples: list[tuple[str, str]] = field(default_factory=list)
    file: str = ""

    @property
    def sentence(self) -> str:
        """“12 of 40 rewrites hold up. Dropped: 20 too little in common with the original, 8 empty.”"""
        said = f"{self.kept:,} of {self.done:,} rewrites hold up."
        reasons = sorted(self.dropped.items(), key=lambda one: (-one[1], one[0]))
        gone = ", ".join(f"{count:,} {reason}" for reason, count in reasons)
        return f"{said} Dropped: {gone}." if gone else said


def rewrite(workspace: Workspace, dataset: Dataset, steps: DataSteps, wish: Rewriting) -> Iterator[Progress]:
    """Rewrite what is asked in the training rows of these steps; the last reply names the file that was written.

    Leaving the iterator before its end (`close`) stops the helper at once, and nothing is written. The rows for
    checking and testing are never shown to the model.

    Raises StudioError when the model is not on this computer, has no chat format, or the rows cannot be rewritten.
    """
    find_model(workspace, wish.model)
    child = Child("studio.datasets.augment.rewriting_helper", str(workspace.home), log=workspace.logs / "rewriting.log")
    request = {
        "dataset": dataset.id,
        "steps": steps.model_dump(mode="json"),
        "wish": wish.model_dump(mode="json"),
    }
    try:
        for reply in child.ask(request):
            if reply:
                examples = [(question, text) for question, text in reply.pop("examples")]
                yield Progress(**reply, examples=examples)
    finally:
        child.close()  # it holds a whole model, which a training or the chat may need room for

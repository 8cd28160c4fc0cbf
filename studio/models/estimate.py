"""What a run will cost: steps exactly, minutes from this computer's own pace."""

from dataclasses import dataclass
from typing import Any, Protocol

from studio.models.catalogue import Model
from studio.models.hardware import look
from studio.models.speed import predict
from studio.workspace import Workspace

START_SECONDS = 15  # libraries, model and examples, on two cores
FORWARD_SHARE = 0.4  # reading a row takes this much of learning from it


class Schedule(Protocol):
    """The part of a method's settings that decides how long it takes."""

    adapt: Any
    weights: Any
    batch_size: int
    checks: int

    def rows_made(self, rows: int, tokens: int) -> int: ...

    def rows_checked(self, rows: int) -> int: ...

    def steps(self, rows: int) -> int: ...


@dataclass(frozen=True)
class Estimate:
    """`steps` is exact save where rows are packed; `seconds` is an estimate with its `basis`.

    memory_gb is None until a run was measured.
    """

    steps: int
    seconds: float
    basis: str
    memory_gb: float | None


def estimate(workspace: Workspace, model: Model, settings: Schedule, rows: dict[str, int], tokens: int) -> Estimate:
    """`rows` per split as in Version.rows; `tokens` of all training rows together, after cutting."""
    made = settings.rows_made(rows["train"], tokens)
    steps = settings.steps(made)
    speed = predict(workspace, model, look(), settings.adapt, settings.weights)
    per_row = tokens / rows["train"]
    learning = steps * settings.batch_size * tokens / made
    checked = settings.rows_checked(rows["validation"]) * (1 + min(settings.checks, steps))
    reading = per_row * (checked + 2 * rows["test"])
    seconds = START_SECONDS + (learning + FORWARD_SHARE * reading) / speed.tokens_per_second
    return Estimate(steps, seconds, speed.basis, speed.memory_gb)

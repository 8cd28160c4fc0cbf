"""What has to be known to say how much memory a run needs."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

EDITION = 4  # raised whenever the same question would get another answer, so that kept answers are asked for anew


@dataclass(frozen=True)
class Question:
    """One run on one device.

    architecture: the values of the model's config.json; teacher: the same of a teacher, for distillation. settings: the
    method's own, checked. tokens: of the longest example after cutting. trained: the share of an example's tokens that
    are learned. check_rows: rows that it is checked and tested on. dtype: "float32" or "bfloat16". device: "cpu" or
    "cuda". groups: outputs of a classifier's head.
    """

    architecture: dict[str, Any]
    method: str
    settings: dict[str, Any]
    tokens: int
    dtype: str
    device: str
    trained: float = 1.0
    check_rows: int = 8
    teacher: dict[str, Any] = field(default_factory=dict)
    groups: int = 8

    # Settings that change nothing about the memory, so that an answer serves for all their values.
    INDIFFERENT = (
        "learning_rate", "epochs", "max_steps", "warmup", "checks", "seed", "alpha", "shots", "rslora", "patience",
        "keep_by", "keep_points", "spread",
    )  # fmt: skip

    @property
    def key(self) -> str:
        """The same for all questions that have the same answer."""
        values = asdict(self)
        values["settings"] = {name: value for name, value in self.settings.items() if name not in self.INDIFFERENT}
        values["edition"] = EDITION
        return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()[:32]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

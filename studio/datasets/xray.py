"""What the model really sees, for the page: asked of a light helper process that holds the tokenizer."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from studio.child import Child, Reply
from studio.datasets.rows import Messages
from studio.datasets.versions import Version
from studio.models.catalogue import Model, find_model
from studio.workspace import Workspace


@dataclass(frozen=True)
class Piece:
    """The text of one token. `mark` is set for the format's own marks, such as <|im_end|>."""

    text: str
    kind: Literal["read", "learn", "cut"]
    mark: bool


@dataclass(frozen=True)
class Segment:
    role: str
    pieces: list[Piece]


@dataclass(frozen=True)
class XRayView:
    """One example as tokens; read + learn + cut = total."""

    segments: list[Segment]
    read: int
    learn: int
    cut: int
    total: int
    limit: int


@dataclass(frozen=True)
class Lengths:
    """Tokens of the training rows: `tokens` in all and `trained` that are learned from, both after cutting.

    `counts` is a histogram as (upper edge in tokens, rows). Beyond 2,000 rows they are counted on
    `sampled` rows spread over all, and the other numbers are scaled up.
    """

    rows: int
    sampled: int
    tokens: int
    trained: int
    longest: int
    median: int
    cut_rows: int
    counts: list[tuple[int, int]]


class XRay:
    """The owner's end of the helper."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.child = Child("studio.datasets.xray_helper", log=workspace.logs / "xray.log")
        self.warmed: set[str] = set()

    def warm(self, model: str) -> None:
        """Load the model's tokenizer, so that the next question is answered in milliseconds (first: 1 to 2 s)."""
        self.one({"do": "warm"}, find_model(self.workspace, model))
        self.warmed.add(model)

    def is_warm(self, model: str) -> bool:
        return model in self.warmed

    def show(self, model: str, messages: Messages, max_length: int, tools: list[Any] | None = None) -> XRayView:
        """One conversation, which must end with the assistant, as tokens.

        Raises StudioError when the model is not on this computer or has no chat format.
        """
        reply = self.one(
            {"do": "show", "messages": messages, "tools": tools or [], "max_length": max_length},
            find_model(self.workspace, model),
        )
        segments = [Segment(s["role"], [Piece(*piece) for piece in s["pieces"]]) for s in reply.pop("segments")]
        return XRayView(segments=segments, **reply)

    def lengths(self, model: str, version: Version, max_length: int, plain: bool = False) -> Lengths:
        """Token counts of a version's training rows; plain: for methods that use no chat format."""
        request = {
            "do": "lengths",
            "parquet": str(version.parquet),
            "kind": version.kind,
            "max_length": max_length,
            "plain": plain,
        }
        reply = self.one(request, find_model(self.workspace, model))
        return Lengths(**{**reply, "counts": [(edge, rows) for edge, rows in reply["counts"]]})

    def totals(self, model: str, rows: Path, kind: str) -> list[int]:
        """Tokens of every row of a Parquet file of rows, uncut, in its order."""
        reply = self.one({"do": "totals", "parquet": str(rows), "kind": kind}, find_model(self.workspace, model))
        return list(reply["totals"])

    def one(self, request: dict[str, Any], model: Model) -> Reply:
        folder = model.ready_folder(self.workspace)
        replies = list(self.child.ask({**request, "folder": str(folder)}))
        return replies[0]

    def close(self) -> None:
        self.child.close()

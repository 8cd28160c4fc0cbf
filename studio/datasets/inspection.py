"""Looking through all rows of a dataset, for the page: asked of a helper process, answered piece by piece."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from studio.child import Child
from studio.datasets.comparing import Comparison
from studio.datasets.fixing import Before, Fix
from studio.datasets.health.report import Finding
from studio.datasets.merging import Part
from studio.datasets.versions import DataSteps
from studio.workspace import Workspace


@dataclass(frozen=True)
class Preview:
    """What a fix does: rows taken out, rows changed, and a few of them."""

    removed: int
    changed: int
    rows: list[Before]


class Inspector:
    """The owner's end of the helper. One question at a time; what is no longer wanted is left unread."""

    def __init__(self, workspace: Workspace) -> None:
        self.child = Child("studio.datasets.inspection_helper", str(workspace.home), log=workspace.logs / "data.log")

    def report(self, dataset: str, steps: DataSteps, model: str, limit: int) -> Iterator[tuple[str, Finding | None]]:
        """Every check by name, with what it found in the rows as these steps leave them; None when all is well.

        Lengths are counted in the model's tokens, `limit` is the longest example.
        """
        for reply in self.child.ask(request("report", dataset, steps, model=model, limit=limit)):
            if reply:
                yield reply["check"], Finding(**reply["finding"]) if reply["finding"] else None

    def preview(self, dataset: str, steps: DataSteps, fix: Fix) -> Preview:
        """What one fix with these options does, or would do, to the rows as they are after the fixes before it.

        Whether `steps` have it switched on, and how, makes no difference. A finding has the options that its fix is
        to be switched on with.
        """
        reply = next(iter(list(self.child.ask(request("preview", dataset, steps, fix=fix.model_dump(mode="json"))))))
        return Preview(reply["removed"], reply["changed"], [Before(**row) for row in reply["rows"]])

    def prepare(self, dataset: str, steps: DataSteps) -> None:
        """Make the version of these steps, so that `versions.prepare` finds it at once."""
        list(self.child.ask(request("prepare", dataset, steps)))

    def compare(self, dataset: str, one: str, other: str) -> Comparison:
        """What differs between two versions, by the names of their folders; some seconds for a million rows.

        Raises StudioError when one of them is not there.
        """
        reply = next(iter(list(self.child.ask({"do": "compare", "dataset": dataset, "one": one, "other": other}))))
        return Comparison.model_validate(reply["comparison"])

    def merge(self, parts: Sequence[Part], name: str = "") -> tuple[str, DataSteps]:
        """Make one dataset of several (see studio.datasets.merging): its id, and the steps that read it."""
        asked = [
            {"dataset": part.dataset_id, "steps": part.steps.model_dump(mode="json"), "weight": part.weight}
            for part in parts
        ]
        reply = next(iter(list(self.child.ask({"do": "merge", "parts": asked, "name": name}))))
        return str(reply["dataset"]), DataSteps.model_validate(reply["steps"])

    def close(self) -> None:
        self.child.close()


def request(do: str, dataset: str, steps: DataSteps, **more: Any) -> dict[str, Any]:
    return {"do": do, "dataset": dataset, "steps": steps.model_dump(mode="json"), **more}

"""Looking through all rows of a dataset, for the page: asked of a helper process, answered piece by piece."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pandas import DataFrame

from studio.child import Child, Reply
from studio.datasets.comparing import Comparison
from studio.datasets.fixing import Before, Fix
from studio.datasets.health.report import Finding
from studio.datasets.merging import Part
from studio.datasets.table_file import Progress, clear_left
from studio.datasets.versions import DataSteps
from studio.errors import StudioError
from studio.workspace import Workspace


@dataclass(frozen=True)
class Preview:
    """What a fix does: rows taken out, rows changed, and a few of them."""

    removed: int
    changed: int
    rows: list[Before]


class Inspector:
    """The owner's end of the helpers. What is no longer wanted is left unread.

    A report takes minutes on many rows, so it has a helper of its own, and what a person waits for has another. Each
    answers one question at a time and holds the rows looked at last. A merging gets one for itself, gone in the end.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.reports, self.quick = self.helper("data.log"), self.helper("data-quick.log")

    def helper(self, log: str) -> Child:
        home = str(self.workspace.home)
        return Child("studio.datasets.inspection_helper", home, log=self.workspace.logs / log)

    def report(self, dataset: str, steps: DataSteps, model: str, limit: int) -> Iterator[tuple[str, Finding | None]]:
        """Every check by name, with what it found in the rows as these steps leave them; None when all is well.

        Lengths are counted in the model's tokens, `limit` is the longest example.
        """
        for reply in self.reports.ask(request("report", dataset, steps, model=model, limit=limit)):
            if reply:
                yield reply["check"], Finding(**reply["finding"]) if reply["finding"] else None

    def preview(self, dataset: str, steps: DataSteps, fix: Fix) -> Preview:
        """What one fix with these options does, or would do, to the rows as they are after the fixes before it.

        Whether `steps` have it switched on, and how, makes no difference. A finding has the options that its fix is
        to be switched on with.
        """
        reply = self.answer(request("preview", dataset, steps, fix=fix.model_dump(mode="json")))
        return Preview(reply["removed"], reply["changed"], [Before(**row) for row in reply["rows"]])

    def prepare(self, dataset: str, steps: DataSteps) -> None:
        """Make the version of these steps, so that `versions.prepare` finds it at once."""
        self.answer(request("prepare", dataset, steps))

    def compare(self, dataset: str, one: str, other: str) -> Comparison:
        """What differs between two versions, by the names of their folders; some seconds for a million rows.

        Raises StudioError when one of them is not there.
        """
        reply = self.answer({"do": "compare", "dataset": dataset, "one": one, "other": other})
        return Comparison.model_validate(reply["comparison"])

    def search(self, dataset: str, version: str, words: str) -> tuple[int, ...]:
        """The rows of a version, by the name of its folder, in which these words stand (see `searching.search`).

        About 4 seconds for 200,000 rows. Raises StudioError when the version is not there.
        """
        reply = self.answer({"do": "search", "dataset": dataset, "version": version, "words": words})
        return tuple(reply["rows"])

    def download(self, dataset: str, steps: DataSteps, format: str, folder: Path) -> Path:
        """Write the rows of these steps with their data card into `folder` (see `downloads.download`): the file."""
        return Path(self.answer(request("download", dataset, steps, format=format, folder=str(folder)))["path"])

    def merge(
        self, parts: Sequence[Part], name: str = "", watch: Callable[[Progress], None] | None = None
    ) -> tuple[str, DataSteps]:
        """Make one dataset of several (see studio.datasets.merging): its id, and the steps that read it.

        watch: told about four times a second how far it is, without first rows. What it raises, such as Cancelled,
        stops the merging at once and goes to the caller; nothing is left behind. Raises StudioError as `merge` does.
        """
        asked = [
            {"dataset": part.dataset_id, "steps": part.steps.model_dump(mode="json"), "weight": part.weight}
            for part in parts
        ]
        helper = self.helper("merging.log")
        process = helper.started()
        try:
            for reply in helper.ask({"do": "merge", "parts": asked, "name": name}):
                if "dataset" in reply:
                    return str(reply["dataset"]), DataSteps.model_validate(reply["steps"])
                if watch is not None:
                    watch(Progress(reply["rows"], reply["share"], DataFrame(), reply["note"]))
            raise StudioError("The merging ended without a dataset.", "Try again.")
        finally:
            helper.close()
            process.wait()
            clear_left(self.workspace, process.pid)

    def answer(self, request: Reply) -> Reply:
        """The one reply to a quick question."""
        return next(iter(list(self.quick.ask(request))))

    def close(self) -> None:
        self.reports.close()
        self.quick.close()


def request(do: str, dataset: str, steps: DataSteps, **more: Any) -> dict[str, Any]:
    return {"do": do, "dataset": dataset, "steps": steps.model_dump(mode="json"), **more}

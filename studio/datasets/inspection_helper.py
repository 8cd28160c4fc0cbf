"""The helper process behind `studio.datasets.inspection`: `python -m studio.datasets.inspection_helper HOME`.

It reads all rows, runs the checks and makes the versions, so that a large dataset never holds up the page.
"""

import logging
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import lru_cache
from threading import Event

import numpy

from studio.child import Reply, serve
from studio.datasets.comparing import compare
from studio.datasets.dividing import divide, test_rows
from studio.datasets.fixing import Fix, carry_out, mend
from studio.datasets.health import CHECKS
from studio.datasets.health.check import Data
from studio.datasets.health.report import ask
from studio.datasets.merging import Part, merge
from studio.datasets.store import load_dataset
from studio.datasets.versions import DataSteps, load_version, mapped, prepare
from studio.errors import StudioError
from studio.models.catalogue import find_model
from studio.workspace import Workspace, open_workspace

log = logging.getLogger("tunesmith.data")


class Inspection:
    """Holds the rows looked at last, because one question follows another about the same rows."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.rows = lru_cache(maxsize=2)(self.read)

    def read(self, dataset: str, steps: str) -> Data:
        """The mapped rows of a dataset; steps as JSON, without fixes."""
        return mapped(load_dataset(self.workspace, dataset), DataSteps.model_validate_json(steps))[0]

    def data(self, request: Reply) -> tuple[Data, DataSteps]:
        steps = DataSteps.model_validate(request["steps"])
        bare = steps.model_copy(update={"fixes": [], "separate_test": None, "weights": None})
        return self.rows(request["dataset"], bare.model_dump_json()), steps

    def answer(self, request: Reply, stopped: Event) -> Iterator[Reply]:
        if request["do"] == "merge":
            yield self.merge(request)
            return
        if request["do"] == "compare":
            yield self.compare(request)
            return
        data, steps = self.data(request)
        if request["do"] == "report":
            yield from self.report(data, steps, request, stopped)
        elif request["do"] == "preview":
            yield preview(data, steps, Fix.model_validate(request["fix"]))
        else:
            version = prepare(self.workspace, load_dataset(self.workspace, request["dataset"]), steps)
            yield {"version": version.folder.name}

    def merge(self, request: Reply) -> Reply:
        """A new dataset out of several; its id, and the steps that read it."""
        parts = [
            Part(part["dataset"], DataSteps.model_validate(part["steps"]), part["weight"]) for part in request["parts"]
        ]
        dataset, steps = merge(self.workspace, parts, request["name"])
        return {"dataset": dataset.id, "steps": steps.model_dump(mode="json")}

    def compare(self, request: Reply) -> Reply:
        """What differs between two versions."""
        dataset = load_dataset(self.workspace, request["dataset"])
        found = compare(load_version(dataset, request["one"]), load_version(dataset, request["other"]))
        return {"comparison": found.model_dump(mode="json")}

    def report(self, data: Data, steps: DataSteps, request: Reply, stopped: Event) -> Iterator[Reply]:
        """One reply a check, on the rows as they are after the fixes of these steps."""
        data, _ = mend(CHECKS, data, steps.fixes)
        for check in CHECKS:
            # Both take long on many rows, so they are only made when their check's turn has come.
            if check.name == "too_long":
                lengths = self.lengths(data, request)
                data = replace(data, lengths=lengths, limit=request["limit"], model=request["model"])
            looked_at = self.split_up(data, request["dataset"], steps) if check.name == "leaks" else data
            if not check.kinds or data.kind in check.kinds:
                finding = ask(check, looked_at)
                yield {"check": check.name, "finding": finding and finding.document()}
            if stopped.is_set():
                return

    def split_up(self, data: Data, dataset: str, steps: DataSteps) -> Data:
        """The rows with their split, those of a test file among them; without splits when none can be made."""
        try:
            own = load_dataset(self.workspace, dataset)
            test, _ = test_rows(self.workspace, own, steps.mapping, steps.separate_test)
            frame, _ = divide(data.rows, data.kind, steps.own_split, test)
        except StudioError:
            return data
        return Data(frame.drop(columns="split"), data.kind, frame["split"].to_numpy(dtype=object))

    def lengths(self, data: Data, request: Reply) -> numpy.ndarray | None:
        """Tokens of every row; None while the model is not on this computer, or has no chat format."""
        from studio.datasets.xray_helper import tokenizer_of, totals

        try:
            folder = find_model(self.workspace, request["model"]).ready_folder(self.workspace)
            return numpy.array(totals(tokenizer_of(str(folder)), data.rows, data.kind))
        except StudioError as error:
            log.warning("Lengths are not known: %s", error)
            return None


def preview(data: Data, steps: DataSteps, fix: Fix) -> Reply:
    """What one fix would do, or does, after the fixes that run before it."""
    check = next((check for check in CHECKS if check.name == fix.name and check.mend), None)
    if check is None:
        raise StudioError(f"There is no fix called “{fix.name}”.", "Choose one of those shown.")
    earlier = CHECKS[: CHECKS.index(check)]
    names = {one.name for one in earlier}
    data, _ = mend(earlier, data, [one for one in steps.fixes if one.name in names])
    _, done, shown = carry_out(check, data, fix)
    return {"removed": done.removed, "changed": done.changed, "rows": [asdict(row) for row in shown]}


def main() -> None:
    inspection = Inspection(open_workspace(sys.argv[1]))
    serve(inspection.answer)


if __name__ == "__main__":
    main()

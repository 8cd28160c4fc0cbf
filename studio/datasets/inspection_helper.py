"""The helper process behind `studio.datasets.inspection`: `python -m studio.datasets.inspection_helper HOME`.

It reads all rows, runs the checks and makes the versions, so that a large dataset never holds up the page.
"""

import logging
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path
from threading import Event

import numpy

from studio.child import Reply, serve
from studio.datasets.comparing import compare
from studio.datasets.dividing import divide, test_rows
from studio.datasets.downloads import download
from studio.datasets.fixing import Fix, carry_out, mend
from studio.datasets.health import CHECKS
from studio.datasets.health.check import Data
from studio.datasets.health.report import ask
from studio.datasets.merging import Part, merge
from studio.datasets.searching import search
from studio.datasets.store import load_dataset
from studio.datasets.table_file import Progress
from studio.datasets.versions import DataSteps, load_version, mapped, prepare
from studio.errors import StudioError
from studio.models.catalogue import find_model
from studio.workspace import Workspace, open_workspace

log = logging.getLogger("tunesmith.data")
EVERY = 0.25  # seconds between two replies of a merging


class Inspection:
    """Holds the rows looked at last, because one question follows another about the same rows."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.rows = lru_cache(maxsize=1)(self.read)

    def read(self, dataset: str, steps: str) -> Data:
        """The mapped rows of a dataset; steps as JSON, those alone that change how a row is read."""
        return mapped(load_dataset(self.workspace, dataset), DataSteps.model_validate_json(steps))[0]

    def data(self, request: Reply) -> tuple[Data, DataSteps]:
        steps = DataSteps.model_validate(request["steps"])
        read = DataSteps(mapping=steps.mapping, left_out=steps.left_out, edits=steps.edits)
        return self.rows(request["dataset"], read.model_dump_json()), steps

    def answer(self, request: Reply, stopped: Event) -> Iterator[Reply]:
        if request["do"] == "merge":
            yield from self.merge(request)
        elif request["do"] == "compare":
            yield self.compare(request)
        elif request["do"] == "search":
            version = load_version(load_dataset(self.workspace, request["dataset"]), request["version"])
            yield {"rows": search(version, request["words"])}
        elif request["do"] in ("prepare", "download"):
            yield self.prepare(request)
        else:
            yield from self.look(request, stopped)

    def look(self, request: Reply, stopped: Event) -> Iterator[Reply]:
        """What is asked of all rows as they are read, before any fix."""
        data, steps = self.data(request)
        if request["do"] == "report":
            yield from self.report(data, steps, request, stopped)
        elif request["do"] == "preview":
            yield preview(data, steps, Fix.model_validate(request["fix"]))

    def prepare(self, request: Reply) -> Reply:
        """Make a version; with a format and a folder, its file to take away, too."""
        dataset = load_dataset(self.workspace, request["dataset"])
        version = prepare(self.workspace, dataset, DataSteps.model_validate(request["steps"]))
        if request["do"] == "prepare":
            return {"version": version.folder.name}
        return {"path": str(download(dataset, version, request["format"], Path(request["folder"])))}

    def merge(self, request: Reply) -> Iterator[Reply]:
        """{"rows", "share", "note"} about four times a second, also while nothing moves, so that whoever looks can
        stop it; then {"dataset": id, "steps"}, which read the new dataset."""
        parts = [
            Part(part["dataset"], DataSteps.model_validate(part["steps"]), part["weight"]) for part in request["parts"]
        ]
        far = {"rows": 0, "share": 0.0, "note": ""}

        def watch(progress: Progress) -> None:
            far.update(rows=progress.rows, share=round(progress.share, 4), note=progress.note)

        with ThreadPoolExecutor(1) as pool:
            work = pool.submit(merge, self.workspace, parts, request["name"], watch)
            while wait([work], EVERY).not_done:
                yield dict(far)
            dataset, steps = work.result()
        yield {"dataset": dataset.id, "steps": steps.model_dump(mode="json")}

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
            frame, _ = divide(data.rows, data.kind, steps.own_split, test, steps.one_group_column)
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

"""The health reports, filled in the background while the page looks at what is known so far."""

import threading
import time

from components.background import trouble_of
from components.health_view import Report, Stage
from studio.datasets.fixing import Fix
from studio.datasets.health import CHECKS
from studio.datasets.inspection import Inspector, Preview
from studio.datasets.versions import DataSteps
from studio.errors import StudioError

MOST_PREVIEWS = 100
MOST_REPORTS = 20
FORGOTTEN = 6.0  # seconds after which nobody looks any more; the page asks twice a second


class Watch:
    """The reports asked for, by what they were asked about; filled by threads, read by the page."""

    def __init__(self, inspector: Inspector) -> None:
        self.inspector = inspector
        self.stages: dict[str, Stage] = {}
        self.previews: dict[str, Preview | StudioError] = {}
        self.asked: set[str] = set()  # previews under way
        self.wanted: dict[str, float] = {}  # when each report was last asked for
        self.lock = threading.Lock()

    def report(self, dataset: str, steps: DataSteps, model: str, limit: int) -> Report:
        """What is known so far of the rows without and with the fixes. The first call starts the checks."""
        bare = bare_of(steps)
        asked = [bare, bare.model_copy(update={"fixes": steps.fixes})] if steps.fixes else [bare]
        keys = [f"{dataset} {one.model_dump_json()} {model} {limit}" for one in asked]
        with self.lock:
            for key, one in zip(keys, asked, strict=True):
                known = self.stages.get(key)
                # What failed is tried again once somebody comes back to it; a page that looks on does not start it.
                again = known is not None and known.trouble and time.monotonic() - self.wanted.get(key, 0) > FORGOTTEN
                self.wanted[key] = time.monotonic()  # before its thread looks at it
                if known is None or again:
                    self.stages[key] = Stage()
                    work = (key, dataset, one, model, limit)
                    threading.Thread(target=self.fill, args=work, daemon=True).start()
            stages = [self.stages[key] for key in keys]
            for old in [key for key, stage in self.stages.items() if stage.done and key not in keys][:-MOST_REPORTS]:
                del self.stages[old], self.wanted[old]
        total = sum(not check.kinds or steps.mapping.kind in check.kinds for check in CHECKS)
        return Report(total, stages[0], stages[1] if steps.fixes else None)

    def fill(self, key: str, dataset: str, steps: DataSteps, model: str, limit: int) -> None:
        """Ask the helper. What nobody looks at any more is broken off, and asked again when it is wanted again."""
        stage = self.stages[key]

        def listen() -> None:
            for name, finding in self.inspector.report(dataset, steps, model, limit):
                stage.found[name] = finding
                if time.monotonic() - self.wanted[key] > FORGOTTEN:
                    self.stages.pop(key, None)
                    return
            stage.done = True

        trouble = trouble_of(listen, "The checks could not be finished.")
        stage.trouble = trouble.text if trouble else ""

    def preview(self, dataset: str, steps: DataSteps, fix: Fix) -> None:
        """Have a few rows before and after a fix ready for the next look."""
        key = f"{self.about(dataset, steps)} {fix.name}"
        self.asked.add(key)

        def ask() -> None:
            def look() -> None:
                self.previews[key] = self.inspector.preview(dataset, steps, fix)

            trouble = trouble_of(look, "The preview failed.")
            if trouble:
                self.previews[key] = trouble
            self.asked.discard(key)
            for old in list(self.previews)[:-MOST_PREVIEWS]:
                self.previews.pop(old, None)

        threading.Thread(target=ask, daemon=True).start()

    @property
    def busy(self) -> bool:
        """Whether a preview is on its way."""
        return bool(self.asked)

    @staticmethod
    def about(dataset: str, steps: DataSteps) -> str:
        """What a preview is of, whichever fixes are on: they come back to the same rows."""
        return f"{dataset} {bare_of(steps).model_dump_json()}"

    def again(self, dataset: str, steps: DataSteps) -> None:
        """Other fixes: make the previews on show anew, each with its fix as it is now."""
        on = {fix.name: fix for fix in steps.fixes}
        told = {check.name for check in CHECKS if check.remember}  # these need to be told what was found
        for name in self.previews_of(dataset, steps):
            if name in on or name not in told:
                self.preview(dataset, steps, on.get(name, Fix(name=name)))

    def previews_of(self, dataset: str, steps: DataSteps) -> dict[str, Preview | StudioError]:
        """By the name of the fix, those asked for so far."""
        head = f"{self.about(dataset, steps)} "
        return {key.removeprefix(head): one for key, one in list(self.previews.items()) if key.startswith(head)}


def bare_of(steps: DataSteps) -> DataSteps:
    """The steps less those that the checks do not look at, and less the fixes, whose effect is looked at apart."""
    return steps.model_copy(update={"fixes": [], "weights": None, "augment": None})

"""Asking the X-ray without making the page wait: the tokenizer is loaded, and long data counted, in the background."""

import threading
from collections.abc import Callable
from typing import Any

from components.background import trouble_of
from studio.datasets.inspection import Inspector
from studio.datasets.rows import Messages
from studio.datasets.store import Dataset, load_dataset
from studio.datasets.versions import DataSteps, Version, is_prepared, prepare
from studio.datasets.xray import Lengths, XRay, XRayView
from studio.errors import StudioError
from studio.models.catalogue import find_model

SMALL = 3_000_000  # bytes of Parquet
AT_ONCE = 2000  # rows up to which the page need not wait for a version to be made


class Examiner:
    """An answer is there at once or None: then ask again in a moment.

    An error met in the background is raised at the next question, once; the question after that tries anew.
    """

    def __init__(self, xray: XRay, inspector: Inspector) -> None:
        self.xray, self.inspector = xray, inspector
        self.known: dict[str, Lengths] = {}
        self.errors: dict[str, StudioError] = {}
        self.at_work: set[str] = set()
        self.lock = threading.Lock()

    def version(self, dataset: Dataset, steps: DataSteps) -> Version | None:
        """The rows that these steps make; None while those of a large dataset are being made."""
        if self.small(dataset, steps) or is_prepared(dataset, steps):
            return prepare(self.xray.workspace, dataset, steps)
        key = f"prepare {dataset.id} {steps.model_dump_json()}"
        self.in_background(key, lambda: self.inspector.prepare(dataset.id, steps))
        return None

    def small(self, dataset: Dataset, steps: DataSteps) -> bool:
        """Whether the rows can be prepared while the page waits, the test file's too."""
        files = [dataset]
        if steps.separate_test:
            files.append(load_dataset(self.xray.workspace, steps.separate_test.dataset))
        return (
            sum(one.facts.rows for one in files) <= AT_ONCE and sum(one.table.stat().st_size for one in files) <= SMALL
        )

    def show(self, model: str, messages: Messages, limit: int, tools: list[Any]) -> XRayView | None:
        """One conversation as tokens; None while the tokenizer is being loaded (1 to 2 s at first).

        Raises StudioError when the model is not on this computer or has no chat format.
        """
        find_model(self.xray.workspace, model).ready_folder(self.xray.workspace)
        if self.xray.is_warm(model):
            return self.xray.show(model, messages, limit, tools)
        self.in_background(f"warm {model}", lambda: self.xray.warm(model))
        return None

    def lengths(self, model: str, version: Version, limit: int) -> Lengths | None:
        """Token counts of the training rows; None while they are being counted."""
        key = f"{model} {version.fingerprint} {version.folder.name} {limit}"

        def count() -> None:
            self.known[key] = self.xray.lengths(model, version, limit)

        if key not in self.known:
            self.in_background(key, count)
        return self.known.get(key)

    def in_background(self, key: str, work: Callable[[], None]) -> None:
        with self.lock:
            if key in self.errors:
                raise self.errors.pop(key)
            if key in self.at_work:
                return
            self.at_work.add(key)

        def run() -> None:
            trouble = trouble_of(work, "The rows could not be prepared for the page.")
            if trouble:
                self.errors[key] = trouble
            self.at_work.discard(key)

        threading.Thread(target=run, daemon=True).start()

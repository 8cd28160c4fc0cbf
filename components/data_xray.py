"""Asking the X-ray without making the page wait: the tokenizer is loaded, and long data counted, in the background."""

import logging
import threading
from collections.abc import Callable

from studio.datasets.examples import Messages
from studio.datasets.versions import Version
from studio.datasets.xray import Lengths, XRay, XRayView
from studio.errors import StudioError
from studio.models.catalogue import find_model

Key = tuple[str, ...]
log = logging.getLogger("tunesmith.page")


class Examiner:
    """An answer is there at once or None: then ask again in a moment.

    An error met in the background is raised at the next question, once; the question after that tries anew.
    """

    def __init__(self, xray: XRay) -> None:
        self.xray = xray
        self.known: dict[str, Lengths] = {}
        self.errors: dict[str, StudioError] = {}
        self.at_work: set[str] = set()
        self.lock = threading.Lock()

    def show(self, model: str, messages: Messages, limit: int) -> XRayView | None:
        """One conversation as tokens; None while the tokenizer is being loaded (1 to 2 s at first).

        Raises StudioError when the model is not on this computer or has no chat format.
        """
        find_model(self.xray.workspace, model).ready_folder(self.xray.workspace)
        if self.xray.is_warm(model):
            return self.xray.show(model, messages, limit)
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
            try:
                work()
            except StudioError as error:
                self.errors[key] = error
            except Exception:
                log.exception("The X-ray failed")
                self.errors[key] = StudioError(
                    "The X-ray of this row could not be made.", "The reason is in logs/page.log."
                )
            finally:
                self.at_work.discard(key)

        threading.Thread(target=run, daemon=True).start()

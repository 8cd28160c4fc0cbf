"""Carries what is told to one tracker there in a thread of its own, so that no tracker can hold a step up or end a run.

What hangs, hangs in that thread; what fails is kept as a sentence, and the tracker is told nothing more.
"""

import logging
import os
import queue
import threading
from typing import TYPE_CHECKING, Any

from studio.training.tracking.keys import KEY

if TYPE_CHECKING:
    from studio.training.tracking.trackers import Tracker

MOST_WAITING = 20_000  # letters: a tracker that is so far behind will not catch up
LONGEST = 200  # characters of a library's own words
UNREACHED = ("max retries exceeded", "connection", "timed out", "timeout", "unreachable", "failed to connect")

log = logging.getLogger("tunesmith.tracking")


class Post:
    """failed: why the tracker could not be told, as a sentence; "" while all is well. begun: it has answered once."""

    def __init__(self, tracker: "Tracker") -> None:
        self.tracker, self.failed, self.begun = tracker, "", False
        self.letters: queue.SimpleQueue[tuple[str, tuple[Any, ...]] | None] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self.carry, daemon=True, name=f"tracking {tracker.title}")
        self.thread.start()

    @property
    def stuck(self) -> bool:
        return self.thread.is_alive()

    def send(self, what: str, *about: Any) -> None:
        """Have the tracker's method of that name called. Returns at once."""
        if self.failed:
            return
        if self.letters.qsize() >= MOST_WAITING:
            self.failed = f"{self.tracker.place} is too slow: it is {MOST_WAITING:,} figures behind."
            return
        self.letters.put((what, about))

    def close(self, seconds: float) -> None:
        """Wait until all has been carried there, but not for longer than this."""
        self.letters.put(None)
        self.thread.join(seconds)
        if self.stuck and not self.failed:
            slow = f"{self.tracker.place} did not take everything within {seconds:.0f} s. {self.tracker.left_over}"
            self.failed = slow.strip() if self.begun else f"{self.tracker.place} does not answer."

    def carry(self) -> None:
        while (letter := self.letters.get()) is not None:
            what, about = letter
            if self.failed:
                return
            try:
                getattr(self.tracker, what)(*about)
                self.begun = True
            except Exception as error:
                log.warning("%s", without_key(str(error)))
                self.failed = in_short(error, self.tracker.place)
                return


def in_short(error: Exception, place: str) -> str:
    """Why it failed, as a sentence: what a library says of a network fills a page."""
    words = without_key(" ".join(str(error).split())) or type(error).__name__
    if any(sign in words.lower() for sign in UNREACHED):
        return f"{place} does not answer."
    return words[:LONGEST].rstrip(".") + ("…" if len(words) > LONGEST else ".")


def without_key(words: str) -> str:
    key = os.environ.get(KEY)
    return words.replace(key, "[key]") if key else words

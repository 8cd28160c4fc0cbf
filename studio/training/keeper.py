"""The keeper of the queue: a thread of the server that starts the next run, whether or not a page is open."""

import logging
import threading
from collections.abc import Callable, Sequence

from studio.errors import StudioError
from studio.training.queue import advance
from studio.training.reviving import revive
from studio.workspace import Workspace

EVERY, AT_MOST = 2.0, 60.0  # seconds between two looks, and after failures

log = logging.getLogger("tunesmith.queue")


class Keeper:
    """Looks after the queue of a home until `end`, or for as long as the server lives.

    before: what else is done at each look, such as asking searches for their next run.
    """

    def __init__(
        self, workspace: Workspace, every: float = EVERY, before: Sequence[Callable[[Workspace], None]] = ()
    ) -> None:
        self.workspace, self.every, self.before = workspace, every, before
        self.ended = threading.Event()
        self.trouble = ""
        self.thread = threading.Thread(target=self.keep, daemon=True, name="queue")

    def start(self) -> "Keeper":
        self.thread.start()
        return self

    def end(self) -> None:
        self.ended.set()

    def keep(self) -> None:
        pause = self.every
        while not self.ended.wait(pause):
            pause = self.every if self.look() else min(AT_MOST, pause * 2)

    def look(self) -> bool:
        """Start the next run if it is its turn. Whether that could be looked after; a trouble is told once."""
        try:
            revive(self.workspace)
            for look in self.before:
                look(self.workspace)
            advance(self.workspace)
        except Exception as error:
            words = error.text if isinstance(error, StudioError) else f"{type(error).__name__}: {error}"
            if words != self.trouble:
                log.warning("The next run could not be started, and is tried again. %s", words, exc_info=True)
            self.trouble = words
            return False
        self.trouble = ""
        return True

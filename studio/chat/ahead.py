"""Models made ready for the question that comes next: those of a run that has just ended, while nobody trains."""

import threading
import time
from collections.abc import Sequence

from studio.chat.client import Chat
from studio.training.queue import active_run
from studio.training.run import Run, recipe_of
from studio.training.view import RunView

IDLE = 600.0  # seconds that models are held for a question that does not come
LOOK = 2.0  # seconds between two looks at whether they are in the way


class Ahead:
    """Looks at the runs as an open page does, and has the chat load what a run has kept as soon as it ends.

    It is given back when a run begins, or when nobody has asked for a while; and not loaded where it would take more
    than half of the memory that is free.
    """

    def __init__(self, chat: Chat) -> None:
        self.chat = chat
        self.live = ""  # the run that was at work at the last look
        self.turn = threading.Lock()

    def look(self, runs: Sequence[tuple[Run, RunView]]) -> threading.Thread | None:
        """Called at every tick of every open page. Returns the thread that makes models ready, if one has begun."""
        live = next((run.id for run, view in runs if view.live), "")
        with self.turn:
            before, self.live = self.live, live
        if live or not before or any(view.status == "waiting" for _, view in runs):
            return None
        run, view = next(((run, view) for run, view in runs if run.id == before), (None, None))
        if run is None or view is None or view.status not in ("finished", "stopped") or run.kept is None:
            return None
        if recipe_of(run).trial is not None:  # the next run of its search begins in a moment
            return None
        thread = threading.Thread(target=self.make_ready, args=(run,), daemon=True)
        thread.start()
        return thread

    def make_ready(self, run: Run) -> None:
        asked = self.chat.asked
        ready = self.chat.prepare(run.id)
        until = time.monotonic() + IDLE
        while ready and time.monotonic() < until and self.chat.asked == asked:
            if active_run(self.chat.workspace):
                break
            time.sleep(LOOK)
        self.chat.close_unless_asked(asked)

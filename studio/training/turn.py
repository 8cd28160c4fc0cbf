"""A worker's turn: it takes the device, or waits for it in a way that can be seen and ended at any moment."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import Timeout

from studio.models.hardware import look
from studio.processes import identity, is_this_process
from studio.training.device import holding_all, why_busy
from studio.training.events import EventLog
from studio.training.queue import queue_lock
from studio.training.run import Run
from studio.training.view import FINAL
from studio.workspace import write_json

PATIENCE = 2.0  # seconds: the run before it needs some to leave


class NotItsTurn(Exception):
    """Somebody else is the worker of this run, or it was taken out of the queue while it waited."""


@contextmanager
def its_turn(run: Run, events: EventLog) -> Iterator[str]:
    """Hold the devices for as long as a run trains; gives what torch calls them, "cpu" or "cuda".

    Raises NotItsTurn when this process is not the worker of the run, or is so no longer, and StudioError when the run
    asks for more devices than there are.
    """
    claim(run)
    computer = look()
    settings = run.recipe().settings
    keys = computer.keys[: int(settings.get("devices", 1))]
    wait = Wait(run, events)
    try:
        with holding_all(keys, run.workspace.home, wait.is_over):
            with queue_lock(run.workspace, timeout=-1):
                if not is_this_process(run.process()):
                    raise NotItsTurn
                events.write("device", key=" ".join(keys))
            yield computer.device
    except Timeout as error:
        if wait.over:
            raise NotItsTurn from error
        raise


def claim(run: Run) -> None:
    """Become the worker of a run: its starter has written so down, or was killed before it could."""
    with queue_lock(run.workspace, timeout=-1):
        who = run.process()
        if who is None and run.view().status == "waiting":
            who = identity()
            write_json(run.folder / "process.json", who)
        if not is_this_process(who) or run.view().status in FINAL:  # a second worker, started beside the first
            raise NotItsTurn


class Wait:
    """What a worker does at each look at a device that somebody else holds."""

    def __init__(self, run: Run, events: EventLog) -> None:
        self.run, self.events = run, events
        self.since, self.said, self.over = time.monotonic(), "", False

    def is_over(self, key: str) -> bool:
        """Whether to wait no longer for the device of that key. Says after a while why it waits."""
        if time.monotonic() - self.since > PATIENCE or self.run.stop_requested():
            with queue_lock(self.run.workspace, timeout=-1):
                self.over = not is_this_process(self.run.process()) or self.stopped()
                if not self.over:
                    self.say(why_busy(key, self.run.workspace.home))
        return self.over

    def say(self, words: str) -> None:
        if words != self.said:
            self.events.write("busy", text=words)
            self.said = words

    def stopped(self) -> bool:
        """Whether a person has stopped it while it waited, which is then written down."""
        asked, view = self.run.stop_requested(), self.run.view()
        if asked and view.mode:
            self.events.write("unasked")
        elif asked:
            self.events.write("paused" if asked == "pause" or view.turns else "discarded")
        return bool(asked)

"""A worker that waits with its imports done, and the run that is handed to it: the end of whoever started it.

It is a process of its own as any worker is, trains one run and ends with it. Only the process that has started it can
hand it a run, through its pipe: what a worker takes over from its starter, such as limits and priority, is then what a
fresh one would have, and the pipe ends when the starter does. This module loads nothing heavy.
"""

import json
import logging
import queue
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from studio.processes import identity, last_line, seconds_since_boot, start_waiting, training_environment
from studio.training.run import Run

MODULE = "studio.training.standby_worker"
READY, TAKEN = "ready", "taken"
ANSWER = 2.0  # seconds that it may take to say that it has a run
GONE = 10.0  # seconds that a process which was ended may take to be gone

log = logging.getLogger("tunesmith.queue")


class Standby:
    """One that waits. method: whose imports it makes. model: the folder of a model whose code it imports."""

    def __init__(self, method: str, model: Path, words: Path) -> None:
        self.environment = training_environment()
        self.process = start_waiting(MODULE, method, str(model), log=words)
        self.words = words
        self.ready = False
        self.answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self.listen, daemon=True, name="standby").start()

    def listen(self) -> None:
        assert self.process.stdout
        with self.process.stdout as lines:
            for line in lines:
                if line.decode().strip() == READY:
                    self.ready = True
                else:
                    self.answers.put(line.decode().strip())
        self.answers.put("")  # nothing will come any more

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def why_not(self) -> str:
        """Why a run is better started afresh, as a part of a sentence; "" when it can be handed over."""
        if not self.alive:
            return f"it has ended ({last_line(self.words)})"
        if not self.ready:
            return "it is still making its imports"
        # Most libraries look at their environment once, when they are imported.
        return "" if self.environment == training_environment() else "the studio's environment has changed since"

    def hand_over(self, run: Run, secrets: dict[str, str]) -> dict[str, Any] | None:
        """Make it the run's worker. Returns its identity; None when it did not take it, and then it is gone for good.

        secrets: what it gets in its environment beyond that of any worker.
        """
        try:
            who = identity(self.process.pid) | {"since": seconds_since_boot()}
            job = {"run": str(run.folder), "secrets": secrets, "since": who["since"]}
            assert self.process.stdin
            self.process.stdin.write(json.dumps(job).encode() + b"\n")
            self.process.stdin.flush()
            if self.answers.get(timeout=ANSWER) == TAKEN:
                self.process.stdin.close()
                return who
        except (OSError, psutil.NoSuchProcess, queue.Empty):
            pass
        self.end()  # or it might take the run later, beside a fresh worker
        return None

    def held(self) -> int:
        """Bytes that it holds for itself: pages of the libraries' files are free for all who need memory (Linux)."""
        try:
            memory = psutil.Process(self.process.pid).memory_info()
        except psutil.Error:
            return 0
        return int(memory.rss - getattr(memory, "shared", 0))

    def end(self) -> None:
        """It has no run and writes nothing, so it is ended without asking."""
        self.process.kill()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(GONE)
        with suppress(OSError):
            assert self.process.stdin
            self.process.stdin.close()

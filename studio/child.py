"""A helper process that answers questions over its pipes, and dies with its owner.

One JSON object a line, both ways. The owner sends a request and reads replies until one says it is the
last. The helper's own output goes to a log, so that a chatty library cannot break the conversation.
"""

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from studio.errors import StudioError
from studio.processes import last_line, worker_environment

Reply = dict[str, Any]


class Child:
    """The owner's end. It starts the helper at the first question and again after a crash."""

    def __init__(self, module: str, *arguments: str, log: Path) -> None:
        self.module, self.arguments, self.log = module, arguments, log
        self.process: subprocess.Popen[str] | None = None
        self.turn = threading.Lock()
        self.unread = 0  # answers that were left before their end

    def ask(self, request: Reply) -> Iterator[Reply]:
        """Send a request; yields the replies. One conversation at a time.

        Raises StudioError when the helper reports one, or when it died.
        """
        with self.turn:
            process = self.started()
            self.send(request)
            assert process.stdout is not None
            finished = False
            try:
                for line in process.stdout:
                    if not line.endswith("\n"):
                        break  # it was killed in the middle of a reply
                    reply = json.loads(line)
                    if self.unread:
                        self.unread -= bool(reply.get("last"))
                        continue
                    finished = bool(reply.pop("last", False))
                    if "error" in reply:
                        raise StudioError(reply["error"], reply.get("hint", ""))
                    if reply:
                        yield reply
                    if finished:
                        return
                process.wait()  # its pipe closes a moment before it is gone for good
                finished = True
                raise StudioError(
                    f"A helper program of the studio ended unexpectedly. Its last words: {last_line(self.log)}",
                    "Try again; if it happens again, close other programs to free memory.",
                )
            finally:
                if not finished:
                    # Nobody reads the rest of this answer. It is not awaited here, because this also runs when a
                    # browser tab closes, and would hold up the server; the next question passes over it.
                    self.unread += 1
                    self.send({"stop": True})

    def send(self, request: Reply) -> None:
        process = self.process
        if process is None or process.stdin is None:
            return
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
        except BrokenPipeError:
            pass  # it died: whoever reads its replies finds that out and says so

    def started(self) -> subprocess.Popen[str]:
        if self.process is None or self.process.poll() is not None:
            self.unread = 0
            self.process = subprocess.Popen(
                [sys.executable, "-m", self.module, *self.arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.log.open("ab"),
                env=worker_environment(),
                cwd=self.log.parent,
                text=True,
                encoding="utf-8",
            )
        return self.process

    def close(self) -> None:
        """End the helper; the next question starts a new one."""
        process, self.process = self.process, None
        if process is not None and process.poll() is None:
            process.terminate()


def serve(answer: Callable[[Reply, threading.Event], Iterator[Reply]]) -> None:
    """The helper's end: answer each request until the owner closes the pipe.

    `answer` gets the request and an event that is set when the owner wants no more of it.
    """
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints goes to the log
    requests: queue.Queue[Reply | None] = queue.Queue()
    stopped = threading.Event()

    def listen() -> None:
        for line in sys.stdin:
            request = json.loads(line)
            if request == {"stop": True}:
                stopped.set()
            else:
                requests.put(request)
        os._exit(0)  # the owner is gone, and nobody waits for what is being computed

    threading.Thread(target=listen, daemon=True).start()
    while (request := requests.get()) is not None:
        stopped.clear()
        try:
            for reply in answer(request, stopped):
                print(json.dumps(reply), file=replies, flush=True)
            print(json.dumps({"last": True}), file=replies, flush=True)
        except Exception as error:
            print(json.dumps({**spoken(error), "last": True}), file=replies, flush=True)


def spoken(error: Exception) -> Reply:
    if isinstance(error, StudioError):
        return {"error": error.message, "hint": error.hint}
    import traceback

    traceback.print_exc()
    return {"error": f"A helper program met an error: {error}", "hint": "Try again."}

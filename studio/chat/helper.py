"""The chat process: `python -m studio.chat.helper HOME`. It holds one base model and one adapter on top of it.

It answers requests {"run": id, "messages": [...], "max_tokens": n} with the texts so far, for base and tuned.
"""

import os
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

from studio.chat.generation import tokens_side_by_side
from studio.chat.shared_batch import BASE
from studio.child import Reply, serve
from studio.models.catalogue import find_model
from studio.models.fetch import ensure_model
from studio.models.hardware import look, training_dtype
from studio.models.loading import load_model, load_tokenizer
from studio.training.queue import active_run
from studio.training.run import Run, load_run
from studio.workspace import Workspace, open_workspace

EVERY = 0.12  # seconds between two replies: smooth to read, and cheap for the page


class Holder:
    """The loaded model; `run` is the run whose adapter is on it."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.device = look().device
        self.base = ""
        self.run = ""
        self.model: Any = None
        self.tokenizer: Any = None

    def hold(self, run: Run) -> None:
        """Load what is missing for this run; the base model stays when only the adapter changes."""
        from peft import PeftModel

        name = run.recipe().model.name
        if self.run == run.id:
            return
        if self.base != name:
            self.model, self.base, self.run = None, "", ""  # the old one goes before the new one comes
            folder = ensure_model(self.workspace, find_model(self.workspace, name), print)
            self.tokenizer = load_tokenizer(folder)
            base = load_model(folder, self.device, training_dtype(self.device))
            self.model = PeftModel.from_pretrained(base, run.adapter, adapter_name=run.id)
        else:
            self.model.load_adapter(run.adapter, adapter_name=run.id)
            self.model.set_adapter(run.id)
            self.model.delete_adapter(self.run)
        self.base, self.run = name, run.id


def answer(holder: Holder, request: Reply, stopped: threading.Event) -> Iterator[Reply]:
    run = load_run(holder.workspace, request["run"])
    yield {
        "phase": "Loading the model",
        "texts": ["", ""],
        "tokens": [0, 0],
        "done": [False, False],
        "seconds": 0,
    }
    holder.hold(run)
    began = said = time.monotonic()
    written: list[list[int]] = [[], []]
    for tokens in tokens_side_by_side(
        holder.model, holder.tokenizer, request["messages"], [BASE, run.id], request["max_tokens"]
    ):
        for row, token in enumerate(tokens):
            if token is not None:
                written[row].append(token)
        if time.monotonic() - said > EVERY:
            said = time.monotonic()
            yield state(holder, written, [token is None for token in tokens], began, "Writing")
        if stopped.is_set():
            break
    yield state(holder, written, [True, True], began, "Stopped" if stopped.is_set() else "Done")


def state(holder: Holder, written: list[list[int]], done: list[bool], began: float, phase: str) -> Reply:
    return {
        "phase": phase,
        "texts": [holder.tokenizer.decode(row, skip_special_tokens=True) for row in written],
        "tokens": [len(row) for row in written],
        "done": done,
        "seconds": round(time.monotonic() - began, 2),
    }


def give_way(workspace: Workspace) -> None:
    """End this process as soon as a run wants the graphics card; the next question starts it again."""
    while True:
        time.sleep(1)
        if active_run(workspace):
            os._exit(0)


def main() -> None:
    workspace = open_workspace(sys.argv[1])
    holder = Holder(workspace)
    if holder.device != "cpu":
        threading.Thread(target=give_way, args=(workspace,), daemon=True).start()
    serve(lambda request, stopped: answer(holder, request, stopped))


if __name__ == "__main__":
    main()

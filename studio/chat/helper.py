"""The chat process: `python -m studio.chat.helper HOME`. It holds the models of one run.

It answers requests {"run": id, "base": [...], "tuned": [...], "max_tokens": n}, both conversations, with the texts so
far; {"run": id, "predict": [...], "max_length": n}, texts or conversations, with what a run that predicts makes of
them; and {"run": id, "prepare": true}, for a question to come, with nothing as soon as the models are loaded.
"""

import os
import sys
import threading
import time
from collections.abc import Iterator

from studio.chat.generation import Tokens, in_turns, tokens_alone, tokens_side_by_side
from studio.chat.holder import Holder
from studio.chat.pictures import words_of
from studio.chat.shared_batch import BASE
from studio.chat.ways import BATCH, PREDICTS, TWO, way_of
from studio.child import Reply, serve
from studio.errors import StudioError
from studio.training.queue import active_run
from studio.training.run import load_run
from studio.workspace import Workspace, open_workspace

EVERY = 0.12  # seconds between two replies: smooth to read, and cheap for the page
AHEAD = 0.5  # share of the free memory that models may take which nobody has asked for yet


def answer(holder: Holder, request: Reply, stopped: threading.Event) -> Iterator[Reply]:
    run = load_run(holder.workspace, request["run"])
    if run.kept is None:
        raise StudioError(f"“{run.name}” has kept nothing to ask.", "Choose a run that finished.")
    if request.get("prepare"):
        holder.hold(run, AHEAD)
        return
    yield {
        "phase": "Loading the model",
        "texts": ["", ""],
        "tokens": [0, 0],
        "done": [False, False],
        "seconds": 0,
    }
    holder.hold(run)
    began = said = time.monotonic()
    way = way_of(run.kept, examples=int(request.get("base") != request.get("tuned")))
    if way == PREDICTS:
        yield from predicted(holder, request, began)
        return
    written: list[list[int]] = [[], []]
    for tokens in tokens_of(holder, way, request):
        for row, token in enumerate(tokens):
            if token is not None:
                written[row].append(token)
        if time.monotonic() - said > EVERY:
            said = time.monotonic()
            yield state(holder, written, [token is None for token in tokens], began, "Writing")
        if stopped.is_set():
            break
    yield state(holder, written, [True, True], began, "Stopped" if stopped.is_set() else "Done")


def tokens_of(holder: Holder, way: str, request: Reply) -> Tokens:
    """Tokens of base and tuned, in the way that this run's result can be asked."""
    base, tuned, most = request["base"], request["tuned"], request["max_tokens"]
    if way == BATCH:
        adapters, kept = [BASE, holder.run], holder.read["both"]
        return tokens_side_by_side(holder.tuned, holder.tokenizer, tuned, adapters, most, kept)
    one = holder.base if way == TWO else holder.tuned
    return in_turns(
        tokens_alone(one, holder.tokenizer, base, most, tuned=False, kept=holder.read["base"]),
        tokens_alone(holder.tuned, holder.tokenizer, tuned, most, kept=holder.read["tuned"]),
    )


def predicted(holder: Holder, request: Reply, began: float) -> Iterator[Reply]:
    """What the model predicts for each text or conversation, one after the other."""
    from studio.chat.predicting import predictions

    yield state(holder, [[], []], [False, False], began, "Writing")
    found = predictions(holder.tuned, holder.tokenizer, request["predict"], holder.facts, request["max_length"])
    yield {**state(holder, [[], []], [True, True], began, "Done"), "predictions": found}


def state(holder: Holder, written: list[list[int]], done: list[bool], began: float, phase: str) -> Reply:
    return {
        "phase": phase,
        "texts": [words_of(holder.tokenizer).decode(row, skip_special_tokens=True) for row in written],
        "tokens": [len(row) for row in written],
        "done": done,
        "seconds": round(time.monotonic() - began, 2),
        "memory_mb": round(holder.memory_mb, 1),
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

"""The helper process behind studio.models.memory.Estimator: it holds torch, and no weights."""

import os
from collections.abc import Iterator
from threading import Event

from studio.child import Reply, serve
from studio.errors import StudioError
from studio.models.memory.question import Question


def answer(request: Reply, stopped: Event) -> Iterator[Reply]:
    """One reply for each question, as soon as it is known: its parts, or why they cannot be told."""
    from studio.methods.memory.reckon import reckon

    for place, asked in enumerate(request["questions"]):
        if stopped.is_set():
            return
        try:
            yield {"place": place, "parts": reckon(Question(**asked)).as_dict()}
        except StudioError as error:
            yield {"place": place, "unknown": error.message, "advice": error.hint}


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(10)  # the page, and a run, go first
    serve(answer)

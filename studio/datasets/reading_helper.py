"""The helper process behind `studio.datasets.reading`: takes a file in, so that a big one never freezes the page."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue
from threading import Event, Thread
from typing import Any

import pandas

from studio.child import Reply, serve
from studio.datasets.hub import look
from studio.datasets.hub_download import add_hub
from studio.datasets.store import add_file
from studio.datasets.table_file import Cancelled, Progress
from studio.workspace import open_workspace

EVERY = 0.25  # seconds between two replies
HEAD_ROWS = 20
HEAD_CELL = 300  # letters of a cell


def answer(request: Reply, stopped: Event) -> Iterator[Reply]:
    """Replies {"rows", "share", "head", "note"} while it is read, then {"dataset": id} or {"cancelled": true}.

    To the question what a dataset of the hub offers: {"found": ...} alone.
    """
    replies: Queue[Reply | Exception | None] = Queue()
    worker = Thread(target=read, args=(request, stopped, replies.put), daemon=True)
    worker.start()
    while (reply := replies.get()) is not None:
        if isinstance(reply, Exception):
            raise reply
        yield reply
    worker.join()


def read(request: Reply, stopped: Event, put: Callable[[Reply | Exception | None], None]) -> None:
    last = 0.0

    def watch(progress: Progress) -> None:
        nonlocal last
        if stopped.is_set():
            raise Cancelled
        if time.monotonic() - last >= EVERY:
            last = time.monotonic()
            known = {"rows": progress.rows, "share": round(progress.share, 4), "note": progress.note}
            put({**known, "head": head_of(progress.head)})

    try:
        workspace = open_workspace(request["home"])
        if "look" in request:
            put({"found": look_at(workspace.scratch, request["look"])})
        elif "hub" in request:
            put({"dataset": add_hub(workspace, **request["hub"], watch=watch).id})
        else:
            dataset = add_file(workspace, Path(request["path"]), request.get("name"), request.get("sheet"), watch)
            put({"dataset": dataset.id})
    except Cancelled:
        put({"cancelled": True})
    except Exception as error:
        put(error)
    put(None)


def look_at(scratch: Path, name: str) -> dict[str, Any]:
    """What a dataset of the hub offers, less its files; of what is chosen unless told otherwise, a sentence."""
    found = look(scratch, name)
    table, part, summary = found.choose()
    configurations = [
        {"name": each.name, "splits": [{"name": s.name, "rows": s.rows, "bytes": s.bytes} for s in each.splits]}
        for each in found.configurations
    ]
    return {
        "name": found.name,
        "revision": found.revision,
        "licence": found.licence,
        "configurations": configurations,
        "configuration": table.name,
        "split": part.name,
        "summary": summary,
    }


def head_of(frame: pandas.DataFrame) -> dict[str, Any]:
    """The first rows as {"columns": [...], "data": [[...], ...]}, long cells cut; {} while there are none."""
    if frame.empty:
        return {}
    top = frame.head(HEAD_ROWS)
    data = [[cell if len(cell) <= HEAD_CELL else cell[:HEAD_CELL] + "…" for cell in row] for row in top.to_numpy()]
    return {"columns": [str(column) for column in top.columns], "data": data}


if __name__ == "__main__":
    serve(answer)

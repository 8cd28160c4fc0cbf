"""Clearing away what nobody will ask for again: old versions that no run names, and old files of the page's own.

A version can always be made anew from the untouched file and its steps, so what is lost is a place in the history.
"""

import logging
import shutil
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp

from filelock import FileLock, Timeout

from studio.datasets.store import Dataset, list_datasets
from studio.datasets.versions import RULES, DataSteps, Version, all_versions
from studio.workspace import Workspace, speaking_of_disk

log = logging.getLogger("tunesmith.data")
NEWEST = 30  # versions of a dataset that stay, beside those that are named
WEEK = 7 * 24 * 3600  # seconds
YOUNG = timedelta(days=2)  # since a version was made: a second server on this home may show it
# In the scratch folder: files that came from a browser or were packed for one, and what an ended process left behind.
LEFT_BEHIND = ("uploads/*", "pasted/*", "downloads/*", "reading-*", "tmp*")


@dataclass(frozen=True)
class Swept:
    """What was cleared away: versions, other files and folders, and the bytes of all."""

    versions: int
    files: int
    bytes: int


def sweep(workspace: Workspace, fingerprints: Collection[str], steps: Mapping[str, DataSteps | None]) -> Swept:
    """Clear old versions and old scratch files away; a dataset at work at this moment is passed over.

    fingerprints: of the versions that runs name, see studio.training.in_use. steps: by the id of a dataset what is
    chosen for it now. These versions stay, and of the others of each dataset the 30 made last and all of the last two
    days. Scratch files go when nothing in them was written for a week.

    Meant to be called once when the server starts, in the background. Raises StudioError when the disk refuses.
    """
    versions = files = size = 0
    with speaking_of_disk(workspace.home):
        for dataset in list_datasets(workspace):
            try:
                with FileLock(workspace.locks / f"{dataset.id}.lock", timeout=0):
                    for folder in list(unused(dataset, fingerprints, steps.get(dataset.id))):
                        size += bytes_in(folder)
                        remove_whole(workspace, folder)
                        versions += 1
            except Timeout:
                continue  # it is being used; the next start looks again
            except (ValueError, KeyError):
                log.warning("The versions of %s could not be read, so none was cleared away", dataset.id, exc_info=True)
        for path in old_files(workspace.scratch):
            size += bytes_in(path)
            files += 1
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
    return Swept(versions, files, size)


def unused(dataset: Dataset, fingerprints: Collection[str], steps: DataSteps | None) -> Iterator[Path]:
    """The folders of the versions that nothing names and that are not among the newest."""

    def named(version: Version) -> bool:
        return version.fingerprint in fingerprints or (version.steps == steps and version.rules == RULES)

    others = [version for version in all_versions(dataset) if not named(version)]
    for version in others[NEWEST:]:
        if datetime.now(UTC) - version.made > YOUNG:
            yield version.folder


def remove_whole(workspace: Workspace, folder: Path) -> None:
    """Remove a version's folder so that nobody, not even after a crash, meets half of it."""
    aside = Path(mkdtemp(dir=workspace.scratch))
    folder.rename(aside / folder.name)
    shutil.rmtree(aside, ignore_errors=True)


def old_files(scratch: Path) -> Iterator[Path]:
    """Files and folders in which nothing was written for a week."""
    limit = time.time() - WEEK
    for pattern in LEFT_BEHIND:
        for path in list(scratch.glob(pattern)):
            if all(one.lstat().st_mtime < limit for one in all_in(path)):
                yield path


def all_in(path: Path) -> list[Path]:
    """The file or folder itself, and all in it; links are not followed."""
    return [path] if path.is_symlink() else [path, *path.rglob("*")]


def bytes_in(path: Path) -> int:
    return sum(one.lstat().st_size for one in all_in(path) if one.is_symlink() or one.is_file())

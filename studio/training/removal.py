"""Deleting a run: what that frees, what would be broken by it, and doing it so that no half of it is ever on show."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from studio.datasets.sweeping import all_in, remove_whole
from studio.errors import StudioError
from studio.training.lineage import Use, users
from studio.training.run import Run, list_runs, load_run
from studio.training.view import RunView
from studio.workspace import Workspace, speaking_of_disk

BLOCK = 512  # bytes that st_blocks counts in, whatever the file system's own blocks are (POSIX)
NAMED = 3


@dataclass(frozen=True)
class Removal:
    """What deleting a run would mean.

    bytes: of disk that it frees. stand: the runs that stand on it. refusal: why it cannot be deleted now, None when it
    can. data_alone: whether no other run learned from the same rows, which may then be cleared away, too.
    """

    bytes: int
    stand: list[Use]
    refusal: StudioError | None
    data_alone: bool


def removal(run: Run, view: RunView) -> Removal:
    """What deleting this run would mean at this moment, at which it looks like this."""
    stand = standing_on(run)
    with speaking_of_disk(run.folder):
        freed = disk_use(run.folder)
    return Removal(freed, stand, refusal(run, view, stand), data_alone(run))


def delete_run(workspace: Workspace, run_id: str) -> int:
    """Delete a run. Returns the bytes that this freed.

    Its folder first leaves the place where runs are, in one move; a crash after that leaves only something in the
    scratch folder, which is swept there. Raises StudioError when there is no such run, or it is at work, or others
    stand on it, or the disk refuses.
    """
    try:
        # Nobody starts it, or a run that stands on it, between the look and the move.
        with FileLock(workspace.locks / "queue.lock", timeout=5):
            run = load_run(workspace, run_id)
            if (why := refusal(run, run.view(), standing_on(run))) is not None:
                raise why
            if run.has_process():  # it has said its last word, and tidies up
                raise StudioError(f"“{run.name}” is just ending.", "Try again in a few seconds.")
            with speaking_of_disk(run.folder):
                freed = disk_use(run.folder)
                remove_whole(workspace, run.folder)
    except Timeout:
        raise StudioError("Another run is being started at this moment.", "Try again in a few seconds.") from None
    return freed


def standing_on(run: Run) -> list[Use]:
    """The runs that would be broken without it; one of which nothing was kept has nothing to lose."""
    return [use for use in users(run.workspace, run) if use.run.view().status != "discarded"]


def refusal(run: Run, view: RunView, stand: list[Use]) -> StudioError | None:
    if view.live:
        return StudioError(f"“{run.name}” is at work, so it cannot be deleted.", "Stop it first.")
    if stand:
        return StudioError(
            f"“{run.name}” cannot be deleted: {listed(stand)}.",
            f"Delete {'that run' if len(stand) == 1 else 'those runs'} first, or archive this one.",
        )
    return None


def listed(stand: Iterable[Use]) -> str:
    """ "“Sales helper” goes on from it, and 2 more runs need it"."""
    uses = list(stand)
    said = [f"“{use.run.name}” {use.how}" for use in uses[:NAMED]]
    rest = len(uses) - NAMED
    if rest > 0:
        said.append(f"{rest} more {'run needs' if rest == 1 else 'runs need'} it")
    return f"{', '.join(said[:-1])} and {said[-1]}" if len(said) > 1 else said[0]


def disk_use(folder: Path) -> int:
    """Bytes of disk that a folder takes, as `du` counts them: whole blocks, and what has several names once."""
    seen: set[tuple[int, int]] = set()
    total = 0
    for path in all_in(folder):
        try:
            found = path.lstat()
        except FileNotFoundError:
            continue  # gone since it was listed
        if (found.st_dev, found.st_ino) not in seen:
            seen.add((found.st_dev, found.st_ino))
            total += allocated(found)
    return total


def allocated(found: os.stat_result) -> int:
    """Windows does not tell how many blocks a file has; there it is its length."""
    blocks: int | None = getattr(found, "st_blocks", None)
    return found.st_size if blocks is None else blocks * BLOCK


def data_alone(run: Run) -> bool:
    """Whether this is the only run that names the fingerprint of its rows."""
    fingerprint = run.recipe().data.fingerprint
    if not fingerprint:
        return False
    others = (other.folder / "recipe.toml" for other in list_runs(run.workspace) if other.id != run.id)
    return not any(fingerprint in file.read_text("utf-8") for file in others)

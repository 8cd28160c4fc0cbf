"""Who writes a run's folder: its worker, which holds a lock there for as long as its process lives."""

from pathlib import Path

from filelock import FileLock, Timeout

LAST_WORDS = 60.0  # seconds that an earlier worker of the same run may take to leave after it has ended


def owner(folder: Path, timeout: float = LAST_WORDS) -> FileLock:
    """The lock of a run's folder; a run never has two writers. The system gives back what a dead process held."""
    return FileLock(folder / "worker.lock", timeout=timeout)


def is_owned(folder: Path) -> bool:
    """Whether some worker is at it, whichever process is written down as the run's worker."""
    if not (folder / "worker.lock").exists():
        return False
    try:
        with owner(folder, timeout=0):
            return False
    except Timeout:
        return True

"""One training per device: a lock that all studios of a person on this computer share, whatever their homes."""

import os
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from filelock import FileLock

from studio.errors import StudioError
from studio.workspace import read_json, speaking_of_disk, write_json

POLL = 0.3  # seconds between two looks at a lock that somebody else holds
HOUR = 3600.0
# Not TMPDIR, which differs between two terminals of one person, so that two studios would hold two locks.
SHARED = Path("/tmp")
ELSEWHERE = "Another studio on this computer is training. It begins when that has ended."
HERE = "This studio still uses the computer for something that is ending. It begins after that."


def place() -> Path:
    """The folder of the locks: the same for every studio that this person starts on this computer.

    TUNESMITH_LOCKS names another. Raises StudioError when it is not a folder of this person's own.
    """
    named = os.environ.get("TUNESMITH_LOCKS")
    if named:
        folder = Path(named)
        with speaking_of_disk(folder):
            folder.mkdir(parents=True, exist_ok=True)
        return folder
    if os.name != "posix":
        folder = Path(tempfile.gettempdir()) / "tunesmith-locks"  # on Windows each person has a temporary folder
        with speaking_of_disk(folder):
            folder.mkdir(exist_ok=True)
        return folder
    folder = SHARED / f"tunesmith-{os.getuid()}"
    with speaking_of_disk(folder):
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()  # everybody may write in /tmp: whoever came first could have left a link here
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise StudioError(
            f"{folder} belongs to somebody else, so the studio cannot tell there who is training.",
            "Name a folder of your own in TUNESMITH_LOCKS, the same for every studio that you start.",
        )
    if stat.S_IMODE(found.st_mode) != 0o700:
        folder.chmod(0o700)
    return folder


@contextmanager
def holding(key: str, home: Path, cancelled: Callable[[], bool] | None = None, timeout: float = -1) -> Iterator[None]:
    """Hold the device of that key (studio.models.hardware) for the studio of this home.

    cancelled: asked at each look while somebody else holds it, and True ends the waiting; timeout: so does this number
    of seconds. Both raise filelock's Timeout. When this process dies, the system gives the device back.
    """
    folder = place()
    lock = FileLock(folder / f"{key}.lock")
    lock.acquire(timeout=timeout, poll_interval=POLL, cancel_check=cancelled)
    ended = threading.Event()
    try:
        write_json(folder / f"{key}.json", {"home": str(home)})
        threading.Thread(target=keep_fresh, args=(folder / f"{key}.lock", ended), daemon=True).start()
        yield
    finally:
        ended.set()
        lock.release()


@contextmanager
def holding_all(
    keys: Sequence[str], home: Path, cancelled: Callable[[str], bool] | None = None, timeout: float = -1
) -> Iterator[None]:
    """Hold several devices, taken in this order, which is the same for everybody: so none waits for one that waits.

    cancelled: as in `holding`; it is given the key of the device that is waited for.
    """
    with ExitStack() as held:
        for key in keys:
            asked = partial(cancelled, key) if cancelled else None
            held.enter_context(holding(key, home, asked, timeout))
        yield


def keep_fresh(file: Path, ended: threading.Event) -> None:
    """Systems clear away what nobody touched in /tmp for some days, and a new file there would be a second lock."""
    while not ended.wait(HOUR):
        if file.exists():
            os.utime(file)


def why_busy(key: str, home: Path) -> str:
    """Who holds the device, as a sentence for the studio of this home."""
    holder = read_json(place() / f"{key}.json", {})
    return HERE if holder.get("home") == str(home) else ELSEWHERE

"""The key for Weights & Biases: typed on the page it lives in the server's memory, and nowhere else.

A worker gets it through its environment when it is started for a run that needs it. Nobody writes it down: when the
server ends, a key that was typed is gone.
"""

import netrc
import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from studio.errors import StudioError
from studio.processes import SECRETS
from studio.workspace import Workspace

if TYPE_CHECKING:
    from studio.training.recipe import Recipe

(KEY,) = SECRETS
OFFICIAL = "https://api.wandb.ai"  # unless WANDB_BASE_URL names a server of one's own

_typed: list[str] = []
_locks: list[FileLock] = []


def hold(workspace: Workspace, key: str) -> None:
    """Keep a typed key in memory until this process ends. Raises StudioError for something that is no key."""
    key = key.strip()
    if not key or any(letter.isspace() for letter in key):
        raise StudioError("That is not a key: it is one long word.", "Copy it from your Weights & Biases account.")
    _typed[:] = [key]
    if not _locks:
        lock = lock_of(workspace)
        try:
            lock.acquire(timeout=1)
        except Timeout:
            return  # another studio of this home has a key, too
        _locks.append(lock)


def forget() -> None:
    """Let go of a typed key."""
    _typed.clear()
    while _locks:
        _locks.pop().release()


def has_key() -> bool:
    """Whether there is a key: typed, in the environment, or where `wandb login` has put it."""
    return bool(_typed or os.environ.get(KEY) or logged_in())


def logged_in() -> bool:
    """Whether the person's own login file has a key for the server."""
    host = urlsplit(os.environ.get("WANDB_BASE_URL") or OFFICIAL).netloc
    try:
        found = netrc.netrc(os.environ.get("NETRC")).authenticators(host)
    except (OSError, netrc.NetrcParseError):
        return False
    return bool(found and found[2])


def needed_by(recipe: "Recipe | None") -> bool:
    return bool(recipe and recipe.tracking and recipe.tracking.wandb and recipe.tracking.wandb.online)


def secrets_for(recipe: "Recipe | None") -> dict[str, str]:
    """What the environment of this run's worker needs beyond that of any other."""
    key = (_typed or [os.environ.get(KEY, "")])[0]
    return {KEY: key} if key and needed_by(recipe) else {}


def is_kept_elsewhere(workspace: Workspace, recipe: "Recipe | None") -> bool:
    """Whether this run is better started by a server that lives and has the key: its keeper comes within seconds."""
    if not needed_by(recipe) or has_key():
        return False
    lock = lock_of(workspace)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def lock_of(workspace: Workspace) -> FileLock:
    """Held by the server that has a key in its memory; the file itself says nothing. Dropped when that server dies."""
    return FileLock(workspace.locks / "key.lock")

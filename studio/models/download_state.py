"""How far a download is: told from the files themselves and one small document beside them, by whoever asks."""

import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from studio.models.hub_files import HubFile, Plan
from studio.processes import is_alive
from studio.workspace import read_json, write_json

DOCUMENT = "download.state"  # in the folder that ends in .part; no name that a hub's file could have here
REQUEST = "download.stop"  # "pause" or "cancel": its existence is the request
INCOMPLETE = ".incomplete"


@dataclass(frozen=True)
class Download:
    """A download that has begun and is not whole.

    state: "running", "pausing", "cancelling", "paused" or "failed"; done, total: bytes, total 0 while not known;
    checking: the file whose checksum is being computed, "" for none. seconds_left: None while it cannot be told.
    message, hint: why it stands still, "" when a person paused it.
    """

    state: str
    done: int
    total: int
    checking: str = ""
    seconds_left: float | None = None
    message: str = ""
    hint: str = ""

    @property
    def share(self) -> float:
        return min(1.0, self.done / self.total) if self.total else 0.0


def look(part: Path) -> Download | None:
    """The download that grows in `part`, None when there is none. Reads a document and some file sizes."""
    known = read_json(part / DOCUMENT)
    if not isinstance(known, dict):
        # A folder without one is of an older studio, or somebody is about to write it.
        return Download("paused", 0, 0) if part.is_dir() else None
    plan = plan_of(known)
    done = arrived(part, plan) if plan else 0
    total = plan.total if plan else 0
    if known["state"] == "running" and not is_alive(known.get("process")):
        message = "The download broke off, because the program that did it was ended."
        return Download("failed", done, total, "", None, message, "Nothing is lost: continue it.")
    if known["state"] != "running":
        return Download(known["state"], done, total, "", None, known.get("message", ""), known.get("hint", ""))
    asked = request(part)
    state = {"pause": "pausing", "cancel": "cancelling"}.get(asked, "running")
    gained, passed = done - known.get("began_bytes", 0), time.time() - known.get("began", time.time())
    left = (total - done) * passed / gained if gained > 0 and passed > 2 else None
    return Download(state, done, total, known.get("checking", ""), left)


def write_state(part: Path, **changes: Any) -> None:
    """Change some entries of the document, or make it."""
    known = read_json(part / DOCUMENT)
    write_json(part / DOCUMENT, {**(known if isinstance(known, dict) else {}), **changes})


def as_known(plan: Plan) -> dict[str, Any]:
    return {"commit": plan.commit, "files": [asdict(file) for file in plan.files]}


def plan_of(known: dict[str, Any]) -> Plan | None:
    if not known.get("files"):
        return None
    return Plan(known["commit"], [HubFile(**file) for file in known["files"]])


def arrived(part: Path, plan: Plan) -> int:
    """Bytes that are here, of whole files and of those on their way."""
    return sum(size_of(part / file.path) or size_of(part / (file.path + INCOMPLETE)) for file in plan.files)


def size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def request(part: Path) -> str:
    """ "pause" or "cancel" when somebody asked for it, else ""."""
    try:
        return (part / REQUEST).read_text("utf-8")
    except OSError:
        return ""


def obey(part: Path, asked: str) -> None:
    """Leave the folder as it is to be after a pause or a cancel."""
    if asked == "cancel":
        shutil.rmtree(part, ignore_errors=True)
    else:
        write_state(part, state="paused", message="", hint="")
        (part / REQUEST).unlink(missing_ok=True)

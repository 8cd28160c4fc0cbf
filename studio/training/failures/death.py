"""What a worker died of that left no last word, told from what it left behind and from what the computer says."""

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from studio.errors import StudioError
from studio.processes import oom_kills, was_restarted
from studio.training.failures.kinds import KINDS
from studio.training.failures.telling import document
from studio.workspace import read_json, room_words, write_json

NEARLY_NOTHING = 50_000_000  # bytes of free disk under which a silent death is put down to a full disk
FOUND = "death.json"  # beside process.json: what was found out first, for later the computer will say other things


def death(folder: Path, who: dict[str, Any], where: str, memory_gb: float | None) -> StudioError:
    """who: the process that is gone, as studio.processes.identity named it. where: how far it had come, in words.

    memory_gb: what it held when it last said so. What is found out first is remembered.
    """
    known = read_json(folder / FOUND)
    if isinstance(known, dict) and known.pop("of", None) == who:
        return StudioError(**known)
    found = look_into(folder, who, where, memory_gb)
    with suppress(StudioError):  # on a full disk it is found out again each time
        write_json(folder / FOUND, {"of": who, **document(found)})
    return found


def look_into(folder: Path, who: dict[str, Any], where: str, memory_gb: float | None) -> StudioError:
    if was_restarted(who):
        return told(
            "computer_restarted", where, "The computer has been started anew since the run began; it did not end it."
        )
    if shutil.disk_usage(folder).free < NEARLY_NOTHING:
        return told("disk_full", where, room_words(folder))
    before, now = who.get("oom_kills"), oom_kills()
    held = f" It held {memory_gb:.2f} GB when it last said so." if memory_gb else ""
    if before is not None and now is not None and now > before:
        ended = "1 program" if now - before == 1 else f"{now - before} programs"
        evidence = f"The system has ended {ended} for lack of memory since the run began.{held}"
        return told("killed_for_memory", where, evidence)
    counted = " The system has ended no program for lack of memory since then." if before is not None else ""
    evidence = f"Its process (number {int(who['pid'])}) is gone and left no last word.{counted}{held}"
    return told("killed", where, evidence, f"The training program ended without a word {where}.")


def told(name: str, where: str, evidence: str, message: str = "") -> StudioError:
    kind = KINDS[name]
    return StudioError(message or f"{kind.message} That was {where}.", kind.hint, cause=name, evidence=evidence)

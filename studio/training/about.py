"""What a person says about a run: its name, tags and a note, and whether it is put away. Kept beside the recipe."""

import threading
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from studio.errors import StudioError
from studio.workspace import read_json, write_json

LONGEST_NAME, LONGEST_TAG, LONGEST_NOTE, MOST_TAGS = 80, 30, 4000, 12
_lock = threading.Lock()


class About(BaseModel):
    """The recipe itself stays as it was when the run began."""

    model_config = ConfigDict(frozen=True)

    name: str = Field("", description="In place of the recipe's name; empty: that one holds.")
    tags: tuple[str, ...] = Field((), description="Short words by which runs are found again.")
    note: str = Field("", description="Whatever there is to remember about the run.")
    archived: bool = Field(False, description="Out of sight in History until asked for.")


NOTHING = About()


def read_about(folder: Path) -> About:
    """What was said about the run in this folder; cheap enough for every tick."""
    file = folder / "about.json"
    try:
        now = file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return NOTHING
    return _read(file, now.st_mtime_ns, now.st_ino)


@lru_cache(maxsize=2048)
def _read(file: Path, changed: int, inode: int) -> About:
    """The file as it was at that moment: each change is another file under the same name."""
    known = read_json(file)
    try:
        return About.model_validate(known) if isinstance(known, dict) else NOTHING
    except ValidationError:
        return NOTHING


def say_about(folder: Path, **said: Any) -> About:
    """Write down some of the fields of About and leave the others as they are.

    Raises StudioError when one of them is too long, or the disk refuses.
    """
    with _lock:
        now = About.model_validate(read_about(folder).model_dump() | checked(said))
        if now != read_about(folder):
            write_json(folder / "about.json", now.model_dump(mode="json"))
    return now


def checked(said: dict[str, Any]) -> dict[str, Any]:
    """The same, tidied up: no blanks at the ends, no tag twice."""
    tidy = dict(said)
    if "name" in said:
        tidy["name"] = " ".join(str(said["name"]).split())
        refuse_longer("name", tidy["name"], LONGEST_NAME)
    if "note" in said:
        tidy["note"] = str(said["note"]).strip()
        refuse_longer("note", tidy["note"], LONGEST_NOTE)
    if "tags" in said:
        words = [" ".join(str(tag).split()) for tag in said["tags"]]
        tidy["tags"] = tuple({word.casefold(): word for word in reversed(words) if word}.values())[::-1]
        for tag in tidy["tags"]:
            refuse_longer("tag", tag, LONGEST_TAG)
        if len(tidy["tags"]) > MOST_TAGS:
            raise StudioError(f"A run can have {MOST_TAGS} tags, and these are {len(tidy['tags'])}.", "Drop some.")
    return tidy


def refuse_longer(what: str, text: str, most: int) -> None:
    if len(text) > most:
        raise StudioError(f"The {what} has {len(text):,} characters, and {most:,} is the most.", "Make it shorter.")

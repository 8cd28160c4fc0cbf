"""What a person chose, kept in HOME/draft.json, so that a reload or a restart of the server loses none of it."""

import threading
from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

from studio.workspace import Workspace, read_json, write_json

T = TypeVar("T")
Values = dict[Any, Any]  # by part of the page
_lock = threading.Lock()
_turns: defaultdict[str, int] = defaultdict(int)  # by open page the number of the newest pick


def load(workspace: Workspace) -> dict[str, Any]:
    """Everything remembered so far, by name; empty at the first start."""
    draft = read_json(workspace.home / "draft.json", {})
    return draft if isinstance(draft, dict) else {}


def remember(workspace: Workspace, **fields: Any) -> None:
    """Keep these choices beside the earlier ones. Raises StudioError when the disk refuses."""
    change(workspace, lambda draft: fields)


def change(workspace: Workspace, newer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Keep what `newer` makes of the choices so far, with nothing in between. Raises like `remember`."""
    with _lock:
        draft = load(workspace)
        fields = newer(draft)
        if any(name not in draft or draft[name] != value for name, value in fields.items()):
            write_json(workspace.home / "draft.json", draft | fields)


def picked(workspace: Workspace, turn: dict[str, Any], **fields: Any) -> None:
    """Keep what a person picked, unless another pick on the same page came after it. Raises like `remember`.

    turn: page and number of the pick, as assets/js/choices.js counts them: requests overtake each other.
    """
    page, number = str(turn["page"]), int(turn["number"])

    def newer(draft: dict[str, Any]) -> dict[str, Any]:
        _turns[page] = max(number, _turns[page])
        return fields if number == _turns[page] else {}

    change(workspace, newer)


def settled(read: Callable[[], T], draw: Callable[[T], Values]) -> Values:
    """What `draw` makes of a choice, and once more when that was chosen anew meanwhile: the page would show the old."""
    chosen = read()
    while True:
        values = draw(chosen)
        if (now := read()) == chosen:
            return values
        chosen = now

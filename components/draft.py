"""What a person chose, kept in HOME/draft.json, so that a reload or a restart of the server loses none of it."""

import threading
from typing import Any

from studio.workspace import Workspace, read_json, write_json

_lock = threading.Lock()


def load(workspace: Workspace) -> dict[str, Any]:
    """Everything remembered so far, by name; empty at the first start."""
    draft = read_json(workspace.home / "draft.json", {})
    return draft if isinstance(draft, dict) else {}


def remember(workspace: Workspace, **fields: Any) -> None:
    """Keep these choices beside the earlier ones. Raises StudioError when the disk refuses."""
    with _lock:
        draft = load(workspace)
        if any(name not in draft or draft[name] != value for name, value in fields.items()):
            write_json(workspace.home / "draft.json", draft | fields)

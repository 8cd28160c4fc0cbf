"""Reading the long logs that nobody has summed up yet, beside the page: `python -m studio.training.catching_up HOME`.

Logs that grew while no server was there to follow them, or that an older studio wrote. It writes a view.json for each.
"""

import os
import sys
from pathlib import Path

from filelock import FileLock, Timeout

from studio.processes import start_detached
from studio.training.run import overview
from studio.workspace import Workspace

_read: set[Path] = set()  # folders for which such a program has been started: one that could not help will not later


def catch_up(workspace: Workspace, folders: set[Path]) -> None:
    """Have the logs of these runs read, in a program of its own, unless that was tried before."""
    if folders <= _read:
        return
    _read.update(folders)
    start_detached(
        "studio.training.catching_up", str(workspace.home), log=(workspace.logs / "catching_up.log").resolve()
    )


def main() -> int:
    workspace = Workspace(Path(sys.argv[1]))
    if hasattr(os, "nice"):
        os.nice(10)
    try:
        with FileLock(workspace.locks / "catching_up.lock", timeout=0):
            for run, view in overview(workspace):
                if view.hasty:
                    run.view()
    except Timeout:
        pass  # another one is at it
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

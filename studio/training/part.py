"""One of the processes of a run on several devices: `python -m studio.training.part RUN_FOLDER DEVICE`.

`accelerate launch` starts it, see studio.training.spread. All parts do the same in the same order; the first writes.
"""

import os
import sys
import threading
import time
import traceback
from datetime import timedelta
from pathlib import Path

from studio.processes import last_line
from studio.training.checkpoints import Point, points
from studio.training.events import EventLog
from studio.training.failures import document
from studio.training.failures.telling import lost_another
from studio.training.last_words import explained
from studio.training.run import Run
from studio.training.session import Session
from studio.workspace import write_json

FAILED = "failed-{}.json"  # of each part that knows why it ended
# The first one alone brings models here and asks questions, and the others wait for it. One that dies is noticed at
# once and not by this.
PATIENCE = timedelta(days=7)
OVERTAKEN = 10.0  # seconds; one that left at once could be found dead first, and would be taken for the cause


def main() -> int:
    run, device = Run(Path(sys.argv[1])), sys.argv[2]
    threading.Thread(target=end_with_worker, daemon=True).start()
    with run.log.open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    from accelerate import PartialState

    from studio.methods import together

    state = PartialState(cpu=device == "cpu", timeout=PATIENCE)
    EventLog.muted = not together.is_first()
    session = Session(run, EventLog(run.events), device=device)
    try:
        session.mode, session.point = together.agreed(where_to_go_on(run))
        session.train()
    except Exception as error:
        if lost_another(error):
            time.sleep(OVERTAKEN)  # the launcher ends this one as soon as it has found the one that is gone
            os._exit(1)
        words = last_line(run.log)  # before the traceback, which is for programmers
        traceback.print_exc()
        told = document(explained(run, error))
        known = {"at": time.time(), "error": told, "last_line": words, "built": session.built is not None}
        write_json(run.folder / "parts" / FAILED.format(together.rank()), known)
        sys.stderr.flush()
        os._exit(1)  # the others are ended from outside, and this one must not wait for them
    state.destroy_process_group()
    return 0


def where_to_go_on(run: Run) -> tuple[str, Point | None]:
    """How it was asked to go on, as in RunView.mode, and from which point."""
    known = points(run.checkpoints)
    return run.view().mode, known[-1] if known else None


def end_with_worker() -> None:
    """The run's worker holds the other end of this pipe: when it is gone, however it ended, so is this process."""
    while os.read(0, 1024):
        pass
    os._exit(1)


if __name__ == "__main__":
    raise SystemExit(main())

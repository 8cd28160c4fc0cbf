"""The worker process of one run: `python -m studio.training.worker RUN_FOLDER`.

It obeys recipe.toml, writes events.jsonl, and leaves adapter/ behind. It knows no page.
"""

import os
import sys
import traceback
from pathlib import Path

from filelock import Timeout

from studio.methods.spreading import check_devices, devices_of
from studio.processes import last_line
from studio.training.back_off import back_off
from studio.training.checkpoints import clear_broken, points
from studio.training.events import EventLog
from studio.training.failures import document
from studio.training.last_words import explained
from studio.training.owner import owner
from studio.training.queue import advance, hand_over
from studio.training.run import Run
from studio.training.session import Session
from studio.training.spread import PartFailed, train_on_several
from studio.training.turn import NotItsTurn, its_turn


def main() -> int:
    run = Run(Path(sys.argv[1]).resolve())
    events = EventLog(run.events)
    try:
        held = owner(run.folder)
        held.acquire()
    except Timeout:
        return 1
    session = Session(run, events)
    again = False
    try:
        with its_turn(run, events) as session.device:
            begin_or_go_on(session)
            settings = run.recipe().checked_settings()
            check_devices(settings)
            if devices_of(settings) > 1:
                train_on_several(run, events, session.device, devices_of(settings))
            else:
                session.train()
        code = 0
    except NotItsTurn:
        advance(run.workspace)
        return 0
    except Exception as error:
        code = 1
        built = session.built is not None
        words = last_line(run.log)  # before the traceback, which is for programmers
        if isinstance(error, PartFailed):
            words, built = error.last_line, error.built
        else:
            traceback.print_exc()
        spoken = explained(run, error)
        session.end_tracking("failed")
        clear_broken(run.checkpoints)
        changed = back_off(run) if built and spoken.cause == "out_of_memory" else None
        again = changed is not None
        if changed:
            events.write("fitted", text=changed)
        else:
            events.write("failed", **document(spoken), last_line=words)
    if code == 0 and run.kept and run.recipe().trial is None and run.glance().status in ("finished", "stopped"):
        from studio.export.bundle import start_export

        start_export(run)  # a run has ended well before its download is packed, whatever becomes of that
    if again:
        # A fresh process: what the failed step has left in this one's memory cannot be got rid of for certain.
        held.release()
        hand_over(run)
    else:
        advance(run.workspace)
        run.view()  # leaves its summary behind
    if session.tracking and session.tracking.stuck:
        os._exit(code)  # a tracker that hangs would keep this process from ending
    return code


def begin_or_go_on(session: Session) -> None:
    """Find the point to go on from, and say so where this is not the first time that the run is at work."""
    run = session.run
    view = run.view()
    session.mode = view.mode
    clear_broken(run.checkpoints)
    known = points(run.checkpoints)
    session.point = known[-1] if known else None
    if view.mode or view.turns > 1:
        session.events.write("resumed", step=session.point.step if session.point else 0)


if __name__ == "__main__":
    raise SystemExit(main())

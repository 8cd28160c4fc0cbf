"""The worker process of a short test on a run's own rows, of which nothing is kept but what it measures."""

import shutil
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from filelock import Timeout

from studio.models.hardware import look
from studio.processes import identity, last_line
from studio.training.device import holding
from studio.training.events import EventLog
from studio.training.failures import document, in_words
from studio.training.queue import active_run
from studio.training.run import Run
from studio.workspace import write_json

Measure = Callable[[Run, EventLog, str], None]


def carry_out(measure: Measure) -> int:
    """Do the test in the folder that the command line names. measure: gets it, its log and the device, held for it."""
    test = Run(Path(sys.argv[1]).resolve())
    events = EventLog(test.events)
    write_json(test.folder / "process.json", identity())
    try:
        computer = look()
        with holding(computer.key, test.workspace.home, timeout=5):
            measure(test, events, computer.device)
    except Timeout:
        begun = (
            "A run has begun meanwhile." if active_run(test.workspace) else "Another studio on this computer trains."
        )
        events.write("failed", message=begun, hint="Test again when it has ended.")
    except Exception as error:
        words = last_line(test.log)
        traceback.print_exc()
        events.write("failed", **document(in_words(error)), last_line=words)
    shutil.rmtree(test.checkpoints, ignore_errors=True)
    return 0

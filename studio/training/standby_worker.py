"""A worker that waits for its run: `python -m studio.training.standby_worker METHOD MODEL_FOLDER`, with pipes.

It makes the imports of a run and says so, reads one line that names a run, says that it has it, and is that run's
worker from then on. When its input ends without such a line its starter is gone, or wants it no longer, and it leaves.
"""

import dis
import gc
import json
import os
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from studio.methods import find_method
from studio.processes import given_work
from studio.training.run import Run
from studio.training.standby import READY, TAKEN

# What every worker imports on its way to the first step, the libraries with it.
WAY = ("filming", "point_keeper", "reporter", "tracking.tracking", "building", "outcome")
LATE = ("tensorboardX", "peft", "datasets", "trl", "studio.methods.fast_path")


def main() -> int:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer
    get_ready(sys.argv[1], Path(sys.argv[2]))
    print("Ready for a run.", flush=True)  # in the log
    print(READY, file=answers, flush=True)
    line = sys.stdin.buffer.readline()
    if not line.endswith(b"\n"):
        return 0
    become_worker(json.loads(line))
    with suppress(BrokenPipeError), answers:  # whoever asked may be gone; the run waits for a worker all the same
        print(TAKEN, file=answers, flush=True)
    from studio.training import worker

    return worker.main()


def get_ready(method: str, model: Path) -> None:
    """Import what a run of this method on the model of this folder needs. No device is touched."""
    from studio.models.loading import rehearse

    for name in (*(f"studio.training.{module}" for module in WAY), *LATE):
        import_module(name)
    way = find_method(method)
    # Its builder imports when it is called, and by these names.
    for step in dis.get_instructions(way.build):
        if step.opname == "IMPORT_NAME":
            import_module(step.argval)
    rehearse(model, way.task)
    # Looking for dead objects among the 600,000 that the imports leave behind takes 0.3 s. It is done here, once.
    gc.collect()
    gc.freeze()


def become_worker(job: dict[str, Any]) -> None:
    """Take over what a fresh worker of that run has from its starter: log, folder, arguments and secrets."""
    run = Run(Path(job["run"]))
    given_work(job["since"])
    with run.log.open("ab") as log, open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    os.chdir(run.folder)
    os.environ.update(job["secrets"])
    sys.argv = [sys.argv[0], str(run.folder)]


if __name__ == "__main__":
    raise SystemExit(main())

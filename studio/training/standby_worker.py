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
from studio.models.hardware import look
from studio.processes import given_work
from studio.training.run import Run
from studio.training.standby import READY, TAKEN

# What every worker imports on its way to the first step, the libraries with it.
WAY = ("filming", "point_keeper", "reporter", "tracking.tracking", "building", "outcome")
LATE = ("tensorboardX", "peft", "datasets", "trl", "studio.methods.fast_path")
# What can be imported on a computer with a graphics card. PEFT imports bitsandbytes, which wakes the card up to ask it
# what it can do (bitsandbytes.cuda_specs), and a card that is awake has less memory for who is at work: the chat, or a
# training in another studio.
SHY = ("torch._dynamo", "accelerate", "datasets", "scipy.stats", "transformers.modeling_utils")


def main() -> int:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer
    get_ready(sys.argv[1], Path(sys.argv[2]), look().device)
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


def get_ready(method: str, model: Path, device: str) -> None:
    """Import what a run of this method on the model of this folder needs, as far as that leaves the device alone."""
    from studio.models.loading import rehearse

    way = find_method(method)
    # The method's builder imports when it is called, and by these names.
    late = [step.argval for step in dis.get_instructions(way.build) if step.opname == "IMPORT_NAME"]
    for name in SHY if device != "cpu" else (*(f"studio.training.{module}" for module in WAY), *LATE, *late):
        import_module(name)
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

"""A search whose trials are told by the test, in place of a worker."""

import time

from studio.search.space import Range, Search
from studio.sweeps.sweep import Sweep, create_sweep
from studio.training.events import EventLog
from studio.training.recipe import Recipe
from studio.training.run import Run
from studio.workspace import Workspace

RATES = Range(low=1e-4, high=1e-2, log=True, points=3)
GRID = {"over": {"learning_rate": RATES, "batch_size": Range(values=[1, 2, 4, 8])}, "way": "grid", "runs": None}


def tell(run: Run, ending: str = "finished", figure: float = 5.0, seconds: float = 20, **result: object) -> None:
    """What a worker would have written."""
    log, at = EventLog(run.events), time.time() - seconds
    log.write("phase", text="Loading", at=at)
    log.write("plan", steps=4, epochs=1, rows={"train": 20, "check": 2, "test": 2}, at=at)
    for step in (2, 4):
        log.write("check", step=step, loss=figure + 4 - step, metrics={}, at=at + seconds / 2)
    if ending == "failed":
        log.write("failed", message="It broke.", hint="", at=at + seconds)
    elif ending:
        log.write(ending, result=result, at=at + seconds)


def a_sweep(workspace: Workspace, base: Recipe, **search: object) -> Sweep:
    return create_sweep(workspace, Search.model_validate({"over": {"learning_rate": RATES}, **search}), base)

"""Workers: real ones that train, and those that only sleep, for what is about turns alone."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from studio.training import queue
from studio.training.queue import submit
from studio.training.recipe import load_recipe, resolve
from studio.training.run import Run, list_runs
from studio.workspace import Workspace
from tests.training.queued import Sleepers, sleeping_worker


@pytest.fixture
def start(workspace: Workspace, make_recipe: Callable[..., Path]) -> Iterator[Callable[..., Run]]:
    """Submit a run with some settings; whatever still runs at the end is killed."""

    def submit_with(rows: int = 24, **settings: object) -> Run:
        return submit(workspace, resolve(workspace, load_recipe(make_recipe(rows, **settings))))

    yield submit_with
    for run in list_runs(workspace):
        if run.has_process():
            os.kill(run.process()["pid"], signal.SIGKILL)


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sleepers]:
    """The processes that are started as workers. They sleep."""
    started: Sleepers = []
    monkeypatch.setattr(queue, "start_detached", sleeping_worker(started))
    yield started
    for process in started:
        process.kill()
        process.wait()

"""Workers: real ones that train, and those that only sleep, for what is about turns alone."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from studio.training import queue, standby
from studio.training.queue import submit
from studio.training.readiness import dismiss, expect_run, keep_ready
from studio.training.recipe import load_recipe, resolve
from studio.training.run import Run, list_runs
from studio.training.standby import Standby
from studio.workspace import Workspace
from tests.conftest import wait_until
from tests.training.queued import PLENTY, Sleepers, kept, sleeping_worker


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


@pytest.fixture
def waits(workspace: Workspace, tiny_model: Path) -> Iterator[Callable[..., Standby]]:
    """Has a worker wait for a run, as the server does for a page on which one is set up."""

    def make(ready: bool = True) -> Standby:
        expect_run(workspace, "sft", tiny_model)
        keep_ready(workspace, free=lambda: PLENTY)
        one = kept(workspace)
        assert one is not None
        wait_until(lambda: not ready or one.ready or not one.alive, 120, "the imports")
        assert one.ready or not ready, one.words.read_text()
        return one

    yield make
    dismiss(workspace)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """This code in the place of a worker that waits."""

    def put(code: str) -> None:
        (tmp_path / "stand_in.py").write_text(code)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        monkeypatch.setattr(standby, "MODULE", "stand_in")

    return put

"""No page is open: the server's keeper goes on with the queue, and where the server died, the next one does."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from studio.training.events import read_events
from studio.training.queue import active_run, move, submit
from studio.training.recipe import load_recipe, resolve
from studio.training.run import Run
from studio.training.waiting import waiting
from studio.workspace import Workspace
from tests.browser.conftest import Studio
from tests.conftest import wait_until


@pytest.fixture
def studio(workspace: Workspace) -> Iterator[Studio]:
    running = Studio(workspace.home)
    running.start()
    yield running
    running.close()


def kill_worker(run: Run) -> None:
    os.kill((run.process() or {})["pid"], signal.SIGKILL)
    wait_until(lambda: run.view().status == "failed", 10, "the death to be noticed")


@pytest.mark.slow
def test_the_queue_goes_on_after_a_killed_worker_and_a_killed_server(
    studio: Studio, workspace: Workspace, make_recipe: Callable[..., Path]
) -> None:
    def start(steps: int) -> Run:
        return submit(workspace, resolve(workspace, load_recipe(make_recipe(max_steps=steps))))

    first, second, third, last = start(4000), start(4000), start(2), start(2)
    move(last, "up")
    wait_until(lambda: first.view().step >= 1, 120, "the first step")
    kill_worker(first)
    wait_until(lambda: active_run(workspace) == second, 30, "the server to start the next one")
    wait_until(lambda: second.view().step >= 1, 120, "its first step")

    studio.kill()
    kill_worker(second)
    assert waiting(workspace) == [last, third] and active_run(workspace) is None

    studio.start()
    wait_until(lambda: last.view().status == "finished", 240, "the new server to start the next one, as ordered")
    wait_until(lambda: third.view().status == "finished", 240, "the one after that")
    began = next(event["at"] for event in read_events(third.events)[0] if event["kind"] == "device")
    assert read_events(last.events)[0][-1]["at"] <= began

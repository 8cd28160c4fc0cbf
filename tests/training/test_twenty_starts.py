"""Twenty real runs of two homes are started at the same moment: they train one after the other, and none is lost.

Six of them are waited for, each of which hands the device on to the next; the rest is then taken out of the queue.
"""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from studio.errors import StudioError
from studio.models.hardware import look
from studio.training.events import read_events
from studio.training.queue import advance, cancel, submit
from studio.training.recipe import load_recipe, resolve
from studio.training.run import Run, list_runs
from studio.training.view import FINAL
from studio.workspace import Workspace, open_workspace
from tests.conftest import wait_until

STARTS, FINISHED = 20, 6


@pytest.fixture
def homes(tmp_path: Path) -> Iterator[list[Workspace]]:
    opened = [open_workspace(tmp_path / name) for name in ("one", "other")]
    yield opened
    for run in runs_of(opened):
        if run.has_process():
            os.kill((run.process() or {})["pid"], signal.SIGKILL)


def runs_of(homes: list[Workspace]) -> list[Run]:
    return [run for home in homes for run in list_runs(home)]


def press_start(home: Path, recipe: Path, ready: Barrier) -> None:
    """One of many servers: it starts a run, and then looks after the queue for some seconds, as each page does."""
    workspace = open_workspace(home)
    resolved = resolve(workspace, load_recipe(recipe))
    ready.wait(300)  # for the others; one that was lost on the way must not keep all waiting
    submit(workspace, resolved)
    end = time.monotonic() + 10
    while time.monotonic() < end:
        advance(workspace)
        time.sleep(0.05)


def held(run: Run) -> tuple[float, float]:
    """When it took the device, and its last word, which it says before it gives the device back."""
    events, _ = read_events(run.events)
    taken = [event["at"] for event in events if event["kind"] == "device"]
    begun = [event for event in events if event["kind"] == "plan"]
    endings = [event for event in events if event["kind"] in FINAL]
    assert (len(taken), len(begun), len(endings)) == (1, 1, 1)
    assert events[-1] == endings[0]
    return taken[0], events[-1]["at"]


@pytest.mark.slow
def test_twenty_starts_at_once(homes: list[Workspace], make_recipe: Callable[..., Path]) -> None:
    recipe = make_recipe(max_steps=2, checks=1)
    fresh = multiprocessing.get_context("spawn")
    ready = fresh.Barrier(STARTS)
    pressed = [
        fresh.Process(target=press_start, args=(homes[n % len(homes)].home, recipe, ready)) for n in range(STARTS)
    ]
    for one in pressed:
        one.start()
    for one in pressed:
        one.join(300)
    assert [one.exitcode for one in pressed] == [0] * STARTS
    runs = runs_of(homes)
    assert len(runs) == STARTS
    # From here on nobody looks but the workers themselves, each at its end.
    wait_until(lambda: len(ended(runs)) >= FINISHED, 600, f"{FINISHED} of the twenty to end")
    for run in runs:
        with suppress(StudioError):  # it has begun meanwhile, or ended
            cancel(run)
    wait_until(lambda: len(ended(runs)) == STARTS, 300, "those at work to end")
    trained = [run for run in runs if run.view().status == "finished"]
    assert len(trained) >= FINISHED
    assert {run.view().status for run in runs if run not in trained} == {"discarded"}
    times = sorted(held(run) for run in trained)
    overlaps = [(before, after) for before, after in pairwise(times) if after[0] < before[1]]
    assert overlaps == []
    assert {key_of(run) for run in trained} == {look().key}, "they competed for one device"
    assert all((run.adapter / "adapter_model.safetensors").exists() for run in trained)
    assert not any("device" in kinds(run) for run in runs if run not in trained)


def ended(runs: list[Run]) -> list[Run]:
    return [run for run in runs if run.view().status in FINAL]


def kinds(run: Run) -> set[str]:
    return {event["kind"] for event in read_events(run.events)[0]}


def key_of(run: Run) -> str:
    return next(event["key"] for event in read_events(run.events)[0] if event["kind"] == "device")

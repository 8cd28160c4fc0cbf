"""Thirty runs in a night in which everything goes wrong: in the morning none is lost, and none says what is not so."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from components.ports import next_free
from studio.models.loading import load_result
from studio.training.events import read_events
from studio.training.run import Run
from studio.workspace import Workspace, open_workspace
from tests.chaos.driver import Driver
from tests.conftest import wait_until
from tests.finished import CHAT, LABELS, PAIRS, waiting_run

pytestmark = [pytest.mark.slow, pytest.mark.chaos, pytest.mark.timeout(1500)]
SEED = int(os.environ.get("CHAOS_SEED", "20261122"))
RUNS = int(os.environ.get("CHAOS_RUNS", "30"))
SECONDS = float(os.environ.get("CHAOS_SECONDS", "150"))
MEGABYTES = 400


@pytest.fixture
def home(tmp_path: Path) -> Iterator[tuple[Workspace, Path | None]]:
    """A home on a small disk of its own that can be filled; where mounting is not allowed, no disk is filled."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(disk)]
    mounted = subprocess.run(mount, capture_output=True).returncode == 0
    small = shutil.disk_usage(disk).total <= MEGABYTES * 2**20  # else it was not really mounted
    yield open_workspace(disk / "home"), disk if mounted and small else None
    if mounted:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_in_the_morning_every_run_is_accounted_for(
    home: tuple[Workspace, Path | None], tiny_model: Path, tiny_encoder: Path
) -> None:
    workspace, disk = home
    settings = {"max_steps": 40, "checks": 10, "learning_rate": 0.005}
    first = [
        waiting_run(workspace, "sft", CHAT, tiny_model, **settings),
        waiting_run(workspace, "classification", LABELS, tiny_encoder, **settings),
        waiting_run(workspace, "dpo", PAIRS, tiny_model, **settings),
    ]
    recipes = [run.recipe() for run in first]
    driver = Driver(workspace, recipes, RUNS, SEED, next_free(7990, "127.0.0.1"), disk)
    try:
        references = {recipe.name: in_peace(workspace, run) for recipe, run in zip(recipes, first, strict=True)}
        driver.rage(SECONDS)
        driver.calm(1200)
        look_at_all(driver, references)
    finally:
        driver.leave()
        print("\n".join(driver.log[-60:]))
        (Path(__file__).parent / "output").mkdir(exist_ok=True)
        (Path(__file__).parent / "output" / "chaos.log").write_text("\n".join(driver.log))


def in_peace(workspace: Workspace, run: Run) -> Run:
    """The same run, without anything going wrong: what it tells is what all the others have to tell."""
    from studio.training.queue import advance

    advance(workspace)
    wait_until(lambda: run.view().status in ("finished", "failed"), 120, "the first run")
    assert run.view().status == "finished", run.view().error
    return run


def look_at_all(driver: Driver, references: dict[str, Run]) -> None:
    assert sorted(run.id for run in driver.runs()) == sorted(driver.made), "a run was lost"
    assert len(driver.made) == RUNS
    for run in driver.runs():
        view, asked = run.view(), driver.asked.get(run.id, set())
        like = next(found for name, found in references.items() if run.name.startswith(name)).view()
        steps_in_order(run)
        if view.status == "discarded":
            assert asked & {"discard", "keep", "pause", "cancel"}, f"{run.id} threw away what nobody gave up"
            assert run.kept is None
            continue
        for name in ("loss", "validation", "learning_rate", "grad_norm"):
            expected = [point for point in like.series[name] if point[0] <= view.step]
            assert view.series[name] == expected, f"{run.id} took other steps than an undisturbed run"
        if view.status == "finished":
            assert view.step == view.steps == 40
            told = [text for _, text in view.log]
            if not any("no room for another saved point" in text for text in told):
                kept, loss = view.result["kept_step"], view.result["test_loss_after"]
                expected = (like.result["kept_step"], like.result["test_loss_after"])
                assert (kept, loss) == expected, f"{run.id} kept another point: {told}"
        else:
            assert asked & {"keep"}, f"{run.id} stopped without being asked"
        loads(run)


def steps_in_order(run: Run) -> None:
    """Between two beginnings each step comes once and after the one before: never were two workers at it."""
    last = None
    for event in read_events(run.events)[0]:
        if event["kind"] == "resumed":
            last = event["step"]
        elif event["kind"] == "step":
            assert event["step"] == (last or 0) + 1, f"{run.id}: step {event['step']} after {last}"
            last = event["step"]


def loads(run: Run) -> None:
    assert run.kept is not None
    model = load_result(run.kept, Path(run.recipe().model.name), "cpu", "float32")
    assert all(bool(torch.isfinite(value).all()) for value in model.state_dict().values() if value.is_floating_point())

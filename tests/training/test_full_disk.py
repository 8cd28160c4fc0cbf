"""A disk that is really full: a home on a file system of a few megabytes, filled up while a run is going on."""

import errno
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.datasets.store import add_file, list_datasets
from studio.errors import StudioError
from studio.methods import METHODS
from studio.training.checkpoints import clear_broken, points
from studio.training.point_keeper import PointKeeper
from studio.training.queue import go_on, submit
from studio.training.recipe import load_recipe, resolve
from studio.training.run import Run
from studio.workspace import Workspace, open_workspace
from tests.conftest import wait_until
from tests.methods.lessons import Lessons, lessons

__all__ = ["lessons"]

MEGABYTES = 24


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Workspace]:
    """A home on a small file system in memory; where mounting is not allowed the test is skipped."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(place)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("A full disk was NOT tested: this user may not mount a file system.")
    yield open_workspace(place / "home")
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(workspace: Workspace) -> Path:
    """A file that takes all the room that is left."""
    filler = workspace.home.parent / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError as error:
            assert error.errno == errno.ENOSPC
    return filler


def test_a_disk_that_fills_up_ends_the_run_in_words_and_takes_nothing(
    small_disk: Workspace, make_recipe: Callable[..., Path], make_csv: Callable[..., Path]
) -> None:
    recipe = resolve(small_disk, load_recipe(make_recipe(max_steps=4000)))
    run = submit(small_disk, recipe)
    wait_until(lambda: run.view().step >= 5, 90, "the first steps")
    filler = fill(small_disk)
    wait_until(lambda: run.view().status == "failed", 60, "the full disk to be noticed")
    view = run.view()
    assert view.error is not None and "disk is full" in view.error.message
    assert "Free some space" in view.error.hint
    assert view.step >= 5 and len(view.series["loss"]) == view.step

    known = [dataset.id for dataset in list_datasets(small_disk)]
    with pytest.raises(StudioError, match="disk is full"):
        add_file(small_disk, str(make_csv(400, "other.csv")))
    assert [dataset.id for dataset in list_datasets(small_disk)] == known

    filler.unlink()
    again = submit(small_disk, recipe.model_copy(update={"name": "again"}))
    wait_until(lambda: again.view().step >= 2, 90, "the next run to go on")
    again.request_stop(keep=False)
    wait_until(lambda: again.view().status == "discarded", 60, "the next run to stop")


def test_after_a_full_disk_it_goes_on_from_its_last_whole_point(
    small_disk: Workspace, make_recipe: Callable[..., Path]
) -> None:
    run = submit(small_disk, resolve(small_disk, load_recipe(make_recipe(max_steps=400, checks=100))))
    wait_until(lambda: points(run.checkpoints), 120, "a point")
    filler = fill(small_disk)
    wait_until(lambda: run.view().status == "failed", 60, "the full disk to be noticed")
    known = points(run.checkpoints)
    assert known  # the one before the disk was full
    assert [folder for folder in run.checkpoints.glob("checkpoint-*") if folder not in {p.folder for p in known}] == []
    filler.unlink()
    wait_until(lambda: not run.has_process(), 30, "the worker to leave")
    go_on(run)
    step = known[-1].step
    wait_until(lambda: run.view().resumed_at == step and run.view().step > step, 120, "it to go on from there")
    run.request_stop(keep=False)
    wait_until(lambda: run.view().status == "discarded", 60, "it to stop")


def test_a_disk_that_fills_while_a_point_is_written_leaves_the_one_before_whole(
    small_disk: Workspace, lessons: Lessons
) -> None:
    run = Run(small_disk.runs / "run")
    run.folder.mkdir()
    trainer: Any = METHODS["sft"].build(lessons.job("sft", run.checkpoints, max_steps=6, checks=6, batch_size=2))
    save, fillers = trainer._save_optimizer_and_scheduler, []

    def then_full(folder: str) -> None:
        if trainer.state.global_step == 3:  # in the middle: the weights of the point are there already
            fillers.append(fill(small_disk))
        save(folder)

    trainer._save_optimizer_and_scheduler = then_full
    trainer.add_callback(PointKeeper(run, trainer, {}, None))
    with pytest.raises((OSError, RuntimeError)):
        trainer.train()
    fillers[0].unlink()
    clear_broken(run.checkpoints)
    assert points(run.checkpoints)[-1].step == 2
    assert not (run.checkpoints / "checkpoint-3").exists()

"""A disk that is really full: a home on a file system of a few megabytes, filled up while a run is going on."""

import errno
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from studio.datasets.store import add_file, list_datasets
from studio.errors import StudioError
from studio.training.queue import submit
from studio.training.recipe import load_recipe, resolve
from studio.workspace import Workspace, open_workspace
from tests.conftest import wait_until

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

"""How far a copy as Python is, and the runs that cannot be copied at all."""

import subprocess
import sys

import pytest

from studio.errors import StudioError
from studio.export.python import worker
from studio.export.python.bundle import FOLDER, copy_state, record, start_copy
from studio.export.python.plan import job_of
from studio.processes import identity
from studio.training.back_off import FILE
from studio.training.events import EventLog
from studio.training.recipe import DataPart, MethodPart, ModelPart, Recipe
from studio.training.run import Run, create_run
from studio.workspace import Workspace, read_json, write_json
from tests.conftest import wait_until


def begun(workspace: Workspace, method: str, **plan: str) -> Run:
    """A run of which only the plan was written down, if anything is given of it."""
    recipe = Recipe(name="Thumbs", data=DataPart(), model=ModelPart(name="none"), method=MethodPart(name=method))
    run = create_run(workspace, recipe)
    if plan:
        rows = {"train": 8, "check": 0, "test": 0}
        EventLog(run.events).write("plan", steps=4, epochs=1, rows=rows, **plan)
    (run.folder / FOLDER).mkdir()
    return run


def test_a_run_that_has_not_begun_is_refused_in_words(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    run = begun(workspace, "sft")
    assert copy_state(run).status == "none"
    monkeypatch.setattr(sys, "argv", ["worker", str(run.folder)])
    assert worker.main() == 1
    state = copy_state(run)
    assert state.status == "failed" and "has not begun to train" in state.error and "first step" in state.hint


def test_a_run_whose_bites_have_changed_is_refused_where_they_decide_what_is_learned(workspace: Workspace) -> None:
    run = begun(workspace, "kto", device="cpu", dtype="float32")
    write_json(run.folder / FILE, {"accumulation": 2})
    with pytest.raises(StudioError, match="changed the size of its bites"):
        job_of(run)


def test_a_run_of_an_older_studio_is_refused(workspace: Workspace) -> None:
    with pytest.raises(StudioError, match="older studio"):
        job_of(begun(workspace, "sft", best="loss"))


def test_a_program_that_ends_without_a_word_is_noticed(workspace: Workspace) -> None:
    run = begun(workspace, "sft")
    record(run, status="working")
    sleeper = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])
    write_json(run.folder / FOLDER / "process.json", identity(sleeper.pid))
    assert copy_state(run).status == "working"
    sleeper.kill()
    sleeper.wait()
    assert copy_state(run).status == "failed" and "ended unexpectedly" in copy_state(run).error


@pytest.mark.slow
def test_a_copy_is_written_in_a_process_of_its_own_and_only_one_at_a_time(workspace: Workspace) -> None:
    run = begun(workspace, "sft")
    start_copy(run)
    who = read_json(run.folder / FOLDER / "process.json")
    start_copy(run)
    assert who and read_json(run.folder / FOLDER / "process.json") == who
    wait_until(lambda: copy_state(run).status != "working", 120, "the copy to come to its end")
    assert "has not begun to train" in copy_state(run).error

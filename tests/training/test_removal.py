"""Deleting a run: what it frees, when it is refused, and that a crash never leaves half of it on show."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from studio.errors import StudioError
from studio.processes import identity
from studio.training.events import EventLog
from studio.training.lineage import named_runs, users
from studio.training.queue import active_run
from studio.training.recipe import DataPart, MethodPart, ModelPart, Recipe
from studio.training.removal import delete_run, disk_use, removal
from studio.training.run import Run, create_run, list_runs
from studio.workspace import Workspace
from tests.training.test_chain import kept_run


def naming(workspace: Workspace, name: str, model: ModelPart | None = None, **settings: object) -> Run:
    """A run that waits, with these settings."""
    recipe = Recipe(name=name, data=DataPart(), model=model or ModelPart(), settings=dict(settings))
    return create_run(workspace, recipe)


def discard(run: Run) -> None:
    EventLog(run.events).write("discarded")


def test_a_run_is_gone_and_what_that_frees_is_what_du_counts(workspace: Workspace) -> None:
    run, other = kept_run(workspace, "Returns helper"), kept_run(workspace, "Another")
    (run.checkpoints / "step-10").mkdir(parents=True)
    (run.checkpoints / "step-10" / "weights").write_bytes(os.urandom(300_001))
    os.link(run.checkpoints / "step-10" / "weights", run.adapter / "weights")
    (run.adapter / "link").symlink_to(other.adapter)
    view = run.view()  # which leaves its summary in the folder
    counted = int(subprocess.check_output(["du", "--summarize", "--block-size=1", run.folder]).split()[0])
    assert removal(run, view).bytes == counted > 300_001
    assert delete_run(workspace, run.id) == counted
    assert [left.id for left in list_runs(workspace)] == [other.id]
    assert other.adapter.is_dir()
    assert list(workspace.scratch.iterdir()) == []


def test_a_run_that_others_stand_on_is_kept_and_they_are_named(workspace: Workspace) -> None:
    first = kept_run(workspace, "Returns helper", whole=True)
    further = kept_run(workspace, "Further", start=first.id)
    on_top = naming(workspace, "On top", ModelPart(name=str(first.whole_model)))
    student = naming(workspace, "Student", teacher_run=first.id)
    judged = naming(workspace, "Judged", reward_run=first.id)
    taught = naming(workspace, "Taught", teacher=str(first.whole_model))
    found = removal(first, first.view())
    assert {use.run.id for use in found.stand} == {run.id for run in (further, on_top, student, judged, taught)}
    with pytest.raises(StudioError, match="“Further” goes on from it") as refused:
        delete_run(workspace, first.id)
    assert "2 more runs need it" in refused.value.message
    assert first.folder.is_dir()
    for run in (further, on_top, student, judged, taught):
        delete_run(workspace, run.id)
    delete_run(workspace, first.id)
    assert list_runs(workspace) == []


def test_how_one_run_uses_another_is_told(workspace: Workspace) -> None:
    first = kept_run(workspace, "Returns helper")
    student = naming(workspace, "Student", teacher_run=first.id, reward_run="")
    assert named_runs(workspace, student.recipe()) == {first.id: "learns from it as its teacher"}
    assert [(use.run.id, use.how) for use in users(workspace, first)] == [(student.id, "learns from it as its teacher")]
    assert users(workspace, student) == []


def test_a_run_of_which_nothing_was_kept_holds_nobody_back(workspace: Workspace) -> None:
    first = kept_run(workspace, "Returns helper")
    discard(naming(workspace, "Thrown away", ModelPart(start=first.id)))
    assert removal(first, first.view()).refusal is None
    delete_run(workspace, first.id)


def test_a_run_at_work_is_kept(workspace: Workspace) -> None:
    run = naming(workspace, "At work")
    (run.folder / "process.json").write_text(json.dumps(identity()))
    assert active_run(workspace) is not None
    with pytest.raises(StudioError, match="“At work” is at work"):
        delete_run(workspace, run.id)
    assert run.folder.is_dir()


def test_a_crash_while_it_is_deleted_leaves_no_half_of_it_on_show(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = kept_run(workspace, "Returns helper")

    def crash(path: Path, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "rmtree", crash)
    with pytest.raises(KeyboardInterrupt):
        delete_run(workspace, run.id)
    assert list_runs(workspace) == []
    assert not run.folder.exists()
    left = next(workspace.scratch.glob("tmp*"))  # which is what the sweep looks for
    assert (left / run.id / "recipe.toml").exists()


def test_a_run_that_is_just_ending_is_kept_until_its_process_has_gone(workspace: Workspace) -> None:
    run = kept_run(workspace, "Just ending")
    (run.folder / "process.json").write_text(json.dumps(identity()))
    assert removal(run, run.view()).refusal is None  # the button is there, and what it says when it is pressed is true
    with pytest.raises(StudioError, match="just ending"):
        delete_run(workspace, run.id)
    assert run.folder.is_dir()


@pytest.mark.parametrize("id", ["../datasets", "", "never-was"])
def test_nothing_but_a_run_can_be_deleted(workspace: Workspace, id: str) -> None:
    with pytest.raises(StudioError, match="not on this computer"):
        delete_run(workspace, id)
    assert workspace.datasets.is_dir()


def test_it_is_said_whether_another_run_learned_from_the_same_rows(workspace: Workspace) -> None:
    def learned(name: str, fingerprint: str) -> Run:
        return create_run(workspace, Recipe(name=name, data=DataPart(fingerprint=fingerprint), method=MethodPart()))

    one, two, alone = learned("One", "a" * 64), learned("Two", "a" * 64), learned("Three", "b" * 64)
    assert [removal(run, run.view()).data_alone for run in (one, two, alone)] == [False, False, True]
    delete_run(workspace, two.id)
    assert removal(one, one.view()).data_alone


def test_what_has_gone_meanwhile_is_not_counted(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    assert disk_use(tmp_path) > 0

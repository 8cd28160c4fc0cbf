"""A run is started again with other settings: what its recipe becomes, and that it happens once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from studio.errors import StudioError
from studio.training import again
from studio.training.again import changed_recipe, more_carefully, start_again
from studio.training.recipe import load_recipe, resolve
from studio.training.run import Run, create_run, list_runs
from studio.workspace import Workspace


@pytest.fixture
def run(workspace: Workspace, make_recipe: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Run:
    """One that waits, in a studio that starts none."""
    monkeypatch.setattr("studio.training.queue.advance", lambda workspace: None)
    recipe = load_recipe(make_recipe())
    recipe.name = "Returns helper"
    return create_run(workspace, resolve(workspace, recipe))


def test_only_what_was_asked_for_is_another(run: Run) -> None:
    before, after = run.recipe(), changed_recipe(run, learning_rate=0.0001)
    assert after.name == "Returns helper, learning rate 0.0001"
    assert after.settings == {**before.settings, "learning_rate": 0.0001}
    left = {"name", "settings"}
    assert after.model_dump(exclude=left) == before.model_dump(exclude=left)


def test_changed_twice_it_is_named_by_the_last_change(run: Run, workspace: Workspace) -> None:
    second = create_run(workspace, changed_recipe(run, learning_rate=0.0001))
    assert changed_recipe(second, learning_rate=0.00002).name == "Returns helper, learning rate 0.00002"
    third = changed_recipe(second, batch_size=16, accumulation=4)
    assert third.name == "Returns helper, learning rate 0.0001, batch size 16"
    assert third.checked_settings().accumulation == 4


def test_a_long_name_keeps_its_end(run: Run) -> None:
    text = (run.folder / "recipe.toml").read_text().replace("Returns helper", "R" * 80)
    (run.folder / "recipe.toml").write_text(text)
    name = changed_recipe(run, learning_rate=0.0001).name
    assert len(name) == again.LONGEST and name.endswith("R, learning rate 0.0001")


@pytest.mark.parametrize("settings", [{}, {"learning_rate": 5.0}, {"no_such_setting": 1}, {"accumulation": 3}])
def test_what_cannot_be_is_refused_in_words(run: Run, settings: dict[str, float]) -> None:
    with pytest.raises(StudioError):
        changed_recipe(run, **settings)


def test_other_data_is_refused(run: Run) -> None:
    fingerprint = run.recipe().data.fingerprint or ""
    text = (run.folder / "recipe.toml").read_text().replace(fingerprint, "0" * 64)
    (run.folder / "recipe.toml").write_text(text)
    with pytest.raises(StudioError, match="no longer what"):
        changed_recipe(run, learning_rate=0.0001)


def test_pressed_twice_it_is_started_once(run: Run, workspace: Workspace) -> None:
    with ThreadPoolExecutor(4) as several:
        made = list(several.map(lambda _: start_again(run, learning_rate=0.0001).id, range(4)))
    assert len(set(made)) == 1
    assert len(list_runs(workspace)) == 2


def test_one_that_does_not_work_is_not_stopped_and_one_that_does_is_kept(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    start_again(run, learning_rate=0.0001)
    assert run.stop_requested() is None
    (run.folder / "again.json").unlink()
    view = run.view()
    view.status = "running"
    monkeypatch.setattr(Run, "view", lambda self: view)
    with pytest.raises(StudioError):
        start_again(run, learning_rate=5.0)
    assert run.stop_requested() is None, "it goes on when there is nothing to put in its place"
    start_again(run, learning_rate=0.0001)
    assert run.stop_requested() == "keep"


def test_more_carefully_is_about_a_third_of_the_rate(run: Run, workspace: Workspace) -> None:
    new = more_carefully(run)
    assert more_carefully(run).id == new.id and len(list_runs(workspace)) == 2
    assert new.recipe().settings == {**run.recipe().settings, "learning_rate": 0.002}  # of 0.005
    assert new.name == f"{run.name}, learning rate 0.002"
    assert more_carefully(new).name == f"{run.name}, learning rate 0.0006"

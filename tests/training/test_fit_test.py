"""Testing the fit: a few real steps on the longest rows, whose memory and pace are measured and kept."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from studio.errors import StudioError
from studio.methods import METHODS
from studio.models.catalogue import find_model
from studio.models.hardware import Hardware
from studio.models.speed import correction, predict
from studio.training import fit_test
from studio.training.events import EventLog, read_events
from studio.training.fit_test import STEPS
from studio.training.fit_worker import measure
from studio.training.longest_rows import longest_rows
from studio.training.queue import submit
from studio.training.recipe import Recipe, load_recipe, new_recipe, resolve
from studio.training.run import Run, create_run
from studio.workspace import Workspace
from tests.conftest import wait_until
from tests.methods.lessons import Lessons, lessons

__all__ = ["lessons"]
MakeRecipe = Callable[..., Path]


@pytest.fixture
def resolved(workspace: Workspace, make_recipe: MakeRecipe) -> Iterator[Callable[..., Recipe]]:
    yield lambda rows=24, **settings: resolve(workspace, load_recipe(make_recipe(rows, **settings)))
    test = fit_test.latest(workspace)
    if test and test.has_process():
        os.kill(test.process()["pid"], signal.SIGKILL)


def key(recipe: Recipe) -> str:
    return fit_test.key_of_recipe(recipe)


def test_a_test_measures_and_what_it_found_corrects_later_estimates(
    workspace: Workspace, resolved: Callable[..., Recipe]
) -> None:
    recipe = resolved(epochs=50)
    fit_test.start(workspace, recipe, 0.5)
    wait_until(lambda: fit_test.outcome(workspace, key(recipe)).state != "running", 90, "the test to end")
    found = fit_test.outcome(workspace, key(recipe))
    assert found is not None and found.state == "done", found
    assert found.memory_gb > 0.2 and found.tokens_per_second > 0 and found.tokens > 0
    assert found.estimated_gb == 0.5
    assert "1 run of this kind" in correction(workspace, recipe.model.name, "lora", "full").basis
    model = find_model(workspace, recipe.model.name)
    assert predict(workspace, model, Hardware(2, 24, 16, None)).tokens_per_second == found.tokens_per_second
    test = fit_test.latest(workspace)
    assert test and not test.checkpoints.exists() and not test.kept


def test_it_tells_of_alike_runs_and_of_no_others(workspace: Workspace, resolved: Callable[..., Recipe]) -> None:
    recipe = resolved()
    test = create_run(workspace, recipe, fit_test.FOLDER)
    result = {"memory_gb": 1.0, "tokens_per_second": 50.0, "tokens": 99}
    EventLog(test.events).write("finished", result=result)
    assert fit_test.outcome(workspace, key(recipe)) == fit_test.Outcome("done", **result)
    assert fit_test.outcome(workspace, key(resolved(epochs=9, learning_rate=0.1, checks=2))) is not None
    for other in (resolved(rank=64), resolved(batch_size=2), resolved(max_length=64), resolved(rows=30)):
        assert fit_test.outcome(workspace, key(other)) is None


def test_it_is_refused_while_something_trains_and_without_the_model(
    workspace: Workspace, resolved: Callable[..., Recipe]
) -> None:
    run = submit(workspace, resolved(max_steps=4000))
    with pytest.raises(StudioError, match="A run is going on"):
        fit_test.start(workspace, resolved())
    run.request_stop(keep=False)
    wait_until(lambda: not run.view().live, 90, "the run to end")
    elsewhere = resolved().model_copy(deep=True)
    elsewhere.model.name = "gpt2"
    with pytest.raises(StudioError, match="has to be on this computer"):
        fit_test.start(workspace, elsewhere)


def test_a_test_can_be_stopped_and_a_dead_one_is_told(workspace: Workspace, resolved: Callable[..., Recipe]) -> None:
    recipe = resolved()
    fit_test.start(workspace, recipe)
    with pytest.raises(StudioError, match="going on already"):
        fit_test.start(workspace, recipe)
    fit_test.stop(workspace)
    wait_until(lambda: fit_test.outcome(workspace, key(recipe)) is None, 90, "the test to stop")
    test = fit_test.start(workspace, recipe)
    os.kill(test.process()["pid"], signal.SIGKILL)
    wait_until(lambda: fit_test.outcome(workspace, key(recipe)).state == "failed", 10, "the death to be noticed")
    found = fit_test.outcome(workspace, key(recipe))
    assert found is not None and "memory" in found.error[1]


def test_the_longest_rows_come_first_and_no_group_is_missing(lessons: Lessons) -> None:
    chat = lessons.versions["chat"]
    found = longest_rows(chat, train=4, validation=2, test=1)
    lengths = [len(text) for text in found.frame("train")["messages"]]
    assert found.rows == {"train": 4, "validation": 2, "test": 1} and lengths == sorted(lengths, reverse=True)
    assert lengths[0] == chat.frame("train")["messages"].str.len().max()
    labels = lessons.versions["label"]
    few = longest_rows(labels, train=1, validation=1, test=1).frame("train")
    assert set(few["label"]) == set(labels.frame("train")["label"]) and not few["row"].duplicated().any()


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_every_method_can_be_tested(lessons: Lessons, method: str) -> None:
    job = lessons.job(method, lessons.workspace.scratch / "unused", batch_size=4, max_length=256)
    dataset = job.version.folder.parent.parent.name
    settings = job.settings.model_dump(exclude_none=True)
    recipe = new_recipe(
        lessons.workspace, name=method, dataset_id=dataset, steps=job.version.steps, model=str(job.folder),
        method=method, settings=settings,
    )  # fmt: skip
    test = create_run(lessons.workspace, recipe, fit_test.FOLDER)
    measure(test, EventLog(test.events), "cpu")
    events, _ = read_events(test.events)
    steps = [event for event in events if event["kind"] == "step"]
    assert len(steps) == STEPS and events[-1]["kind"] == "finished", events[-1]
    result = events[-1]["result"]
    assert result["memory_gb"] > 0 and result["tokens_per_second"] > 0
    assert json.dumps(result) and not Run(test.folder).kept

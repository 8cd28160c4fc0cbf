"""Recipe, run, recipe of the run, run: the same losses to the last bit, and what each was made with is known."""

from collections.abc import Callable
from pathlib import Path

import pytest

from studio.methods import METHODS
from studio.training.building import build
from studio.training.curves_csv import Row, rows_of
from studio.training.events import EventLog, read_events
from studio.training.provenance import differences, read_provenance
from studio.training.recipe import Recipe, load_recipe, resolve
from studio.training.repeating import compared, original_of, repeated
from studio.training.reporter import Reporter
from studio.training.run import Run, create_run
from studio.training.session import Session
from studio.workspace import ASSETS, Workspace
from tests.methods.described import digest
from tests.methods.lessons import Lessons, lessons

__all__ = ["lessons"]
SAMPLES = {load_recipe(path).method.name: path for path in sorted((ASSETS / "samples").glob("*.toml"))}


def trained(workspace: Workspace, recipe: Recipe) -> Run:
    """A run as its worker does it, in this process."""
    run = create_run(workspace, resolve(workspace, recipe))
    Session(run, EventLog(run.events), device="cpu").train()
    assert run.view().status == "finished"
    return run


def small(lessons: Lessons, method: str) -> Recipe:
    """The sample recipe of a method on two-layer models, some steps of it."""
    recipe = load_recipe(SAMPLES[method])
    recipe.model.name = str(lessons.model(method))
    recipe.settings.pop("reward_run", None)
    recipe.settings |= {"max_steps": 3, "checks": 1, "batch_size": 2, "max_length": 256, **lessons.needed(method)}
    recipe.settings |= {"judged": 2} if method == "rlhf" else {}
    return recipe


def learned(workspace: Workspace, recipe: Recipe) -> tuple[Run, str]:
    """Only the steps of a run, and the digest of the model after them: judging it is the same for all methods."""
    run = create_run(workspace, resolve(workspace, recipe))
    recipe = run.recipe()
    built = build(run, recipe, recipe.version(workspace), recipe.checked_settings(), "cpu", print)
    built.trainer.add_callback(Reporter(run, built.trainer, built.method.metrics))
    built.trainer.train()
    return run, digest(built.trainer.model)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_the_recipe_of_a_run_repeats_it(lessons: Lessons, method: str) -> None:
    first, model = learned(lessons.workspace, small(lessons, method))
    again, same_model = learned(lessons.workspace, load_recipe(first.folder / "recipe.toml"))
    assert table(again) == table(first) and len(table(first)) >= 3
    assert same_model == model


def table(run: Run) -> list[Row]:
    """The figures of a run, save for clocks and memory."""
    measured = ("seconds", "tokens_per_second", "memory_gb")
    rows = rows_of(read_events(run.events)[0])
    return [{name: value for name, value in row.items() if name not in measured} for row in rows]


def test_a_run_that_is_repeated_says_that_it_came_out_the_same(
    workspace: Workspace, make_recipe: Callable[..., Path]
) -> None:
    first = trained(workspace, load_recipe(make_recipe(max_steps=3)))
    again = trained(workspace, load_recipe(first.folder / "recipe.toml"))
    assert repeated(first, again) == [
        "Up to step 3 every loss is the same as in the run whose recipe this is, to the last bit."
    ]
    assert again.view().result["test_loss_after"] == first.view().result["test_loss_after"]
    weights = [(run.adapter / "adapter_model.safetensors").read_bytes() for run in (first, again)]
    assert weights[0] == weights[1]


def test_a_run_knows_what_it_was_made_with(workspace: Workspace, make_recipe: Callable[..., Path]) -> None:
    import torch

    run = trained(workspace, load_recipe(make_recipe(max_steps=2)))
    found = read_provenance(run)
    assert found is not None
    assert found["libraries"]["torch"] == torch.__version__ and len(found["libraries"]) > 50
    assert found["data"] == run.recipe().data.fingerprint
    assert len(found["model_files"]) == 64 and found["seed"] == 42
    assert found["hardware"]["threads"] == torch.get_num_threads()
    assert str(workspace.home) not in (run.folder / "provenance.json").read_text()
    older = {**found, "libraries": {**found["libraries"], "torch": "1.0"}}
    assert differences(older, found) == [f"torch 1.0 then, {torch.__version__} now"]
    assert differences(found, found) == []


def test_another_loss_is_told_with_its_step() -> None:
    then = [{"step": 1, "loss": 2.0}, {"step": 2, "loss": 1.5}, {"step": 3, "loss": 1.0}]
    assert compared(then, then[:2]) == [
        "Up to step 2 every loss is the same as in the run whose recipe this is, to the last bit. "
        "One of the two has 1 steps more."
    ]
    assert "at step 2 the loss was 1.5 then and is 1.4 now" in compared(then, [then[0], {"step": 2, "loss": 1.4}])[0]
    assert "no step in common" in compared(then, [])[0]


def test_only_the_recipe_in_a_run_is_that_of_a_run(workspace: Workspace, make_recipe: Callable[..., Path]) -> None:
    recipe = make_recipe()
    assert original_of(recipe) is None
    run = create_run(workspace, resolve(workspace, load_recipe(recipe)))
    EventLog(run.events).write("phase", text="Loading")
    assert original_of(run.folder / "recipe.toml") == run

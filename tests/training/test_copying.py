"""Settings of an earlier run for a new one: the recipe comes out the same, and what is gone is said."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components import settings_fields
from components.history_copy import nearest
from studio.datasets.shapes import GUESSED_FROM, Mapping, guess
from studio.datasets.store import add_file
from studio.datasets.versions import DataSteps
from studio.goals.catalogue import list_goals
from studio.methods import find_method
from studio.methods.fields import applied
from studio.methods.presets import find_preset
from studio.training.chain import model_under
from studio.training.copying import Copied, copied
from studio.training.recipe import Recipe, new_recipe, save_recipe
from studio.training.run import create_run
from studio.workspace import Workspace, write_json
from tests.conftest import chat_steps
from tests.finished import PAIRS
from tests.training.test_chain import kept_run

MakeCsv = Callable[..., Path]


def comparable(recipe: Recipe) -> str:
    return save_recipe(recipe.model_copy(update={"name": "", "notes": []}))


def started(workspace: Workspace, method: str, preset: str, settings: dict[str, Any], **more: Any) -> Recipe:
    """What Start makes of the form with this preset and these settings in it: see train_form and chosen_recipe."""
    way = find_method(method)
    own = find_preset(preset, method).settings_of(way.settings)
    on_page = settings_fields.values_of(way.settings, own | settings)
    return new_recipe(workspace, method=method, preset=preset, settings=applied(way.settings, on_page), **more)


def started_again(workspace: Workspace, found: Copied) -> Recipe:
    """The same once the form is filled with what was copied."""
    assert found.steps is not None
    return started(
        workspace,
        found.method,
        nearest(workspace, find_method(found.method), found).name,
        found.settings,
        name=found.name,
        dataset_id=found.dataset,
        steps=found.steps,
        model=model_under(workspace, found.model, found.start),
        start=found.start,
        goal=found.goal,
        success=found.success,
    )


TEXT = Mapping(kind="text", shape="plain_text", columns={"text": "answer"})
CASES: list[tuple[str, str, dict[str, Any]]] = [
    ("sft", "thorough", {"rank": 4, "max_steps": 7, "max_length": 96, "seed": 3}),
    ("sft", "balanced", {"adapt": "full", "max_steps": 3, "max_length": 128}),
    ("dpo", "dpo", {"max_steps": 2, "max_length": 128, "learning_rate": 1e-4}),
    ("orpo", "preferences_thorough", {"max_length": 100, "epochs": 2.0}),
    ("pretraining", "pretraining", {"max_steps": 2, "max_length": 64}),
]


@pytest.mark.parametrize(("method", "preset", "settings"), CASES)
def test_settings_taken_over_make_the_same_recipe(
    workspace: Workspace,
    make_csv: MakeCsv,
    tiny_model: Path,
    tmp_path: Path,
    method: str,
    preset: str,
    settings: dict[str, Any],
) -> None:
    pairs = tmp_path / "pairs.csv"
    pairs.write_text(PAIRS)
    dataset = add_file(workspace, pairs if method in ("dpo", "orpo") else make_csv(30))
    guessed = guess(dataset.head(GUESSED_FROM), dataset.name)
    assert guessed is not None
    steps = DataSteps(mapping=TEXT if method == "pretraining" else guessed.mapping, left_out=[5])
    goal = next(goal for goal in list_goals() if method in goal.methods)
    success = next(iter(goal.successes(method)), None)
    recipe = started(
        workspace,
        method,
        preset,
        settings,
        name="First",
        dataset_id=dataset.id,
        steps=steps,
        model=str(tiny_model),
        goal=goal.name,
        success=success,
    )
    run = create_run(workspace, recipe)
    found = copied(run)
    assert found.missing == []
    assert found.name == "First again"
    assert comparable(started_again(workspace, found)) == comparable(recipe)


def test_what_goes_on_from_an_earlier_run_does_so_again(
    workspace: Workspace, make_csv: MakeCsv, tiny_model: Path
) -> None:
    first = kept_run(workspace, "First", model=str(tiny_model))
    dataset = add_file(workspace, make_csv(30))
    recipe = started(
        workspace, "sft", "balanced", {"max_steps": 2, "max_length": 96, "rank": 8}, name="Further",
        dataset_id=dataset.id, steps=chat_steps(), model=str(tiny_model), start=first.id,
    )  # fmt: skip
    run = create_run(workspace, recipe)
    found = copied(run)
    assert (found.start, found.model, found.missing) == (first.id, str(tiny_model), [])
    assert comparable(started_again(workspace, found)) == comparable(recipe)
    shutil.rmtree(first.folder)
    again = copied(run)
    assert again.start == ""
    assert any("went on from is no longer here" in words for words in again.missing)


def test_what_is_gone_is_said_and_left_empty(
    workspace: Workspace, make_csv: MakeCsv, tiny_model: Path, tmp_path: Path
) -> None:
    model = shutil.copytree(tiny_model, tmp_path / "model-here")
    dataset = add_file(workspace, make_csv(30))
    recipe = new_recipe(
        workspace, name="First", dataset_id=dataset.id, steps=chat_steps(), model=str(model),
        settings={"max_steps": 2, "max_length": 96},
    )  # fmt: skip
    recipe.settings["sparkle"] = 3
    run = create_run(workspace, recipe)
    shutil.rmtree(dataset.folder)
    shutil.rmtree(model)
    found = copied(run)
    assert (found.dataset, found.steps, found.model) == ("", None, "")
    assert [
        any(words in said for said in found.missing)
        for words in ("data is no longer", "model is no longer", "“sparkle”")
    ] == [True] * 3
    assert found.settings["max_length"] == 96 and "sparkle" not in found.settings


def test_what_a_run_found_out_about_its_memory_is_taken_over(workspace: Workspace, make_csv: MakeCsv) -> None:
    run = kept_run(workspace, "Support helper")
    write_json(run.folder / "fitted.json", {"accumulation": 4, "checkpointing": True})
    found = copied(run).settings
    assert (found["accumulation"], found["checkpointing"]) == (4, True)

"""The chain of trainings behind a run: adapters trained further, whole models gone on from, runs that are gone."""

import json
import shutil
from pathlib import Path

import pytest

from studio.training.chain import GONE, chain, in_words, model_under, starts
from studio.training.events import EventLog
from studio.training.recipe import DataPart, ModelPart, Recipe
from studio.training.run import Run, create_run
from studio.workspace import Workspace

TITLE = "SmolLM2-135M-Instruct"


def kept_run(workspace: Workspace, name: str, model: str = "", start: str = "", whole: bool = False) -> Run:
    """A run that has ended and kept something."""
    part = ModelPart(start=start or None, **({"name": model} if model else {}))
    run = create_run(workspace, Recipe(name=name, data=DataPart(), model=part))
    place = run.whole_model if whole else run.adapter
    place.mkdir()
    (place / "result.json").write_text(json.dumps({"task": "causal", "weights": "full", "head": {}}))
    (place / "config.json" if whole else place / "adapter_config.json").write_text('{"peft_type": "LORA", "r": 8}')
    log = EventLog(run.events)
    log.write("plan", steps=2, epochs=1, rows={"train": 4, "check": 0, "test": 0})
    log.write("finished", result={})
    return run


def titles(workspace: Workspace, recipe: Recipe) -> list[str]:
    return [link.title for link in chain(workspace, recipe)]


def test_a_run_that_starts_afresh_has_only_its_model(workspace: Workspace) -> None:
    recipe = Recipe(data=DataPart())
    assert titles(workspace, recipe) == [TITLE]
    assert in_words(chain(workspace, recipe)) == ""


def test_adapters_and_whole_models_are_followed_back(workspace: Workspace) -> None:
    first = kept_run(workspace, "Returns helper")
    second = kept_run(workspace, "All of it", start=first.id, whole=True)
    third = kept_run(workspace, "Sales helper", model=str(second.whole_model))
    now = Recipe(data=DataPart(), model=ModelPart(name=str(second.whole_model), start=third.id))
    assert titles(workspace, now) == [TITLE, "Returns helper", "All of it", "Sales helper"]
    assert [link.run for link in chain(workspace, now)] == ["", first.id, second.id, third.id]
    assert in_words(chain(workspace, now)) == f"{TITLE} → Returns helper → All of it → Sales helper → this run"


def test_a_folder_called_model_elsewhere_is_no_run(workspace: Workspace, tmp_path: Path) -> None:
    place = tmp_path / "elsewhere" / "model"
    place.mkdir(parents=True)
    (place / "config.json").write_text("{}")
    assert titles(workspace, Recipe(data=DataPart(), model=ModelPart(name=str(place)))) == ["model"]


@pytest.mark.parametrize("whole", [False, True])
def test_a_run_that_is_gone_is_said_to_be(workspace: Workspace, whole: bool) -> None:
    first = kept_run(workspace, "Returns helper", whole=whole)
    name = {"name": str(first.whole_model)} if whole else {"start": first.id}
    recipe = Recipe(data=DataPart(), model=ModelPart(**name))
    shutil.rmtree(first.folder)
    assert titles(workspace, recipe) == ([GONE] if whole else [TITLE, GONE])


def test_two_runs_that_name_each_other_do_not_turn_in_a_circle(workspace: Workspace) -> None:
    one = kept_run(workspace, "One")
    two = kept_run(workspace, "Two", start=one.id)
    (one.folder / "recipe.toml").write_text((two.folder / "recipe.toml").read_text().replace(one.id, two.id))
    assert len(chain(workspace, two.recipe())) <= 3


def test_only_ended_runs_that_began_with_the_model_can_be_started_from(workspace: Workspace, tiny_model: Path) -> None:
    first = kept_run(workspace, "Returns helper")
    further = kept_run(workspace, "Further", start=first.id)
    other = kept_run(workspace, "Another model", model=str(tiny_model))
    waiting = create_run(workspace, Recipe(name="Waiting", data=DataPart()))
    assert waiting.kept is None
    assert {run.id for run in starts(workspace, "smollm2-135m-instruct")} == {first.id, further.id}
    assert [run.id for run in starts(workspace, str(tiny_model))] == [other.id]
    assert model_under(workspace, "smollm2-135m-instruct", other.id) == str(tiny_model)
    assert model_under(workspace, "smollm2-135m-instruct", "") == "smollm2-135m-instruct"

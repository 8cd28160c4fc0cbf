"""The recipes in assets/samples: one for each method, and each is whole."""

import pytest

from studio.methods import METHODS
from studio.training.recipe import load_recipe, resolve
from studio.workspace import ASSETS, Workspace

RECIPES = sorted((ASSETS / "samples").glob("*.toml"))
# Two need a kind of model that no package carries.
FROM_THE_HUB = {"text_to_text", "vision"}


def test_every_method_has_one() -> None:
    assert {load_recipe(path).method.name for path in RECIPES} >= set(METHODS)


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_it_can_start(workspace: Workspace, path) -> None:
    recipe = load_recipe(path)
    recipe.settings.pop("reward_run", None)
    resolved = resolve(workspace, recipe)
    assert resolved.data.fingerprint and resolved.settings["learning_rate"] > 0
    assert ("/" in resolved.model.name) == (resolved.method.name in FROM_THE_HUB)

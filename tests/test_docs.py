"""The README says what the code does: every field of the recipe, every preset."""

import re
import shlex

import pytest

import launch
from studio.datasets.health import CHECKS
from studio.datasets.shapes import SHAPES
from studio.methods import METHODS
from studio.training.presets import list_presets
from studio.training.recipe import DataPart, MethodPart, ModelPart, Recipe
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text("utf-8")


def test_the_recipe_table_names_exactly_the_fields_there_are() -> None:
    parts = {"data": DataPart, "model": ModelPart, "method": MethodPart}
    fields = {name for name in Recipe.model_fields if name not in (*parts, "settings")}
    fields |= {f"{part}.{name}" for part, model in parts.items() for name in model.model_fields}
    fields |= {f"settings.{name}" for method in METHODS.values() for name in method.settings.model_fields}
    assert set(re.findall(r"^\| `([a-z_.]+)` \|", README, re.MULTILINE)) == fields


def test_every_preset_is_named() -> None:
    assert [preset.name for preset in list_presets() if f"`{preset.name}`" not in README] == []


def test_every_shape_and_every_fix_is_named() -> None:
    names = [*SHAPES, *(check.name for check in CHECKS if check.mend)]
    assert [name for name in names if f"`{name}`" not in README] == []


def test_the_recipe_in_the_readme_is_a_recipe() -> None:
    import tomllib

    text = re.search(r"```toml\n(.*?)```", README, re.DOTALL)
    assert text is not None
    recipe = Recipe.model_validate(tomllib.loads(text.group(1)))
    assert recipe.checked_settings().epochs == 1


def test_no_placeholder_is_left() -> None:
    assert "{{" not in README


COMMANDS = re.findall(r"^(?: {4})?python launch\.py(.*)$", README, re.MULTILINE)


@pytest.mark.parametrize("arguments", COMMANDS)
def test_every_command_in_a_code_block_is_one_that_the_launcher_takes(arguments: str) -> None:
    launch.parse(shlex.split(arguments, comments=True))


def test_there_are_commands_to_check() -> None:
    assert len(COMMANDS) >= 3

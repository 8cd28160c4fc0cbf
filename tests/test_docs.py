"""The README says what the code does: every field of the recipe, every preset."""

import re
import shlex
import tomllib

import pytest
from pydantic import BaseModel

import launch
from studio.datasets.augment import Augmentation
from studio.datasets.augment.step import Frames, WordChanges
from studio.datasets.fixing import options_of
from studio.datasets.health import CHECKS
from studio.datasets.shapes import SHAPES
from studio.datasets.weights import Weights
from studio.methods import METHODS
from studio.methods.adapt_settings import AdaptSettings
from studio.methods.presets import list_presets
from studio.models.hardware import GIB
from studio.training import readiness
from studio.training.recipe import DataPart, MethodPart, ModelPart, Recipe, TrialPart, load_recipe
from studio.training.recipe_checks import check_sources
from studio.training.sources import HubPart, MergePart
from studio.training.tracking.part import MlflowPart, TrackingPart, TrackioPart, WandbPart
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text("utf-8")


def test_the_recipe_table_names_exactly_the_fields_there_are() -> None:
    parts = {"data": DataPart, "model": ModelPart, "method": MethodPart, "tracking": TrackingPart, "trial": TrialPart}
    fields = {name for name in Recipe.model_fields if name not in (*parts, "settings")}
    fields |= {f"{part}.{name}" for part, model in parts.items() for name in model.model_fields}
    fields |= {f"settings.{name}" for name in AdaptSettings.model_fields}
    assert set(re.findall(r"^\| `([a-z_.]+)` \|", README, re.MULTILINE)) == fields


def test_every_preset_is_named() -> None:
    lines = re.findall(r"^\| For ((?:`[a-z_]+`,? ?)+) \| (`(?:quick_taste|rlhf_quick)`.*) \|", README, re.MULTILINE)
    told = {
        method: set(re.findall(r"`([a-z_]+)`", presets))
        for methods, presets in lines
        for method in re.findall(r"`([a-z_]+)`", methods)
    }
    assert set(told) == set(METHODS)
    for method, names in told.items():
        assert {preset.name for preset in list_presets(method)} <= names
    assert {name for names in told.values() for name in names} <= {p.name for p in list_presets()} | set(METHODS)


def in_words(default: object) -> str:
    """A default as the README writes it."""
    if default is None:
        return "none"
    if isinstance(default, str):
        return default
    return str(default).lower() if isinstance(default, bool) else f"{default:g}"


def test_the_defaults_of_the_settings_are_those_there_are() -> None:
    told = dict(re.findall(r"^\| `settings\.([a-z_]+)` \| (.*?) \|", README, re.MULTILINE))
    assert told == {name: in_words(field.default) for name, field in AdaptSettings.model_fields.items()}


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_told_with_its_own_settings_and_a_recipe(name: str) -> None:
    lines = re.search(rf"^\*\*`{name}`, (.*?)\n\n", README, re.MULTILINE | re.DOTALL)
    assert lines is not None
    common = AdaptSettings.model_fields
    for setting, field in METHODS[name].settings.model_fields.items():
        if setting in common and field.default == common[setting].default:
            continue
        assert f"`{setting}`" in lines.group(1), setting
        shown = isinstance(field.default, (int, float)) and field.default_factory is None
        assert not shown or f"`{setting}` ({in_words(field.default)}" in lines.group(1).replace("\n", " "), setting
    command = re.search(r"`python launch\.py run (.*?)`", lines.group(1))
    assert command is not None
    assert load_recipe(ROOT / command.group(1)).method.name == name


def test_every_shape_is_named() -> None:
    assert [name for name in SHAPES if f"`{name}`" not in README] == []


def test_every_fix_is_named_in_the_order_in_which_it_is_carried_out() -> None:
    named = re.search(r"^\*\*Fixes\*\*(.*?)\. ", README, re.MULTILINE | re.DOTALL)
    assert named is not None
    assert re.findall("`([a-z_]+)`", named.group(1)) == [check.name for check in CHECKS if check.mend]


TABLES = [MlflowPart, WandbPart, TrackioPart, MergePart, HubPart, Weights, Augmentation, WordChanges, Frames]
TABLES += [check.options for check in CHECKS if check.options]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: f"{table.__module__}.{table.__name__}")
def test_every_field_of_a_table_below_data_is_named(table: type[BaseModel]) -> None:
    named = set(re.findall(r"`([a-z_]+)`", README)) | set(re.findall(r"[\[{,]?\s*\b([a-z_]+) = ", README))
    assert set(table.model_fields) - named == set()


RECIPES = [tomllib.loads(text) for text in re.findall(r"```toml\n(.*?)```", README, re.DOTALL)]


def test_the_first_recipe_in_the_readme_is_whole() -> None:
    recipe = Recipe.model_validate(RECIPES[0])
    assert recipe.checked_settings().epochs == 1
    check_sources(recipe.data)


@pytest.mark.parametrize("place", range(len(RECIPES)))
def test_every_piece_of_a_recipe_is_one_that_is_taken(place: int) -> None:
    recipe = Recipe.model_validate({"data": {}, **RECIPES[place]})
    known = {check.name: check for check in CHECKS}
    for fix in recipe.data.fixes:
        options_of(known[fix.name], fix)
    assert recipe.data.mapping is None or recipe.data.mapping.shape in SHAPES


def test_there_are_recipes_to_check() -> None:
    assert len(RECIPES) == 6 and any("merge" in recipe.get("data", {}) for recipe in RECIPES)


def test_the_hub_in_one_line_is_a_table_too() -> None:
    line = re.search(r"`hub = (\{.*?\})`", README)
    assert line is not None
    hub = HubPart.model_validate(tomllib.loads(f"hub = {line.group(1)}")["hub"])
    assert hub.name == HubPart.model_validate("owner/name").name == "owner/name"


def test_how_long_a_worker_waits_and_how_to_do_without_is_told() -> None:
    assert f"`{readiness.SWITCH}=0`" in README
    assert f"more than {readiness.ENOUGH // GIB} GB are free" in README
    assert readiness.GOOD_FOR == 600 and "for ten minutes after the\nlast change" in README


def test_no_placeholder_is_left() -> None:
    assert "{{" not in README


COMMANDS = re.findall(r"^(?: {4})?python launch\.py(.*)$", README, re.MULTILINE)


@pytest.mark.parametrize("arguments", COMMANDS)
def test_every_command_in_a_code_block_is_one_that_the_launcher_takes(arguments: str) -> None:
    launch.parse(shlex.split(arguments, comments=True))


def test_there_are_commands_to_check() -> None:
    assert len(COMMANDS) >= 3

"""Presets: each one is for its methods, and every method can do what its presets say."""

import pytest

from studio.errors import StudioError
from studio.methods import METHODS, find_method
from studio.methods.presets import Preset, find_preset, list_presets

GENERAL = {"quick_taste", "balanced", "thorough", "low_memory"}
PAIRS = [(preset, method) for method in METHODS for preset in list_presets(method)]


@pytest.mark.parametrize(("preset", "method"), PAIRS, ids=[f"{preset.name}-{method}" for preset, method in PAIRS])
def test_every_method_takes_the_settings_of_its_presets(preset: Preset, method: str) -> None:
    schema = METHODS[method].settings
    settings = schema.model_validate(preset.settings_of(schema))
    for name, value in preset.settings_of(schema).items():
        assert getattr(settings, name) == value
    if preset.methods:
        assert preset.settings_of(schema) == preset.settings, "made for this method, so nothing in it may be lost"


def test_the_general_presets_are_for_every_method() -> None:
    for method in METHODS:
        assert {preset.name for preset in list_presets(method)} >= GENERAL


def test_every_preset_names_methods_that_exist_and_explains_each_setting() -> None:
    from studio.workspace import PRESETS

    for preset in list_presets():
        assert [find_method(name).name for name in preset.methods] == list(preset.methods)
        text = (PRESETS / "training" / f"{preset.name}.toml").read_text("utf-8")
        below = text.split("[settings]")[1].strip().splitlines()
        assert all("#" in line for line in below), preset.name


def test_a_preset_of_another_method_is_refused_with_those_that_will_do() -> None:
    with pytest.raises(StudioError, match="not made for “Learn from examples”") as refused:
        find_preset("pretraining", "sft")
    assert "balanced" in refused.value.hint and "pretraining" not in refused.value.hint


def test_a_setting_that_a_method_does_not_have_is_left_out() -> None:
    preset = Preset("x", "X", "x", 1, {"epochs": 2, "only_elsewhere": 3})
    assert preset.settings_of(METHODS["sft"].settings) == {"epochs": 2}

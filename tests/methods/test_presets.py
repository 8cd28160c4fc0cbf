"""Presets: each one is for its methods, follows the number of rows, and keeps to what the model can read."""

import itertools
import tomllib
from typing import Any

import pytest

from studio.errors import StudioError
from studio.goals.catalogue import list_goals
from studio.methods import METHODS, find_method
from studio.methods.presets import Preset, find_preset, list_presets, read, usual_preset
from studio.workspace import PRESETS

PAIRS = [(preset, method) for method in METHODS for preset in list_presets(method)]
IDS = [f"{preset.name}-{method}" for preset, method in PAIRS]


def preset(**changed: Any) -> Preset:
    return Preset.model_validate({"name": "x", "title": "X", "sentence": "x", "order": 1, "settings": {}, **changed})


@pytest.mark.parametrize(("preset", "method"), PAIRS, ids=IDS)
def test_every_method_takes_the_settings_of_its_presets(preset: Preset, method: str) -> None:
    schema = METHODS[method].settings
    settings = schema.model_validate(preset.settings_of(schema))
    for name, value in preset.settings_of(schema).items():
        assert getattr(settings, name) == value
    assert preset.settings_of(schema) == preset.settings, "made for this method, so nothing in it may be lost"


@pytest.mark.parametrize(("preset", "method"), PAIRS, ids=IDS)
def test_a_preset_lists_only_its_differences(preset: Preset, method: str) -> None:
    alike = {n for n, v in preset.settings.items() if METHODS[method].settings.model_fields[n].default == v}
    # One file for several methods may say what is already so for some of them.
    others = [METHODS[name].settings.model_fields for name in preset.methods if name != method]
    assert all(any(fields[name].default != preset.settings[name] for fields in others) for name in alike)


@pytest.mark.parametrize("method", METHODS)
def test_each_method_has_about_four_presets_with_names_of_their_own(method: str) -> None:
    presets = list_presets(method)
    titles = [preset.title for preset in presets]
    assert 4 <= len(presets) <= 5 and len(set(titles)) == len(titles)
    assert titles[0] == "Quick taste"
    assert [preset.name for preset in presets if preset.usual] == [usual_preset(method).name]
    words = [f"{preset.title} {preset.sentence}".lower() for preset in presets]
    assert any("memory" in said for said in words)


def test_every_goal_has_presets() -> None:
    for goal in list_goals():
        assert goal.methods and all(list_presets(method) for method in goal.methods)


def test_every_preset_names_methods_that_exist_and_explains_each_setting() -> None:
    for preset in list_presets():
        assert preset.methods and [find_method(name).name for name in preset.methods] == list(preset.methods)
        text = (PRESETS / "training" / f"{preset.name}.toml").read_text("utf-8")
        below = [line for line in text.split("[rows_read]")[1].splitlines() if line and not line.startswith("[")]
        assert below and all("#" in line for line in below), preset.name


def test_a_preset_of_another_method_is_refused_with_those_that_will_do() -> None:
    with pytest.raises(StudioError, match="not made for “Learn from examples”") as refused:
        find_preset("pretraining", "sft")
    assert "balanced" in refused.value.hint and "pretraining" not in refused.value.hint


def test_a_setting_that_a_method_does_not_have_is_left_out() -> None:
    assert preset(settings={"epochs": 2, "only_elsewhere": 3}).settings_of(METHODS["sft"].settings) == {"epochs": 2}


@pytest.mark.parametrize(("preset", "method"), PAIRS, ids=IDS)
def test_the_steps_follow_the_rows(preset: Preset, method: str) -> None:
    for rows in (1, 10, 100, 1_000, 100_000):
        follows_these(preset, method, rows)


def follows_these(preset: Preset, method: str, rows: int) -> None:
    schema = METHODS[method].settings
    found = preset.fitted(schema, rows=rows)
    settings = schema.model_validate(found.settings)
    read = settings.epochs * rows
    assert preset.rows_read is not None and settings.max_steps is None
    assert read <= preset.rows_read.most * 1.01, "a hundred thousand rows are not read for days"
    assert read >= preset.rows_read.least * 0.99 or settings.epochs == 100, "ten rows leave a trace"
    usual = schema.model_validate(preset.settings_of(schema)).epochs
    assert (found.notes == {}) == (settings.epochs == usual), "what is changed is said"
    if rows == 1_000 and "quick" not in preset.name and preset.name != "own_answers":
        assert settings.epochs == usual, "what the preset says is meant for a usual number of rows"


def test_the_passes_for_few_and_for_many_rows_are_said_with_their_reason() -> None:
    balanced, schema = find_preset("balanced"), METHODS["sft"].settings
    few, many = balanced.fitted(schema, rows=8), balanced.fitted(schema, rows=100_000)
    assert few.settings == {"epochs": 25}
    assert few.notes["epochs"] == (
        "With 8 rows to learn from it is 25 passes in place of 4: in fewer it could hardly learn anything."
    )
    assert many.settings == {"epochs": 0.4}
    assert "With 100,000 rows" in many.notes["epochs"] and "40,000 of them, drawn at random" in many.notes["epochs"]
    assert schema.model_validate(many.settings).steps(100_000) == 10_000
    assert "drawn" not in balanced.fitted(schema, rows=20_000).notes["epochs"]
    assert balanced.fitted(schema, rows=1).settings == {"epochs": 100}


def test_passes_that_a_person_chose_are_left_alone() -> None:
    schema = METHODS["sft"].settings
    for given in ({"epochs": 3}, {"max_steps": 7}):
        assert find_preset("balanced").fitted(schema, rows=8, given=given).notes == {}


@pytest.mark.parametrize(("preset", "method"), PAIRS, ids=IDS)
def test_no_preset_asks_for_more_than_a_model_reads(preset: Preset, method: str) -> None:
    schema = METHODS[method].settings
    ways = [{}, *({"adapt": way} for way in ("prompt", "prefix") if way in schema.applicable)]
    for context, given in itertools.product((96, 256, 512), ways):
        if given and ("adapt" in preset.settings or preset.settings.get("packing")):
            continue  # the preset has another way, and packing is refused with a learned beginning by another rule
        found = preset.fitted(schema, rows=100, context=context, given=given)
        settings = schema.model_validate({**found.settings, **given})
        begun = settings.virtual_tokens if given else 0
        written = settings.answer_length if getattr(settings, "on_policy", 0) else 0
        assert settings.max_length + begun + written <= context
        asked = preset.settings.get("max_length", schema.model_fields["max_length"].default)
        assert ("max_length" in found.notes) == (asked > context - begun - written)
        if method == "rlhf":
            assert settings.answer_tokens < settings.max_length


def test_what_the_model_reads_is_said() -> None:
    schema = METHODS["sft"].settings
    found = find_preset("long_texts").fitted(schema, context=512, given={"adapt": "prompt"})
    assert found.settings["max_length"] == 496
    assert found.notes["max_length"] == (
        "This model reads 512 tokens at once, of which the learned beginning takes 16, so it is 496 and not 2,048."
    )
    kept = find_preset("long_texts").fitted(schema, context=512, given={"max_length": 1024})
    assert kept.settings["max_length"] == 2048 and not kept.notes, "what a person typed is theirs to mend"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("order = ", "Invalid value"),
        ('order = "first"\ntitle = "X"\nsentence = "x"\n[settings]\n', "order"),
        ('order = 1\ntitle = "X"\nsentence = "x"\ncolour = 1\n[settings]\n', "colour"),
        ('order = 1\ntitle = "X"\nsentence = "x"\nmethods = ["magic"]\n[settings]\n', "magic"),
    ],
)
def test_what_is_no_preset_is_refused_with_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises((ValueError, tomllib.TOMLDecodeError), match=said):
        read("x", text)

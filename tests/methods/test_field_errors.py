"""What is wrong with a form is told at its fields, in the words of the engine, and for every limit of every field."""

import math
import typing
from typing import Any

import pytest

from studio.errors import StudioError
from studio.methods import METHODS, Method
from studio.methods.field_errors import field_errors, shown
from studio.methods.fields import default_of, kind_of, limits
from studio.training.recipe import DataPart, MethodPart, Recipe

NEEDED: dict[str, dict[str, Any]] = {  # what a method cannot do without
    "rlhf": {"rules": [{"kind": "length", "min": 4}]},
    "distillation": {"teacher": "smollm2-135m-instruct"},
}
FIELDS = [(method, name) for method in METHODS.values() for name in method.settings.model_fields]
IDS = [f"{method.name}-{name}" for method, name in FIELDS]


def errors(method: Method, context: int = 0, **typed: Any) -> dict[str, str]:
    return field_errors(method, {**NEEDED.get(method.name, {}), **typed}, context, "Tiny")


def said_at_start(method: Method, **typed: Any) -> str:
    """What the engine says of these settings; empty when it takes them."""
    settings = {**NEEDED.get(method.name, {}), **typed}
    recipe = Recipe(data=DataPart(file="x"), method=MethodPart(name=method.name), settings=settings)
    try:
        recipe.checked_settings()
    except StudioError as error:
        return error.text
    return ""


def beyond(kind: Any, name: str, method: Method) -> list[Any]:
    """Values just outside what a field takes, and what is no such value at all."""
    info = method.settings.model_fields[name]
    if kind is bool:
        return ["perhaps", 7]
    if typing.get_origin(kind) is typing.Literal:
        return ["magic", 3, ""]
    if typing.get_origin(kind) is list:
        return [7, "no list", [{"kind": "length", "min": 1}] * 7]
    if kind is str:
        return [7]
    low, high = limits(info)
    assert low is not None and high is not None, "a number on the form has limits"
    opened = {type(limit).__name__ for limit in info.metadata}
    step = 1 if kind is int else 1e-6
    outside = [low if "Gt" in opened else low - step, high if "Lt" in opened else high * 1.001 + step]
    if kind is int:
        outside = [int(low - 1), int(high + 1), low + 0.5]
    return [*outside, "many", math.nan, math.inf, -math.inf]


@pytest.mark.parametrize(("method", "name"), FIELDS, ids=IDS)
def test_each_limit_of_each_field_is_told_at_the_field(method: Method, name: str) -> None:
    info = method.settings.model_fields[name]
    kind, optional = kind_of(info)
    assert errors(method, **{name: default_of(info)}).keys() <= (
        {name} if name in NEEDED.get(method.name, {}) else set()
    )
    for value in [*beyond(kind, name, method), *([] if optional else [None])]:
        found = errors(method, **{name: value})
        assert list(found) == [name], f"{value!r} is told at its field, and nowhere else"
        assert found[name].startswith(f"{info.title}: ") and found[name].endswith(".")
        assert found[name] == said_at_start(method, **{name: value}), "as at the start"
        assert "Input should" not in found[name] and "Value error" not in found[name]
        if kind in (int, float):
            assert all(shown(limit) in found[name] for limit in limits(info)), "it says what is allowed"
            assert value is not None or "is empty" in found[name]


@pytest.mark.parametrize(("method", "name"), FIELDS, ids=IDS)
def test_the_limits_themselves_are_taken(method: Method, name: str) -> None:
    info = method.settings.model_fields[name]
    kind, optional = kind_of(info)
    if kind not in (int, float):
        assert not said_at_start(method, **{name: default_of(info)}) or name in NEEDED.get(method.name, {})
        return
    low, high = limits(info)
    opened = {type(limit).__name__ for limit in info.metadata}
    inside = ([] if "Gt" in opened else [low]) + ([] if "Lt" in opened else [high]) + ([None] if optional else [])
    for value in inside:
        assert "it takes" not in errors(method, **{name: value}).get(name, "")


TOGETHER: list[tuple[str, dict[str, Any], str, str]] = [
    ("sft", {"adapt": "full", "weights": "4bit"}, "weights", "cannot be trained themselves"),
    ("sft", {"weights": "8bit", "init": "pissa"}, "init", "as they are, not packed"),
    ("sft", {"dora": True, "init": "olora"}, "init", "has to start from nothing"),
    ("sft", {"dora": True, "weights": "8bit"}, "dora", "cannot read 8-bit"),
    ("sft", {"packing": True, "adapt": "prompt"}, "packing", "cannot each have a learned beginning"),
    ("classification", {"adapt": "prompt"}, "adapt", "Choose “A thin layer everywhere (LoRA)” (lora) or"),
    ("kto", {"accumulation": 8}, "accumulation", "at least 2 examples in every bite"),
    ("rlhf", {"rules": []}, "rules", "no reward yet"),
    ("rlhf", {"answer_tokens": 512}, "answer_tokens", "leaves no room for the question"),
    ("distillation", {"teacher": ""}, "teacher", "No teacher is chosen"),
    ("distillation", {"teacher_run": "some-run"}, "teacher_run", "Two teachers"),
]


@pytest.mark.parametrize(("name", "typed", "field", "words"), TOGETHER)
def test_what_does_not_go_together_is_told_at_the_field_to_change(
    name: str, typed: dict[str, Any], field: str, words: str
) -> None:
    found = errors(METHODS[name], **typed)
    assert list(found) == [field] and words in found[field]
    assert said_at_start(METHODS[name], **typed) in ("", found[field])


@pytest.mark.parametrize("method", METHODS.values(), ids=list(METHODS))
def test_bites_that_do_not_divide_a_step_are_told(method: Method) -> None:
    found = errors(method, batch_size=6, accumulation=4)
    assert "accumulation" in found


@pytest.mark.parametrize("method", METHODS.values(), ids=list(METHODS))
def test_a_context_longer_than_the_models_is_told_with_what_will_do(method: Method) -> None:
    found = errors(method, 300, max_length=301)
    assert list(found) == ["max_length"]
    assert "Tiny can read 300 tokens" in found["max_length"] and "to 300 or less" in found["max_length"]
    assert errors(method, 300, max_length=300) == {}
    if "prefix" in method.settings.applicable:
        begun = errors(method, 300, max_length=300, adapt="prefix", virtual_tokens=20)
        assert "with 20 more" in begun["max_length"] and "to 280 or less" in begun["max_length"]


def test_all_that_is_wrong_is_told_at_once() -> None:
    typed = {"epochs": 0, "learning_rate": 1, "batch_size": None, "adapt": "full", "weights": "4bit", "max_length": 900}
    found = errors(METHODS["sft"], 512, **typed)
    assert set(found) == {"epochs", "learning_rate", "batch_size", "weights", "max_length"}
    assert found["learning_rate"] == (
        "Size of each correction (learning rate): it is 1, and it takes a number above 0 and at most 0.1. "
        "Change it, or leave it empty."
    )
    assert found["epochs"] == (
        "Passes over the examples (epochs): it is 0, and it takes a number above 0 and at most 100 passes. "
        "The usual value is 4."
    )


def test_a_rule_that_is_wrong_is_told_by_its_number() -> None:
    rules = [{"kind": "length", "min": 3}, {"kind": "contains"}]
    found = errors(METHODS["rlhf"], rules=rules)
    assert found == {
        "rules": "Rules that earn points: number 2 should be given the words to look for, in “value”. "
        "Change it, or take it out."
    }


def test_numbers_typed_as_text_are_numbers() -> None:
    assert errors(METHODS["sft"], epochs="3", rank="8", learning_rate="1e-4") == {}


def test_an_unknown_setting_is_told() -> None:
    assert "“rnak”" in errors(METHODS["sft"], rnak=3)["rnak"]

"""Every field says what it is: title, unit, range, default and what changing it does; few are shown at first."""

import typing

import pytest

from studio.methods import METHODS, Method
from studio.methods.field_errors import allowed
from studio.methods.fields import applying, default_of, extra, kind_of, limits

FIELDS = [(method, name) for method in METHODS.values() for name in method.settings.model_fields]
IDS = [f"{method.name}-{name}" for method, name in FIELDS]
PURE = {
    "learning_rate",
    "rank",
    "alpha",
    "beta",
    "centre",
    "temperature",
    "seed",
}  # numbers without a unit
MOST = 6  # fields outside Advanced


@pytest.mark.parametrize(("method", "name"), FIELDS, ids=IDS)
def test_a_field_says_what_it_is(method: Method, name: str) -> None:
    info = method.settings.model_fields[name]
    kind, optional = kind_of(info)
    assert info.title and not info.title.endswith(".")
    assert info.description and not info.description[0].islower() and info.description.endswith(".")
    assert len(info.description.split()) >= 5, "a sentence of what it does"
    assert not info.is_required(), "it has a default"
    assert default_of(info) is not None or optional
    told = extra(info)
    assert set(told) == {"unit", "advanced", "when", "words"}, "declared with unit()"
    if kind in (int, float):
        low, high = limits(info)
        assert low is not None and high is not None and low < high
        assert bool(told["unit"]) != (name in PURE)
        if default_of(info) is not None:
            assert low <= default_of(info) <= high
        assert str(told["unit"]) in allowed(info)
    if typing.get_origin(kind) is typing.Literal:
        values = typing.get_args(kind)
        assert set(told["words"]) == set(values) and default_of(info) in values
    for other, values in told["when"].items():
        decisive = method.settings.model_fields[other]
        if kind_of(decisive)[0] is int:
            low, high = limits(decisive)
            assert low is not None and high is not None and all(low <= value <= high for value in values)
        else:
            assert set(values) <= set(typing.get_args(kind_of(decisive)[0]))


@pytest.mark.parametrize("method", METHODS.values(), ids=list(METHODS))
def test_few_fields_are_shown_before_advanced_is_opened(method: Method) -> None:
    fields = method.settings.model_fields
    for way in method.settings.applicable:
        simple = [name for name in applying(method.settings, {"adapt": way}) if not extra(fields[name])["advanced"]]
        assert len(simple) <= MOST, simple
        assert {"epochs", "learning_rate", "max_length", "adapt"} <= set(simple)


@pytest.mark.parametrize("method", METHODS.values(), ids=list(METHODS))
def test_no_two_fields_have_one_title(method: Method) -> None:
    titles = [info.title for info in method.settings.model_fields.values()]
    assert len(set(titles)) == len(titles)

"""The rows of what a search tries, and what comes back from them."""

import json

import pytest

from components.search_fields import asked, begun, offered, ranges, read, rows
from studio.errors import StudioError
from studio.methods import METHODS, find_method
from studio.search.checks import wrong
from studio.search.space import Range

METHOD = find_method("sft")
FORM = {
    "search_over": ["learning_rate"],
    "search_ranges": json.dumps(
        {"rows": [{"name": "learning_rate", "low": 1e-4, "high": 1e-3, "log": True, "points": 3}]}
    ),
    "search_way": "tpe",
    "search_pruning": "asha",
    "search_runs": 12,
    "search_minutes": None,
    "search_steps": 0,
}


def test_the_learning_rate_is_offered_first() -> None:
    assert offered(METHOD, {})[0] == ("Size of each correction (learning rate)", "learning_rate")


def test_a_row_begins_around_the_present_value_or_with_every_choice() -> None:
    rate = begun(METHOD, "learning_rate", 2e-4)
    assert (rate["low"], rate["high"], rate["log"]) == (5e-5, 8e-4, True)
    assert all(ticked for _, _, ticked in begun(METHOD, "adapt", "lora")["options"])
    assert begun(METHOD, "packing", False)["options"] == [["on", True, True], ["off", False, True]]


def test_what_was_typed_stays_when_another_setting_is_added() -> None:
    first = rows(METHOD, {"learning_rate": 2e-4}, ["learning_rate"], False, "")
    typed = json.loads(first)
    typed["rows"][0]["low"] = 3e-5
    both = json.loads(rows(METHOD, {"batch_size": 4}, ["learning_rate", "batch_size"], True, json.dumps(typed)))
    assert both["grid"] is True
    assert [row["low"] for row in both["rows"]] == [3e-5, 1.0]


def test_too_many_settings_are_refused_and_none_is_dropped() -> None:
    now = {"learning_rate": 2e-4, "batch_size": 4, "epochs": 4, "warmup": 0.1, "rank": 16, "alpha": 32, "seed": 42}
    form = FORM | {"search_over": list(now), "search_ranges": rows(METHOD, now, list(now), False, "")}
    search = asked(form)
    assert list(search.over) == list(now)
    assert "at most 6 settings" in wrong(search, METHOD, {})["over"].text


@pytest.mark.parametrize("value", ["", "no json", "[]", '{"rows": 5}', '{"rows": [1, {"x": 2}]}'])
def test_a_damaged_value_is_empty(value: str) -> None:
    assert read(value) == []


def test_the_form_becomes_a_search() -> None:
    search = asked(FORM)
    assert search.over == {"learning_rate": Range(low=1e-4, high=1e-3, log=True)}
    assert (search.runs, search.minutes, search.steps) == (12, None, None)
    assert asked(FORM | {"search_way": "grid"}).runs is None  # it has as many as it has
    ticked = {"rows": [{"name": "adapt", "options": [["LoRA", "lora", True], ["All", "full", False]]}]}
    assert ranges(json.dumps(ticked), ["adapt"]) == {"adapt": Range(values=["lora"])}
    assert ranges(json.dumps(ticked), []) == {}  # it was taken out


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"search_runs": -1}, "runs", "1 to 500 runs"),
        ({"search_runs": 1.5}, "runs", "1 to 500 runs"),
        ({"search_minutes": 1e9}, "minutes", "at most 10,080 minutes"),
        ({"search_steps": -3}, "steps", "whole number of steps"),
        ({"search_ranges": '{"rows": [{"name": "learning_rate", "low": 1}]}'}, "learning_rate", "not whole"),
        ({"search_ranges": '{"rows": [{"name": "learning_rate", "options": 1}]}'}, "learning_rate", "not whole"),
    ],
)
def test_a_number_that_will_not_do_is_refused_at_its_field(typed: dict[str, object], field: str, words: str) -> None:
    with pytest.raises(StudioError) as error:
        asked(FORM | typed)
    assert error.value.field == field
    assert words in error.value.text


def test_every_method_offers_something() -> None:
    for method in METHODS.values():
        names = [name for _, name in offered(method, {})]
        assert "learning_rate" in names
        for name in names:
            json.dumps(begun(method, name, 4))

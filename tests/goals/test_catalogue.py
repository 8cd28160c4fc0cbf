"""The shipped goals fit the methods, models and kinds of rows that there are."""

import pytest

from studio.datasets.rows import KINDS
from studio.errors import StudioError
from studio.goals.catalogue import find_goal, goal_of, goals_for, list_goals
from studio.methods import METHODS
from studio.models.family import FAMILIES

NINE = ["answer", "sort", "number", "documents", "prefer", "teacher", "reward", "transform", "pictures"]


def test_there_are_nine_and_they_stand_in_order() -> None:
    assert [goal.name for goal in list_goals()] == NINE


@pytest.mark.parametrize("name", NINE)
def test_a_goal_names_only_what_there_is(name: str) -> None:
    goal = find_goal(name)
    assert set(goal.kinds) <= KINDS.keys() and set(goal.methods) <= METHODS.keys()
    assert set(goal.families) <= FAMILIES.keys() and set(goal.forms) <= {"instruct", "base"}
    assert goal.fewest > 0 and len(goal.instead) > 40


@pytest.mark.parametrize("name", NINE)
def test_every_kind_of_rows_has_a_method_and_every_method_rows_and_a_model(name: str) -> None:
    goal = find_goal(name)
    assert all(goal.suiting(kind) for kind in goal.kinds)
    for method in goal.methods:
        assert set(METHODS[method].kinds) & set(goal.kinds)
        assert set(METHODS[method].families) & set(goal.families)
    assert {family for method in goal.methods for family in METHODS[method].families} >= set(goal.families)


@pytest.mark.parametrize("name", NINE)
def test_what_success_is_can_be_measured_by_each_of_its_methods(name: str) -> None:
    goal = find_goal(name)
    for method in goal.methods:
        assert goal.successes(method), method
    measured = {one for method in goal.methods for one in goal.successes(method)}
    assert measured == set(goal.success)
    assert all(one.title and (one.value is not None) == (one.against == "value") for one in goal.success)


def test_every_method_serves_a_goal_and_every_kind_of_rows_too() -> None:
    assert {method for goal in list_goals() for method in goal.methods} == METHODS.keys()
    assert all(goals_for(kind) for kind in KINDS)


def test_a_method_is_mostly_chosen_for_one_goal() -> None:
    assert [goal_of(*pair).name for pair in (("sft", "chat"), ("reward", "preference"), ("kto", "feedback"))] == [
        "answer", "reward", "prefer"]  # fmt: skip
    assert goal_of("vision", "chat") is None


def test_a_goal_that_is_not_there_is_named() -> None:
    with pytest.raises(StudioError, match="no goal called “fly”") as caught:
        find_goal("fly")
    assert "answer" in caught.value.hint

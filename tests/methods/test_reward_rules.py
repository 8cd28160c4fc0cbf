"""Rules give points between 0 and 1; broken ones are refused in words, and those that give everything the same."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from pydantic import ValidationError

from studio.errors import StudioError
from studio.methods.reward_rules import SAMPLES, Rule, check_rules, in_words, points, rules_from, total

LONG = "one two three four five six seven eight"


def rule(kind: str, **more: Any) -> Rule:
    return Rule.model_validate({"kind": kind, **more})


@pytest.mark.parametrize(
    ("kind", "more", "text", "expected"),
    [
        ("json", {}, '{"a": [1, null]}', 1),
        ("json", {}, " [1]\n", 1),
        ("json", {}, "7", 0),  # a bare number or word is no answer that a program could use
        ("json", {}, 'Here it is: {"a": 1}', 0),
        ("json", {}, '{"a": NaN}', 0),
        ("json", {}, "[" * 100_000, 0),
        ("json", {"negate": True}, "no", 1),
        ("length", {"max": 8}, LONG, 1),
        ("length", {"max": 4}, LONG, 0.5),
        ("length", {"min": 16}, LONG, 0.5),
        ("length", {"min": 2, "max": 8}, LONG, 1),
        ("length", {"min": 2}, "", 0),
        ("length", {"max": 4, "negate": True}, LONG, 0.5),
        ("contains", {"value": "THREE"}, LONG, 1),
        ("contains", {"value": "hre"}, LONG, 0),
        ("contains", {"value": "two three, nine"}, LONG, 0.5),
        ("contains", {"value": "two\nnine\nten\neight"}, LONG, 0.5),
        ("contains", {"value": "a+b"}, "so a+b it is", 1),
        ("contains", {"value": "two  three"}, "two\nthree", 1),
        ("contains", {"value": "sorry", "negate": True}, LONG, 1),
        ("regex", {"value": "^one"}, LONG, 1),
        ("regex", {"value": "^two"}, LONG, 0),
        ("regex", {"value": r"\d{4}", "negate": True}, LONG, 1),
        ("regex", {"value": "(?i)EIGHT$"}, LONG, 1),
    ],
)
def test_points(kind: str, more: dict[str, Any], text: str, expected: float) -> None:
    assert points(rule(kind, **more), text) == pytest.approx(expected)


OF_EACH_KIND = (
    rule("json"),
    rule("length", min=3, max=5),
    rule("contains", value="a, b", negate=True),
    rule("regex", value="[aeiou]+$"),
)


@settings(deadline=None)
@given(some.text(max_size=200))
def test_points_are_between_0_and_1_for_any_text(text: str) -> None:
    for one in OF_EACH_KIND:
        assert 0 <= points(one, text) <= 1


def test_the_total_is_the_mean_by_weight() -> None:
    rules = [rule("length", max=4, weight=3), rule("regex", value="one"), rule("json", negate=True)]
    assert total(rules, LONG) == pytest.approx((3 * 0.5 + 1 + 1) / 5)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"kind": "regex", "value": "("}, "valid regular expression: missing"),
        ({"kind": "regex"}, "given a pattern"),
        ({"kind": "regex", "value": "(a+)+$"}, "round in circles"),
        ({"kind": "regex", "value": "(?:refund|refund)*$"}, "round in circles"),
        ({"kind": "regex", "value": "(?:a{1000}){1000}"}, "counts to 1,000,000"),
        ({"kind": "contains"}, "given the words"),
        ({"kind": "contains", "value": " , "}, "given the words"),
        ({"kind": "length"}, "fewest or the most"),
        ({"kind": "length", "min": 9, "max": 3}, "not 9 and 3"),
        ({"kind": "json", "value": "x"}, "without a value"),
        ({"kind": "json", "max": 3}, "without min and max"),
        ({"kind": "poem"}, "json"),
        ({"kind": "json", "weight": 0}, "greater than 0"),
        ({"kind": "json", "wieght": 2}, "not permitted"),
    ],
)
def test_a_broken_rule_is_refused_in_words(broken: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Rule.model_validate(broken)


def test_a_pattern_that_takes_too_long_on_an_answer_earns_nothing() -> None:
    one = Rule.model_construct(kind="regex", value="(x+)+$", negate=True, weight=1.0, min=None, max=None)
    assert points(one, "x" * 5000 + "!") == 0


def test_rules_may_come_as_json_text() -> None:
    assert rules_from('[{"kind": "json"}]') == [{"kind": "json"}]
    assert rules_from("  ") == []
    assert rules_from([1]) == [1]
    for wrong in ("{}", "length 5", "[" * 100_000, '{"kind": "json"}'):
        with pytest.raises(ValueError, match="a list of rules as JSON"):
            rules_from(wrong)


def test_every_kind_has_spread_over_the_samples() -> None:
    for one in (rule("json"), rule("length", max=10), rule("length", min=3), rule("regex", value="[0-9]")):
        check_rules([one], [])
    check_rules([rule("contains", value="a word that no sample has")], ["Nor has this answer."])


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ([rule("length", max=100_000)], "has at most 100,000 words”) gives 1.00 to every text"),
        ([rule("json"), rule("regex", value=".*")], "Rule 2"),
        ([rule("regex", value="Q7x#")], "gives 0.00"),
        ([rule("json"), rule("json", negate=True)], "cancel each other out"),
    ],
)
def test_a_reward_that_is_always_the_same_is_refused(rules: list[Rule], said: str) -> None:
    with pytest.raises(StudioError, match=said.replace("(", r"\(").replace(")", r"\)")):
        check_rules(rules, ["Your cup is on its way.", "We are sorry."])


def test_an_answer_of_the_file_can_be_what_makes_the_difference() -> None:
    check_rules([rule("regex", value="Q7x#")], ["It is Q7x#."])


def test_rules_speak() -> None:
    assert in_words(rule("length", min=3, max=9)) == "has 3 to 9 words"
    assert in_words(rule("contains", value="a, b", negate=True)) == "does not contain “a”, “b”"
    assert json.loads(rule("json").model_dump_json())["weight"] == 1.0
    assert "" in SAMPLES

"""A run is held to what the person said success is."""

import pytest
from pydantic import ValidationError

from studio.goals.success import Success, outcome

RESULT = {
    "test_rows": 20,
    "test_loss_before": 3.0,
    "test_loss_after": 1.5,
    "test": [{"name": "accuracy", "before": 0.1, "after": 0.9}, {"name": "perplexity", "before": 20.0, "after": 4.5}],
    "few_shot": {"shots": 3, "rows": 20, "fewer": 0, "base": 3.0, "loss": 2.0, "tuned": 1.6},
}


@pytest.mark.parametrize(("value", "reached"), [(0.8, True), (0.9, True), (0.91, False)])
def test_a_value_that_should_be_high(value: float, reached: bool) -> None:
    found = outcome(Success(metric="accuracy", value=value), "classification", RESULT)
    assert found.reached is reached
    assert found.sentence == f"Accuracy on rows it never saw: 0.9 (asked for: at least {value:g})."


@pytest.mark.parametrize(("value", "reached"), [(5.0, True), (4.0, False)])
def test_a_value_that_should_be_low(value: float, reached: bool) -> None:
    assert outcome(Success(metric="perplexity", value=value), "sft", RESULT).reached is reached


def test_better_than_before_means_better_and_not_the_same() -> None:
    asked = Success(metric="loss", against="untrained")
    assert outcome(asked, "sft", RESULT).reached is True
    assert outcome(asked, "sft", RESULT | {"test_loss_after": 3.0}).reached is False
    assert "before: 3" in outcome(asked, "sft", RESULT).sentence


def test_better_than_a_prompt_with_examples() -> None:
    asked = Success(metric="loss", against="examples")
    assert outcome(asked, "sft", RESULT).reached is True
    worse = RESULT | {"few_shot": {**RESULT["few_shot"], "tuned": 2.4}}
    found = outcome(asked, "sft", worse)
    assert found.reached is False and "with 3 examples in its prompt: 2" in found.sentence


def test_what_was_not_measured_is_neither_reached_nor_missed() -> None:
    for asked in (Success(metric="loss", against="examples"), Success(metric="accuracy", value=0.5)):
        found = outcome(asked, "classification", {"test_rows": 0})
        assert found.reached is None and "nobody can say" in found.sentence
    before = {"test": [{"name": "accuracy", "before": None, "after": 0.9}]}
    found = outcome(Success(metric="accuracy", against="untrained"), "classification", before)
    assert found.reached is None and "no figure from before" in found.sentence


def test_a_word_that_is_no_field_is_refused() -> None:
    with pytest.raises(ValidationError):
        Success.model_validate({"metric": "loss", "against": "yesterday"})

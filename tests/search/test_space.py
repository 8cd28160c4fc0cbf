"""What can be searched, and what is said of ranges that cannot."""

import pytest

from studio.errors import StudioError
from studio.methods import find_method
from studio.search.checks import check_search, searchable, wrong
from studio.search.space import Range, Search, grid, points, proposed

METHOD = find_method("sft")
SCHEMA = METHOD.settings
RATE = Range(low=1e-5, high=1e-2, log=True)


def refused(**over: Range) -> StudioError:
    with pytest.raises(StudioError) as error:
        check_search(Search(over=over, runs=5), METHOD, {})
    return error.value


def test_a_grid_of_three_by_four_is_twelve_runs() -> None:
    over = {"learning_rate": Range(low=1e-4, high=1e-2, log=True, points=3), "batch_size": Range(values=[1, 2, 4, 8])}
    combinations = grid(Search(over=over, way="grid"), SCHEMA)
    assert len(combinations) == len({tuple(one.items()) for one in combinations}) == 12
    assert combinations[0] == {"learning_rate": 1e-4, "batch_size": 1}
    assert combinations[-1] == {"learning_rate": 1e-2, "batch_size": 8}


def test_points_are_spread_by_ratio_or_by_difference() -> None:
    assert points(Range(low=1e-4, high=1e-2, log=True, points=3), False) == pytest.approx([1e-4, 1e-3, 1e-2])
    assert points(Range(low=0, high=1, points=3), False) == [0, 0.5, 1]
    assert points(Range(low=1, high=3, points=5), True) == [1, 2, 3]  # whole numbers, each once


@pytest.mark.parametrize(
    ("field", "wanted", "words"),
    [
        ("learning_rate", Range(), "empty"),
        ("learning_rate", Range(low=1e-3), "empty"),
        ("learning_rate", Range(low=1e-2, high=1e-4), "reversed"),
        ("learning_rate", Range(low=1e-3, high=1e-3), "holds only"),
        ("learning_rate", Range(low=0, high=1e-3, log=True), "above 0"),
        ("learning_rate", Range(low=1e-3, high=5), "0.1"),
        ("batch_size", Range(low=1.5, high=4), "whole number"),
        ("batch_size", Range(values=[4]), "only one value"),
        ("batch_size", Range(values=[4, "many"]), "whole number"),
        ("adapt", Range(low=0, high=1), "no number"),
        ("learning_rate", Range(low=1e-4, high=1e-2, points=1), "2 to 50"),
        ("keep_by", Range(values=["own", "loss"]), "compared"),
        ("max_steps", Range(low=5, high=50), "together"),
        ("quantization_none", Range(low=0.1, high=0.5), "Its own are"),
        ("beta", Range(low=0.1, high=0.5), "no setting"),
    ],
)
def test_a_range_that_will_not_do_is_refused_at_its_field(field: str, wanted: Range, words: str) -> None:
    error = refused(**{field: wanted})
    assert error.field == field
    assert words in error.text


def test_nothing_to_search_and_no_end_are_refused() -> None:
    assert refused().field == "over"
    with pytest.raises(StudioError, match="never end") as error:
        check_search(Search(over={"learning_rate": RATE}), METHOD, {})
    assert error.value.field == "runs"
    check_search(Search(over={"learning_rate": RATE}, runs=None, minutes=5), METHOD, {})
    check_search(Search(over={"learning_rate": RATE}, runs=None, way="grid"), METHOD, {})


def test_each_field_that_is_wrong_is_told_of() -> None:
    over = {"learning_rate": Range(low=1e-2, high=1e-4), "batch_size": Range()}
    assert set(wrong(Search(over=over), METHOD, {})) == {"learning_rate", "batch_size"}


def test_what_would_change_nothing_is_refused() -> None:
    epochs = {"epochs": Range(low=1, high=4)}
    assert "would change nothing" in wrong(Search(over=epochs, runs=4, steps=20), METHOD, {})["epochs"].text
    assert "would change nothing" in wrong(Search(over=epochs, runs=4), METHOD, {"max_steps": 20})["epochs"].text
    assert wrong(Search(over=epochs, runs=4), METHOD, {}) == {}
    rank = {"rank": Range(low=4, high=64)}
    assert "does not count while" in wrong(Search(over=rank, runs=4), METHOD, {"adapt": "full"})["rank"].text
    both = rank | {"adapt": Range(values=["full", "lora"])}
    assert wrong(Search(over=both, runs=4), METHOD, {"adapt": "full"}) == {}


def test_too_large_a_grid_and_too_few_checks_are_refused() -> None:
    fine = Range(low=1e-5, high=1e-2, log=True, points=50)
    grown = {"learning_rate": fine, "warmup": Range(low=0, high=0.5, points=50)}
    assert "2,500 combinations" in wrong(Search(over=grown, way="grid"), METHOD, {})["way"].text
    seldom = {"checks": 2}
    assert "looked at too seldom" in wrong(Search(over={"learning_rate": RATE}, runs=4), METHOD, seldom)["pruning"].text
    assert wrong(Search(over={"learning_rate": RATE}, runs=4, pruning="none"), METHOD, seldom) == {}


def test_only_what_counts_now_is_offered() -> None:
    lora, full = (searchable(METHOD, {"adapt": adapt}) for adapt in ("lora", "full"))
    assert {"learning_rate", "rank", "adapt", "batch_size"} <= set(lora)
    assert "rank" not in full
    assert not {"keep_by", "max_steps", "devices"} & set(lora)


def test_a_range_is_proposed_around_the_present_value() -> None:
    fields = SCHEMA.model_fields
    assert proposed(fields["learning_rate"], 2e-4) == Range(low=5e-5, high=8e-4, log=True)
    assert proposed(fields["learning_rate"], None) is None
    assert proposed(fields["batch_size"], 2) == Range(low=1, high=8, log=True)

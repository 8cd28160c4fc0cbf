"""The learning rate of an empty field."""

import pytest

from studio.methods import find_method
from studio.methods.rates import HIGHEST, LOWEST, lora_rate, suiting


@pytest.mark.parametrize(
    ("hidden", "rate"), [(64, 5e-4), (576, 5e-4), (2000, 5e-4), (3584, 3.17e-4), (4096, 2.86e-4), (8192, 1.66e-4)]
)
def test_lora_learns_more_gently_the_larger_the_model(hidden: int, rate: float) -> None:
    assert suiting("lora", 1.0, hidden) == pytest.approx(rate, rel=0.01)


def test_no_size_leaves_the_bounds() -> None:
    rates = [lora_rate(hidden) for hidden in (1, 500, 2001, 5000, 100_000)]
    assert rates == sorted(rates, reverse=True) and rates[0] <= HIGHEST and rates[-1] == LOWEST


def test_of_an_unknown_size_it_is_the_cautious_one() -> None:
    assert suiting("lora") == 2e-4


def test_only_where_it_was_measured_the_size_counts() -> None:
    sft, dpo = (find_method(name).settings for name in ("sft", "dpo"))
    assert sft.rate_for("lora", 4096) == 2.86e-4 and sft.rate_for("full", 4096) == 2e-5
    assert dpo.rate_for("lora", 4096) == dpo.rate_for("lora") == 1e-4

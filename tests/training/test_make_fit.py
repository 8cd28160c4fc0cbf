"""“Make it fit”: the gentlest changes come first, none is made in vain, and each says what it costs."""

import pytest

from studio.errors import StudioError
from studio.methods import find_method
from studio.methods.adapt_settings import AdaptSettings
from studio.models.memory import Parts
from studio.training.make_fit import make_fit

SIZES = {"large": 14.0, "medium": 6.0, "small": 1.0}
PACKED = {"full": 1.0, "8bit": 0.5, "4bit": 0.3}


def needs(settings: AdaptSettings, model: str) -> Parts:
    """A rule of thumb in place of the estimate: every setting has its share."""
    weights = SIZES[model] * PACKED[settings.weights]
    trained = weights if settings.adapt == "full" else 0.01 * settings.rank
    rows = settings.batch_size // settings.accumulation
    activations = rows * settings.max_length / 512 * (0.3 if settings.checkpointing else 2.0)
    return Parts(weights, trained, trained, 2 * trained, activations, 0.0, 1.0)


def settings(method: str = "sft", **values: object) -> AdaptSettings:
    return find_method(method).settings.model_validate({"max_length": 512, **values})


def test_what_fits_stays_as_it_is() -> None:
    plan = make_fit(settings(), 30.0, needs, "large")
    assert plan.fits and plan.changes == () and "fits as it is" in plan.sentence


def test_bites_come_first_and_keep_the_examples_per_step() -> None:
    plan = make_fit(settings(batch_size=8), 26.0, needs, "large")
    assert plan.fits and [change.values for change in plan.changes] == [{"accumulation": 2}]
    assert plan.settings.batch_size == 8 and plan.needed <= 26.0
    assert "4 examples at a time, 2 times per step" in plan.changes[0].sentence
    assert "one thing" in plan.sentence and plan.changes[0].cost


def test_what_a_heavier_change_makes_needless_is_taken_back() -> None:
    plan = make_fit(settings(batch_size=4), 14.0, needs, "large")
    assert plan.fits
    made = {name for change in plan.changes for name in change.values}
    assert "weights" in made
    for left_out in range(len(plan.changes)):
        values = settings(batch_size=4).model_dump()
        for place, change in enumerate(plan.changes):
            values |= change.values if place != left_out else {}
        assert needs(type(plan.settings).model_validate(values), "large").total > 14.0


def test_rows_are_cut_early_only_where_that_costs_next_to_nothing() -> None:
    def short(length: int) -> float:
        return 0.0 if length >= 128 else 0.5

    def long(length: int) -> float:
        return 0.6

    gentle = make_fit(settings(batch_size=1), 15.75, needs, "large", cut=short)
    assert {name for change in gentle.changes for name in change.values} <= {"max_length", "checkpointing"}
    hard = make_fit(settings(batch_size=1), 15.45, needs, "large", cut=long)
    assert "max_length" not in {name for change in hard.changes for name in change.values}
    last = make_fit(settings(batch_size=1, rank=4, alpha=8), 5.45, needs, "large", cut=long)
    assert any("60% of the rows are cut" in change.cost for change in last.changes)


def test_training_the_whole_model_becomes_an_adapter_before_the_model_is_packed() -> None:
    plan = make_fit(settings(adapt="full"), 17.0, needs, "large")
    assert plan.fits and plan.settings.adapt == "lora" and plan.settings.weights == "full"
    assert plan.settings.learning_rate == pytest.approx(2e-4)  # the rate of full fine-tuning would teach it nothing


def test_a_smaller_adapter_is_as_strong_as_before() -> None:
    plan = make_fit(settings(batch_size=1, rank=256, alpha=512), 6.7, needs, "large")
    assert plan.fits and plan.settings.rank < 256
    assert plan.settings.alpha == 2 * plan.settings.rank


def test_another_model_comes_last() -> None:
    plan = make_fit(settings(batch_size=1), 3.5, needs, "large", [("medium", "Medium 6B"), ("small", "Small 1B")])
    assert plan.fits and plan.model == "medium"
    assert any("Medium 6B takes the place" in change.sentence for change in plan.changes)


def test_it_says_so_when_nothing_helps() -> None:
    plan = make_fit(settings(), 0.5, needs, "large", [("small", "Small 1B")])
    assert not plan.fits and "Nothing helps enough" in plan.sentence and "0.50 GB" in plan.sentence


def test_changes_that_contradict_the_rest_are_passed_over() -> None:
    pissa = make_fit(settings(init="pissa", batch_size=1), 8.0, needs, "large")
    assert not pissa.fits and pissa.settings.weights == "full"
    prefix = make_fit(settings(adapt="prefix", batch_size=1), 6.0, needs, "large")
    assert not prefix.settings.checkpointing and prefix.settings.weights == "4bit"
    thumbs = make_fit(settings("kto", batch_size=8), 17.5, needs, "large")
    assert thumbs.settings.batch_size // thumbs.settings.accumulation >= 2


def test_what_cannot_be_told_is_no_way_out() -> None:
    def unknown(chosen: AdaptSettings, model: str) -> Parts:
        if chosen.accumulation > 1:
            raise StudioError("Not known.", "")
        return needs(chosen, model)

    assert make_fit(settings(batch_size=8), 26.0, unknown, "large").settings.accumulation == 1


def test_each_change_says_what_is_needed_with_it() -> None:
    plan = make_fit(settings(batch_size=4, max_length=2048), 7.0, needs, "large")
    wanted = [change.needed for change in plan.changes]
    assert wanted == sorted(wanted, reverse=True) and wanted[-1] == pytest.approx(plan.needed)

"""What is asked of the estimator, and when: only for the tab in view, and only where the weights alone might fit."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from components import draft, fit_view
from components.sizing import Sizes, checked, cut_by
from studio.datasets.xray import Lengths
from studio.methods import find_method
from studio.models.catalogue import find_model
from studio.models.hardware import Hardware
from studio.models.memory import Parts
from studio.workspace import Workspace
from tests.conftest import wait_until

SFT = find_method("sft")


@pytest.fixture
def sizes(workspace: Workspace) -> Iterator[Sizes]:
    """With 16 GiB free, and an estimator that answers nothing by itself."""
    made = Sizes(workspace)
    made.hardware = lambda: Hardware(2, 24.0, 16.0, None)  # type: ignore[method-assign]
    made.estimator.ask_all = lambda questions: iter(())  # type: ignore[method-assign]
    yield made
    made.close()


def test_nothing_is_worked_out_for_a_tab_that_is_not_in_view(sizes: Sizes) -> None:
    model, settings = find_model(sizes.workspace, "gpt2"), checked(SFT, {})
    asked: list[object] = []
    sizes.estimator.ask_all = lambda questions: iter(asked.extend(questions) or ())  # type: ignore[method-assign]
    draft.remember(sizes.workspace, tab="data")
    assert settings and sizes.fit("model", model, SFT, settings) is None and not sizes.wanted and not asked
    draft.remember(sizes.workspace, tab="model")
    assert sizes.fit("model", model, SFT, settings) is None
    assert sizes.wanted or asked


def test_weights_that_do_not_fit_need_no_estimate(sizes: Sizes) -> None:
    draft.remember(sizes.workspace, tab="model")
    settings = checked(SFT, {})
    assert settings
    found = sizes.fit("model", find_model(sizes.workspace, "phi-4"), SFT, settings)
    assert found and found.verdict == "too big" and not sizes.wanted


def test_a_known_answer_is_judged_at_once(sizes: Sizes) -> None:
    model, settings = find_model(sizes.workspace, "gpt2"), checked(SFT, {})
    assert settings
    parts = Parts(1.0, 0.1, 0.1, 0.2, 1.0, 0.5, 1.0)
    sizes.estimator.answers[sizes.question(model, SFT, settings).key] = parts
    found = sizes.fit("model", model, SFT, settings)
    assert found and found.verdict == "fits well" and found.needed == pytest.approx(parts.total)
    large = replace(parts, activations=14.0)
    sizes.estimator.answers[sizes.question(model, SFT, settings).key] = large
    tight = sizes.fit("model", model, SFT, settings)
    assert tight and tight.verdict == "too big"


def test_settings_that_will_not_do_are_none() -> None:
    assert checked(SFT, {"epochs": 0}) is None
    found = checked(SFT, {"epochs": 2, "beta": 0.3})  # beta belongs to another method
    assert found and found.epochs == 2


def test_the_histogram_says_what_share_is_longer() -> None:
    lengths = Lengths(10, 10, 100, 100, 200, 20, 0, [(50, 6), (100, 3), (200, 1)])
    assert [cut_by(lengths)(tokens) for tokens in (50, 100, 200)] == [0.4, 0.1, 0.0]


def test_a_reckoning_that_fails_is_not_called_under_way_for_ever(sizes: Sizes, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(questions: object) -> None:
        raise KeyError("place")

    monkeypatch.setattr(sizes.estimator, "ask_all", fails)
    draft.remember(sizes.workspace, tab="model")
    settings = checked(SFT, {})
    assert settings
    assert sizes.fit("model", find_model(sizes.workspace, "gpt2"), SFT, settings) is None
    wait_until(lambda: sizes.broken, 10, "the failure to be seen")
    assert "could not be worked out" in fit_view.draw(None, None, broken=True)

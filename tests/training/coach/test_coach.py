"""The coach on recorded curves of each kind, and on healthy ones, on which it must raise no alarm at any step."""

from functools import cache
from itertools import pairwise

import pytest

from studio.training.coach.catalogue import MOST, advise
from studio.training.coach.finding import Finding
from studio.training.coach.given import Given
from studio.training.coach.reading import looks
from studio.training.view import RunView, take
from tests.training.coach import replay

KINDS = ("flat", "diverging", "noisy", "overfitting", "too_high", "too_low", "nothing_trained", "floor")
HEALTHY = replay.names("healthy")
ILL = [(kind, name) for kind in KINDS for name in replay.names(kind)]
# What else may be said of such a run beside its own kind: what is so is not kept back.
ALSO = {
    "overfitting": {"flat"},  # coins: nothing to learn at first, and then learned by heart
    "diverging": {"too_high"},
    "too_high": {"diverging", "overfitting"},
}


@cache
def said(name: str) -> list[tuple[int, int | None, list[Finding]]]:
    """After each event of a curve: the step, the best step, and what is said."""
    told = replay.given(name)
    return [(view.step, view.best_step, advise(view, told)) for view in replay.prefixes(name)]


def test_there_are_curves_of_every_kind() -> None:
    assert len(HEALTHY) >= 12 and len(replay.names("healthy", held_back=True)) >= 10
    assert {kind for kind, _ in ILL} == set(KINDS)
    assert len({replay.curve(name)["recipe"] for name in HEALTHY}) >= 6


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_run_is_left_alone_at_every_step(name: str) -> None:
    alarms = {(step, one.sentence) for step, _, findings in said(name) for one in findings if one.kind != "learning"}
    assert alarms == set()


@pytest.mark.parametrize(("kind", "name"), ILL)
def test_what_is_wrong_is_said_and_nothing_else(kind: str, name: str) -> None:
    kinds = {one.kind for _, _, findings in said(name) for one in findings}
    assert kind in kinds
    assert kinds <= {kind, "learning"} | ALSO.get(kind, set())


@pytest.mark.parametrize(("kind", "name"), ILL)
def test_a_finding_says_its_numbers_and_what_to_do(kind: str, name: str) -> None:
    for _, best, findings in said(name):
        assert len(findings) <= MOST
        for one in findings:
            assert one.verdict.endswith(".") and one.sentence.endswith(".") and one.advice.endswith(".")
            assert one.facts and all(any(sign.isdigit() for sign in value) for value in one.facts.values())
            if one.kind != "learning":
                assert any(sign.isdigit() for sign in one.sentence)
            if one.action and one.action.what == "stop_and_keep":
                assert best is not None


@pytest.mark.parametrize("name", [*HEALTHY, *(name for _, name in ILL)])
def test_its_words_stand_still_between_its_moments(name: str) -> None:
    texts = [tuple((one.verdict, one.sentence) for one in findings) for _, _, findings in said(name)]
    changes = sum(before != after for before, after in pairwise(texts))
    told = replay.curve(name)
    assert changes <= len(looks(told["plan"]["steps"])) + len(told["checks"])


def test_it_looks_early_and_never_at_every_step() -> None:
    assert looks(60) == [5, 10, 15, 20, 25, 30, 36, 44, 53]
    assert len(looks(100_000)) < 60


@pytest.mark.parametrize(("kind", "name"), ILL)
def test_a_run_that_was_resumed_hears_the_same(kind: str, name: str) -> None:
    events = list(replay.events(name))
    half = len(events) // 2
    view, plain = replay.running(), replay.running()
    for event in events:
        take(plain, event)
    for event in events[: half + 10]:
        take(view, event)
    at = max(event["step"] for event in events[:half] if event["kind"] == "step")
    take(view, {"at": 0, "kind": "resumed", "step": at})
    for event in events:
        if event.get("step", 0) > at:
            take(view, event)
    assert advise(view, replay.given(name)) == advise(plain, replay.given(name))


def run_of(losses: list[float], checks: dict[int, float], **plan: object) -> RunView:
    """A made-up run, for what no recorded one shows."""
    view = replay.running()
    facts = {"steps": 100, "epochs": 4, "rows": {"train": 40, "check": 4, "test": 4}, **plan}
    take(view, {"at": 0, "kind": "plan", **facts})
    metrics = facts.get("metrics")
    for step, loss in enumerate(losses):
        if step:
            told = {"epoch": step / 10, "loss": loss, "learning_rate": 1e-3, "grad_norm": 1.0}
            take(view, {"at": step, "kind": "step", "step": step, **told})
        if step in checks:
            figures = {"f1": checks[step]} if metrics else {}
            take(view, {"at": step, "kind": "check", "step": step, "loss": loss, "metrics": figures})
            if not metrics:
                view.series["validation"][-1] = (step, checks[step])
    return view


@pytest.mark.parametrize("steps", [0, 1, 4, 9])
def test_of_a_few_steps_nothing_is_said(steps: int) -> None:
    assert advise(run_of([3.0] * (steps + 1), {0: 3.0})) == []


@pytest.mark.parametrize("status", ["waiting", "starting", "stopping", "discarded", "failed", "paused"])
def test_only_a_run_that_learns_or_has_learned_is_spoken_of(status: str) -> None:
    view = replay.whole(ILL[0][1])
    view.status = status
    assert advise(view) == []


def test_a_metric_that_goes_on_rising_is_no_overfitting_whatever_the_loss() -> None:
    f1 = {"name": "f1", "title": "F1 score", "sentence": "", "higher_is_better": True}
    losses = [1.0 - step / 100 for step in range(61)]
    checks = {0: 0.1, 10: 0.3, 20: 0.5, 30: 0.6, 40: 0.7, 50: 0.8, 60: 0.9}
    view = run_of(losses, checks, metrics=[f1], best="f1")
    view.series["validation"] = [(step, 1.0 + step / 100) for step in checks]
    assert [one.verdict for one in advise(view)] == ["It is learning."]


def test_the_best_figure_is_told_as_it_is_measured() -> None:
    f1 = {"name": "f1", "title": "F1 score", "sentence": "", "higher_is_better": True}
    view = run_of([1.0 - step / 100 for step in range(21)], {0: 0.1, 10: 0.4}, metrics=[f1], best="f1")
    (found,) = advise(view)
    assert found.facts == {"F1 score on check rows": "0.10 → 0.40"}


def test_while_the_learning_rate_still_grows_nothing_is_called_flat() -> None:
    view = run_of([3.0 + 0.001 * (step % 3) for step in range(81)], {})
    assert [one.kind for one in advise(view)] == ["flat"]
    view.series["learning_rate"] = [(step, step * 1e-5) for step, _ in view.series["learning_rate"]]
    assert advise(view) == []


def test_the_usual_learning_rate_is_proposed_where_the_one_chosen_is_far_off() -> None:
    view = run_of([3.0 + 0.001 * (step % 3) for step in range(81)], {})
    (found,) = advise(view, Given(rate=1e-6, usual_rate=2e-4))
    assert found.kind == "too_low" and found.action is not None
    assert found.action.settings == {"learning_rate": 2e-4}


def test_once_ended_there_is_nothing_to_stop() -> None:
    for _, name in ILL:
        view = replay.whole(name)
        view.status = "finished"
        for found in advise(view, replay.given(name)):
            assert found.kind not in ("learning", "overfitting", "floor")
            assert found.action is None or found.action.what == "start_again"

"""Which points of a long curve are sent: few, with every peak, and at little cost as the curve grows."""

import random
from collections.abc import Callable

import pytest

from components.charts import Stretches, columns, small_curve, thin
from studio.training.view import Points


def noisy(length: int) -> Points:
    chance = random.Random(5)
    return [(step, chance.random()) for step in range(1, length + 1)]


@pytest.mark.parametrize("most", [60, 500])
def test_a_thinned_curve_keeps_its_ends_and_its_peaks(most: int) -> None:
    points = [(step, 1.0) for step in range(10_000)]
    points[4321] = (4321, 99.0)
    points[777] = (777, -5.0)
    kept = thin(points, most)
    assert most / 5 <= len(kept) <= most
    assert kept[0] == points[0] and kept[-1] == points[-1]
    assert points[4321] in kept and points[777] in kept
    assert kept == sorted(set(kept))


def test_a_short_curve_is_sent_whole() -> None:
    points = noisy(490)
    assert Stretches(500).follow(points) == (points, [])
    assert Stretches(500).follow([]) == ([], [])
    assert Stretches(500).follow(points[:1]) == (points[:1], [])


def test_a_curve_that_grows_is_thinned_as_if_it_had_come_at_once() -> None:
    points, growing = noisy(7_000), Stretches(60)
    chance = random.Random(1)
    length = 0
    while length < len(points):
        length = min(len(points), length + chance.randint(1, 200))
        now = growing.follow(points[:length])
        assert len(now[0]) <= 60
        assert {min(points[:length], key=lambda p: p[1]), max(points[:length], key=lambda p: p[1])} <= set(now[0])
    shown, means = growing.follow(points)
    once, _ = Stretches(60).follow(points)
    assert shown == once
    assert sum(value for _, value in means) / len(means) == pytest.approx(0.5, abs=0.05)


def test_only_new_points_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    points, growing = noisy(10_000), Stretches(500)
    growing.follow(points)
    looked: list[int] = []
    look: Callable[[Stretches, Points, int], None] = Stretches.look
    monkeypatch.setattr(Stretches, "look", lambda self, new, start: (looked.append(len(new)), look(self, new, start)))
    for more in range(1, 200):
        growing.follow(points + [(10_000 + step, 0.5) for step in range(1, more + 1)])
    assert sum(looked) <= 200 + growing.size


def test_a_run_that_went_back_is_thinned_anew() -> None:
    points, following = noisy(3_000), Stretches(60)
    following.follow(points)
    back = points[:1_000]
    assert following.follow(back) == Stretches(60).follow(back)
    again = [*back, *((step, 7.0) for step in range(1_001, 3_001))]
    following.follow(points)
    assert following.follow(again) == Stretches(60).follow(again), "as long as before, with other values"


def test_small_numbers_keep_their_digits() -> None:
    assert columns([(1, 1.234567e-5), (2, 0.0)]) == {"x": [1, 2], "y": [1.2346e-5, 0.0]}


def test_a_flat_curve_and_no_curve_are_drawn() -> None:
    assert "L" in small_curve([(1, 2.0), (2, 2.0)], 10, "words")
    assert 'class="ts-line" d=""' in small_curve([], 10, "<words>") and "&lt;words&gt;" in small_curve(
        [], 10, "<words>"
    )

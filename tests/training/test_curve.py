"""A curve keeps its peaks and its ends however long it grows, and everything while it is short."""

import random

from studio.training.curve import MOST, Curve


def grown(values: list[float]) -> Curve:
    curve = Curve()
    for step, value in enumerate(values, 1):
        curve.add(step, value)
    return curve


def test_a_short_curve_is_exact() -> None:
    values = [random.Random(step).random() for step in range(MOST)]
    assert grown(values) == list(enumerate(values, 1))


def test_a_long_curve_is_small_and_keeps_its_ends_and_its_peaks() -> None:
    dice = random.Random(1)
    values = [dice.random() for _ in range(100_000)]
    values[54_321], values[3] = 99.0, -5.0
    curve = grown(values)
    points = list(enumerate(values, 1))
    assert MOST / 4 < len(curve) <= MOST
    assert {points[0], points[-1], points[54_321], points[3]} <= set(curve)
    assert set(curve) <= set(points) and curve == sorted(curve)


def test_each_stretch_of_a_long_curve_keeps_its_lowest_and_its_highest() -> None:
    dice = random.Random(2)
    values = [dice.random() for _ in range(30_000)]
    curve = grown(values)
    kept, width = set(curve), curve.width
    for first in range(width, 25_000, width):  # those that are over for certain
        stretch = [(step, values[step - 1]) for step in range(first, first + width)]
        assert {min(stretch, key=lambda point: point[1]), max(stretch, key=lambda point: point[1])} <= kept


def test_no_part_of_a_long_curve_is_thinner_than_another() -> None:
    curve = grown([random.Random(step).random() for step in range(80_000)])
    parts = [sum(place * 10_000 < step <= (place + 1) * 10_000 for step, _ in curve) for place in range(8)]
    assert max(parts) < 2 * min(parts)


def test_a_second_value_at_the_last_step_takes_the_place_of_the_first() -> None:
    curve = Curve()
    curve.add(4, 2.0)
    curve.add(4, 1.0)
    assert curve == [(4, 1.0)]


def test_a_shortened_curve_grows_on_after_it_was_cut_back() -> None:
    curve = grown([float(step) for step in range(1, 50_001)]).until(20_000)
    assert 20_000 - curve.width <= curve[-1][0] <= 20_000
    for step in range(20_001, 60_001):
        curve.add(step, float(step))
    assert curve[0] == (1, 1.0) and curve[-1] == (60_000, 60_000.0)
    assert curve == sorted(set(curve)) and len(curve) <= MOST

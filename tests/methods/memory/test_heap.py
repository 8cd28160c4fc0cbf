"""The allocator played to: what it takes from the system is never less than what is held, and holes are used again."""

import random
from itertools import pairwise

from studio.methods.memory.heap import CRUMB, OWN_PAGES, Heap, footprint

MB = 1024**2


def test_what_is_held_is_taken() -> None:
    assert 5 * MB <= footprint([(1, 2 * MB), (2, 3 * MB)]) < 5.01 * MB


def test_the_end_of_the_heap_goes_back() -> None:
    for crumb, left in ((0, 0), (CRUMB, MB)):  # a crumb at the top holds what is below
        heap = Heap(crumb)
        heap.play([(1, MB), (2, MB), (2, 0), (1, 0)])
        assert left <= heap.end < left + 200 and heap.most >= 2 * MB


def test_a_hole_is_too_small_for_the_next_of_its_size_but_not_for_a_smaller_one() -> None:
    before = [(1, 4 * MB), (2, MB), (1, 0)]
    assert footprint([*before, (3, 4 * MB)]) >= 9 * MB
    assert footprint([*before, (3, 3 * MB)]) < 5.1 * MB


def test_large_tensors_have_pages_of_their_own_and_leave_no_hole() -> None:
    large = OWN_PAGES
    assert footprint([(1, large), (2, MB), (1, 0), (3, large)]) < large + 2 * MB


def test_each_sequence_is_begun_with_nothing() -> None:
    assert footprint([(1, MB)], [(1, 2 * MB)]) < 2.1 * MB


def test_nothing_is_lost_whatever_comes_and_goes() -> None:
    dice = random.Random(0)
    heap, live, held = Heap(), {}, 0
    for tensor in range(2000):
        live[tensor] = dice.randrange(1, 40 * MB)
        heap.play([(tensor, live[tensor])])
        while len(live) > dice.randrange(1, 30):
            heap.play([(live_one := dice.choice(list(live)), 0)])
            del live[live_one]
        held = sum(live.values())
        assert heap.end + heap.apart >= held
        places = sorted(each for each in heap.held.values() if each[0] >= 0)
        assert all(a + size <= b for (a, size), (b, _) in pairwise(places))

"""Near copies: found whatever the case and punctuation, none missed and none made up, and boilerplate costs no more."""

import random
from itertools import pairwise

import numpy
import pytest

from studio.datasets.near import near_groups, shingles_of

WORDS = ["river", "stone", "lamp", "garden", "winter", "letter", "music", "paper", "silver", "window", "bread"]


def text(chance: random.Random, words: int = 60) -> list[str]:
    return [f"{chance.choice(WORDS)}{chance.randrange(400)}" for _ in range(words)]


def changed(chance: random.Random, words: list[str], count: int) -> list[str]:
    copy = list(words)
    for place in chance.sample(range(len(copy)), count):
        copy[place] = f"other{chance.randrange(10**6)}"
    return copy


def shingle_set(text: str) -> set[tuple[str, str]]:
    """The definition, in plain Python, for texts without punctuation."""
    words = text.lower().split()
    return set(pairwise(words))


def test_copies_that_differ_in_a_word_are_grouped_and_others_are_not() -> None:
    long = (
        "Our shop in the old town is open from nine to six on every day of the week but Sunday, come and see us there"
    )
    texts = [long, "Something else entirely, about the weather", long.replace("six", "seven") + "!", long.upper()]
    assert near_groups(texts) == [[0, 2, 3]]


def test_the_similarity_is_exact() -> None:
    chance = random.Random(1)
    words = text(chance)
    texts = [" ".join(changed(chance, words, count)) for count in range(12)]
    pairs = [(a, b) for a in range(12) for b in range(12)]
    left, right = map(numpy.array, zip(*pairs, strict=True))
    sets = [shingle_set(one) for one in texts]
    expected = [len(sets[a] & sets[b]) / len(sets[a] | sets[b]) for a, b in pairs]
    assert shingles_of(texts).jaccard(left, right) == pytest.approx(expected)


def test_no_more_than_one_in_twenty_planted_pairs_is_missed_and_none_is_made_up() -> None:
    chance = random.Random(2)
    texts, planted = [], set()
    for number in range(400):
        words = text(chance)
        texts += [" ".join(words), " ".join(changed(chance, words, 1 + number % 5))]
        a, b = shingle_set(texts[-2]), shingle_set(texts[-1])
        if len(a & b) / len(a | b) >= 0.8:
            planted.add((2 * number, 2 * number + 1))
    found = {tuple(group) for group in near_groups(texts)}
    assert 150 < len(planted) < 400
    assert found <= planted
    assert len(found & planted) >= 0.95 * len(planted)


def test_scripts_without_spaces_are_compared_by_character() -> None:
    one = "我们的商店每天早上九点开门晚上六点关门星期天休息欢迎光临请提前打电话预约谢谢"
    assert near_groups([one, one.replace("六", "七"), "今天天气很好我们去公园散步吧"]) == [[0, 1]]


def test_texts_without_words_are_copies_of_nothing() -> None:
    assert near_groups(["", " ", "?!", "...", "word", "Word."]) == [[4, 5]]
    assert near_groups([]) == []


def test_signs_and_decimals_count() -> None:
    assert near_groups(["3 + 4", "3 * 4", "3.5 € now", "35 € now"]) == []


def test_ten_thousand_texts_of_boilerplate_are_one_group() -> None:
    chance = random.Random(3)
    boilerplate = " ".join(text(chance, 80))
    texts = [f"{boilerplate} number{i}" for i in range(10_000)] + [" ".join(text(chance)) for _ in range(50)]
    assert near_groups(texts) == [list(range(10_000))]


def test_the_order_of_the_texts_does_not_matter() -> None:
    chance = random.Random(4)
    texts = [" ".join(changed(chance, words, 3)) for words in [text(chance) for _ in range(20)] for _ in range(5)]
    order = list(range(100))
    chance.shuffle(order)
    shuffled = near_groups([texts[at] for at in order])
    assert sorted(sorted(order[at] for at in group) for group in shuffled) == near_groups(texts)


def test_a_threshold_that_would_miss_copies_is_refused() -> None:
    with pytest.raises(ValueError, match=r"0\.8 to 1"):
        near_groups(["a b c"], threshold=0.5)

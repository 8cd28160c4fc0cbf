"""Checks on labels: rare, uneven, written in several ways, misspelt, and on the wrong row."""

import random

import numpy
import pytest

from studio.datasets.health import labels_case, labels_doubtful, labels_misspelt, labels_rare, labels_uneven, too_few
from studio.datasets.health.check import Check, Data, NotComputed
from studio.datasets.rows import new_rows

WORDS = {
    "delivery": "parcel courier late tracking arrive shipping doorstep",
    "payment": "card invoice charged bank money double euro",
    "returns": "refund broken exchange warranty damaged replace unwanted",
}


def labelled(*labels: str, kind: str = "label") -> Data:
    number = numpy.arange(1, len(labels) + 1)
    return Data(new_rows(number, text=[f"text {i}" for i in number], label=list(labels)), kind)


def topics(rows: int) -> Data:
    """Texts whose words give their label away."""
    chance = random.Random(0)
    labels = [chance.choice(sorted(WORDS)) for _ in range(rows)]
    texts = [" ".join(["please", *chance.choices(WORDS[label].split(), k=4), "thanks"]) for label in labels]
    return Data(new_rows(numpy.arange(1, rows + 1), text=texts, label=labels), "label")


def mended_labels(check: Check, data: Data) -> list[str]:
    found = check.find(data)
    assert found is not None and check.mend is not None
    mended = check.mend(data, found, None)
    assert check.find(mended.data) is None
    assert mended.changed.tolist() == found.positions.tolist()
    labels: list[str] = mended.data.rows["label"].tolist()
    return labels


def test_rare_labels_are_named_with_their_number() -> None:
    found = labels_rare.CHECK.find(labelled(*["usual"] * 9, "odd", "two", "two"))
    assert found is not None
    assert (found.positions.tolist(), found.count) == ([9, 10, 11], "2 of 3 groups")
    assert found.examples == ["“odd” stands on 1 row only.", "“two” stands on 2 rows only."]
    assert labels_rare.CHECK.find(labelled(*["usual"] * 9, *["enough"] * 5)) is None


def test_each_of_several_labels_counts() -> None:
    found = labels_rare.CHECK.find(labelled(*['["a","b"]'] * 6, '["a","c"]'))
    assert found is not None and found.positions.tolist() == [6]


def test_one_label_on_nearly_all_rows() -> None:
    found = labels_uneven.CHECK.find(labelled(*["no"] * 9, "yes"))
    assert found is not None
    assert "Always answering “no” would be right 90 % of the time." in found.examples[0]
    assert labels_uneven.CHECK.find(labelled(*["no"] * 7, *["yes"] * 3)) is None
    thumbs = labels_uneven.CHECK.find(labelled(*["true"] * 9, "false", kind="feedback"))
    assert thumbs is not None and "“thumb up”" in thumbs.examples[0]


def test_spellings_of_one_label_become_the_most_frequent_one() -> None:
    data = labelled("Refund", "refund", "refund", " refund", "card_lost", "card lost", "card lost", "refunds")
    assert mended_labels(labels_case.CHECK, data) == [*["refund"] * 4, *["card lost"] * 3, "refunds"]
    several = labelled('["Refund","refund"]', '["refund"]', '["refund","x"]')
    assert mended_labels(labels_case.CHECK, several) == ['["refund"]', '["refund"]', '["refund","x"]']


def test_a_misspelt_label_becomes_the_frequent_one() -> None:
    assert (
        mended_labels(labels_misspelt.CHECK, labelled(*["delivery"] * 12, "delivrey", "delivery")) == ["delivery"] * 14
    )


@pytest.mark.parametrize(
    ("frequent", "rare"), [("safe", "unsafe"), ("level 1", "level 2"), ("yes", "yet"), ("positive", "negative")]
)
def test_labels_that_mean_different_things_are_left_alone(frequent: str, rare: str) -> None:
    assert labels_misspelt.CHECK.find(labelled(*[frequent] * 50, rare)) is None


def test_two_frequent_labels_that_look_alike_are_left_alone() -> None:
    assert labels_misspelt.CHECK.find(labelled(*["delivery"] * 12, *["delivers"] * 8)) is None


def test_rows_with_planted_wrong_labels_are_doubtful() -> None:
    data = topics(400)
    planted = list(range(0, 400, 20))
    wrong = data.rows["label"].copy()
    wrong.iloc[planted] = ["payment" if wrong.iloc[at] != "payment" else "returns" for at in planted]
    data.rows["label"] = wrong
    found = labels_doubtful.CHECK.find(data)
    assert found is not None
    hits = set(found.positions.tolist()) & set(planted)
    assert len(hits) >= 0.7 * len(planted) and len(hits) >= 0.9 * len(found.positions)
    assert "reads like" in found.examples[0]
    again = labels_doubtful.CHECK.find(data)
    assert again is not None and again.positions.tolist() == found.positions.tolist()


def test_right_labels_are_not_doubted() -> None:
    assert labels_doubtful.CHECK.find(topics(400)) is None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (labelled(*["a", "b"] * 20), "at least 50 rows"),
        (labelled(*["only one"] * 90), "two groups"),
        (labelled(*['["a","b"]'] * 90), "several groups at once"),
        (labelled(*[f"group {i // 8}" for i in range(1608)]), "more than 200 groups"),
    ],
)
def test_what_cannot_be_told_is_said(data: Data, words: str) -> None:
    with pytest.raises(NotComputed, match=words):
        labels_doubtful.CHECK.find(data)


def test_each_label_wants_its_rows() -> None:
    found = too_few.CHECK.find(labelled(*["a", "b"] * 7))
    assert found is not None
    assert "at least 16 rows, 8 for each of the 2 groups" in found.examples[0]
    assert too_few.CHECK.find(labelled(*["a", "b"] * 8)) is None


@pytest.mark.parametrize("module", [labels_rare, labels_uneven, labels_case, labels_misspelt])
def test_no_rows_are_fine(module: object) -> None:
    assert module.CHECK.find(labelled()) is None  # type: ignore[attr-defined]

"""Splits: what belongs together stays together, sizes come out as asked, and the seed decides the rest."""

from collections import Counter

import numpy
import pandas
import pytest

from studio.datasets.rows import new_rows, pack
from studio.datasets.splits import SplitPlan, rounded, split, what_it_proves
from studio.errors import StudioError


def chats(count: int, **columns: object) -> pandas.DataFrame:
    messages = [
        pack(
            [
                {"role": "user", "content": f"question{i} about{i} thing{i}?"},
                {"role": "assistant", "content": f"answer{i} with{i} words{i}."},
            ]
        )
        for i in range(count)
    ]
    number = columns.pop("row", numpy.arange(1, count + 1))
    return new_rows(number, messages=messages, **columns)


def labelled(labels: list[str]) -> pandas.DataFrame:
    texts = [f"word{i} other{i} third{i}" for i in range(len(labels))]
    return new_rows(numpy.arange(1, len(labels) + 1), text=texts, label=labels)


def counted(sides: numpy.ndarray) -> dict[str, int]:
    return dict(Counter(sides.tolist()))


@pytest.mark.parametrize(
    ("rows", "plan", "expected"),
    [
        (120, SplitPlan(), {"train": 88, "validation": 12, "test": 20}),
        (5000, SplitPlan(), {"train": 4736, "validation": 64, "test": 200}),
        (8, SplitPlan(), {"train": 8}),
        (120, SplitPlan(test=0.25, validation=7), {"train": 83, "validation": 7, "test": 30}),
        (120, SplitPlan(test=0, validation=0), {"train": 120}),
    ],
)
def test_sizes_are_those_asked_for(rows: int, plan: SplitPlan, expected: dict[str, int]) -> None:
    assert counted(split(chats(rows), "chat", plan)) == expected


def test_the_seed_decides_and_nothing_else() -> None:
    rows = chats(100)
    first = split(rows, "chat", SplitPlan())
    assert (split(rows, "chat", SplitPlan()) == first).all()
    assert (split(rows, "chat", SplitPlan(seed=1)) != first).any()


def test_more_rows_at_the_end_move_few_of_the_others() -> None:
    plan = SplitPlan(test=20, validation=20)
    before, after = split(chats(500), "chat", plan), split(chats(510), "chat", plan)[:500]
    assert (before != after).sum() <= 5


def test_a_group_a_document_and_near_copies_stay_on_one_side() -> None:
    rows = chats(200, group=[f"customer {i % 40}" if i < 100 else "" for i in range(200)])
    rows.loc[rows.index[100:150], "row"] = [1000 + i // 5 for i in range(50)]
    near = [
        pack([{"role": "user", "content": f"topic{i // 2} " + "a b c d e f g h i j k l m n o p " + "!" * (i % 2)}])
        for i in range(50)
    ]
    rows.loc[rows.index[150:], "messages"] = near
    rows["side"] = split(rows, "chat", SplitPlan(test=0.3, validation=0.2))
    rows["copies"] = [f"pair {i // 2}" if i >= 150 else "" for i in range(200)]
    for column in ("group", "row", "copies"):
        sides = rows[rows[column] != ""].groupby(column)["side"].nunique()
        assert (sides == 1).all(), column
    assert set(rows["side"]) == {"train", "validation", "test"}


def test_near_copies_may_be_let_go() -> None:
    rows = labelled(["a"] * 60)
    rows["text"] = [f"the very same long text but for one word, which is: {i}" for i in range(60)]
    plan = SplitPlan(test=20, validation=10)
    assert counted(split(rows, "label", plan)) == {"train": 60}
    apart = plan.model_copy(update={"near_together": False})
    assert counted(split(rows, "label", apart)) == {"train": 30, "validation": 10, "test": 20}


@pytest.mark.parametrize("family", [3, 7])
def test_sizes_come_as_close_as_whole_groups_allow(family: int) -> None:
    rows = chats(140, group=[f"group {i // family}" for i in range(140)])
    counts = counted(split(rows, "chat", SplitPlan(test=20, validation=14)))
    assert abs(counts["test"] - 20) <= family / 2 and abs(counts["validation"] - 14) <= family / 2


def test_every_split_has_the_same_mix_of_labels() -> None:
    rows = labelled(["common"] * 160 + ["rare"] * 40)
    sides = split(rows, "label", SplitPlan(test=20, validation=10))
    assert counted(sides[rows["label"] == "rare"]) == {"train": 34, "validation": 2, "test": 4}


def test_a_label_with_one_row_is_learned_and_not_tested() -> None:
    rows = labelled(["common"] * 50 + ["two"] * 2 + ["lonely"])
    sides = split(rows, "label", SplitPlan(test=0.4, validation=0.4))
    assert sides[-1] == "train" and "train" in sides[50:52]


def test_several_labels_and_numbers_are_spread_too() -> None:
    rows = labelled(['["a","b"]'] * 20 + ['["a"]'] * 80)
    assert counted(split(rows, "label", SplitPlan(test=20, validation=0))[:20])["test"] == 4
    rows = labelled([str(i) for i in range(100)])
    tested = numpy.flatnonzero(split(rows, "number", SplitPlan(test=20, validation=0)) == "test")
    assert numpy.histogram(tested, bins=[0, 20, 40, 60, 80, 100])[0].tolist() == [4] * 5


def test_augmented_rows_are_trained_on_with_their_original_or_not_used() -> None:
    original = chats(60)
    made = chats(60, group="augmented:synonyms")
    made["messages"] = made["messages"].str.replace("question", "inquiry").str.replace("answer", "response")
    sides = split(pandas.concat([original, made], ignore_index=True), "chat", SplitPlan())
    assert counted(sides[:60]) == {"train": 44, "validation": 6, "test": 10}
    assert (sides[60:] == numpy.where(sides[:60] == "train", "train", "")).all()


@pytest.mark.parametrize("plan", [SplitPlan(test=40, validation=20), SplitPlan(test=0.7, validation=0.3)])
def test_nothing_left_to_learn_from_is_said(plan: SplitPlan) -> None:
    with pytest.raises(StudioError, match="leave none of the 60 rows to learn from"):
        split(chats(60), "chat", plan)


def test_the_sizes_say_what_they_prove() -> None:
    assert what_it_proves(20, "chat") == "20 test rows can show a difference of about 20 points."
    assert what_it_proves(1000, "label") == "1,000 test rows can show a difference of about 3 points."
    assert what_it_proves(100, "number") == "100 test rows can show that the average error differs by about 15 %."
    assert "nothing" in what_it_proves(0, "chat") and "1 test row can" in what_it_proves(1, "chat")
    assert [rounded(value) for value in (22, 9.8, 1.55)] == ["20", "10", "1.6"]

"""Two versions beside each other: which steps differ, and which rows came, went, changed their words or their split."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field

from studio.datasets.augment import Augmentation
from studio.datasets.augment.step import WordChanges
from studio.datasets.comparing import Comparison, compare
from studio.datasets.step_changes import MAKING, changes, step_changes
from studio.datasets.step_words import SLIPS
from studio.datasets.store import Dataset, add_file
from studio.datasets.versions import DataSteps, Version, prepare
from studio.workspace import Workspace
from tests.conftest import chat_steps


@pytest.fixture
def dataset(workspace: Workspace, tmp_path: Path) -> Dataset:
    """Sixty rows; row 31 is a copy of row 30, rows 40 to 44 have an e-mail address."""
    rows = [(f"Where is lamp number {i}?", f"It is in hall {i * 7}.", "abc"[i % 3]) for i in range(1, 61)]
    rows[30] = rows[29]
    for i in range(39, 44):
        rows[i] = (rows[i][0], f"Ask ann{i}@shop.example.", "a")
    path = tmp_path / "rows.csv"
    path.write_text("question,answer,topic\n" + "\n".join(map(",".join, rows)) + "\n", "utf-8")
    return add_file(workspace, path)


def made(workspace: Workspace, dataset: Dataset, **more: Any) -> Version:
    return prepare(workspace, dataset, chat_steps(**more))


def told(one: DataSteps, other: DataSteps) -> list[tuple[str, str, str]]:
    return [(change.what, change.one, change.other) for change in step_changes(one, other)]


def moves(comparison: Comparison) -> int:
    return sum(move.rows.count for move in comparison.moved)


def test_a_version_is_the_same_as_itself(workspace: Workspace, dataset: Dataset) -> None:
    version = made(workspace, dataset)
    found = compare(version, version)
    assert found.same and found.steps == [] and found.notes == []
    assert found.rows == {split: (count, count) for split, count in version.rows.items()}
    assert (found.only_one.count, found.only_other.count, found.changed.count, found.moved) == (0, 0, 0, [])


def test_rows_that_came_and_went_are_named(workspace: Workspace, dataset: Dataset) -> None:
    one = made(workspace, dataset, left_out=[3], split={"test": 0, "validation": 0})
    other = made(workspace, dataset, fixes=[{"name": "exact_copies"}], split={"test": 0, "validation": 0})
    found = compare(one, other)
    assert (found.only_one.count, found.only_one.rows) == (1, [31])
    assert (found.only_other.count, found.only_other.rows) == (1, [3])
    assert found.rows["train"] == (59, 59) and not found.same
    assert found.changed.count == 0 and found.moved == [] and found.texts == []


def test_changed_texts_are_shown_before_and_after(workspace: Workspace, dataset: Dataset) -> None:
    split = {"test": 0, "validation": 0}
    one = made(workspace, dataset, split=split)
    other = made(
        workspace, dataset, fixes=[{"name": "personal_data"}], edits=[{"row": 2, "reply": "Gone."}], split=split
    )
    found = compare(one, other)
    assert (found.changed.count, found.changed.rows) == (6, [2, 40, 41, 42, 43, 44])
    assert [pair.row for pair in found.texts] == [2, 40, 41]
    assert found.texts[0].one == "Where is lamp number 2?\nIt is in hall 14."
    assert found.texts[0].other == "Where is lamp number 2?\nGone."
    assert "ann39@shop.example" in found.texts[1].one and "[e-mail]" in found.texts[1].other
    assert found.only_one.count == found.only_other.count == 0


def test_rows_that_moved_are_counted_by_where_they_went(workspace: Workspace, dataset: Dataset) -> None:
    one, other = made(workspace, dataset, split={"seed": 1}), made(workspace, dataset, split={"seed": 2})
    found = compare(one, other)
    sides = [
        {row: split for split in ("train", "validation", "test") for row in version.frame(split)["row"]}
        for version in (one, other)
    ]
    moved = {row for row in sides[0] if sides[0][row] != sides[1][row]}
    assert moves(found) == len(moved) > 0 and found.changed.count == 0
    for move in found.moved:
        assert all((sides[0][row], sides[1][row]) == (move.before, move.after) for row in move.rows.rows)


def test_at_most_twenty_rows_are_named_but_all_are_counted(workspace: Workspace, dataset: Dataset) -> None:
    found = compare(made(workspace, dataset), made(workspace, dataset, left_out=list(range(1, 31))))
    assert found.only_one.count == 30 and found.only_one.rows == list(range(1, 21))


def test_versions_of_different_kinds_are_compared_as_far_as_that_makes_sense(
    workspace: Workspace, dataset: Dataset
) -> None:
    labels = {"kind": "label", "shape": "text_label", "columns": {"text": "question", "label": "topic"}}
    other = prepare(workspace, dataset, DataSteps.model_validate({"mapping": labels, "left_out": [1]}))
    found = compare(made(workspace, dataset), other)
    assert found.only_one.rows == [1] and found.changed.count == 0 and found.texts == []
    assert "“Questions and answers”" in found.notes[0] and "“Texts with a group”" in found.notes[0]
    assert ("What a row teaches", "Questions and answers", "Texts with a group") in told(
        chat_steps(), DataSteps.model_validate({"mapping": labels})
    )


def test_versions_of_different_files_say_so(workspace: Workspace, dataset: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("question,answer\n" + "\n".join(f"Question {i}?,Answer {i}." for i in range(20)), "utf-8")
    found = compare(made(workspace, dataset), made(workspace, add_file(workspace, path)))
    assert found.rows["train"] == (44, 15) and found.only_one.count == 0
    assert found.notes == ["The two were made from different files, so their rows cannot be matched."]


def test_a_document_in_pieces_is_one_row(workspace: Workspace, tmp_path: Path) -> None:
    text = " ".join(f"Sentence number {i} stands here." for i in range(60))
    path = tmp_path / "texts.csv"
    path.write_text("text\n" + "\n".join(f"{text} The end of document {i}." for i in range(12)) + "\n", "utf-8")
    dataset = add_file(workspace, path)
    mapping = {"kind": "text", "shape": "plain_text", "columns": {"text": "text"}}
    split = {"test": 0, "validation": 0}
    one, other = (
        prepare(
            workspace,
            dataset,
            DataSteps.model_validate({"mapping": {**mapping, "passage_length": length}, "split": split}),
        )
        for length in (300, 400)
    )
    assert one.rows["train"] > 12
    found = compare(one, other)
    assert found.changed.count == 12 and found.only_one.count == 0
    assert found.texts[0].one != found.texts[0].other
    assert [(change.what, change.one, change.other) for change in found.steps] == [
        ("Longest passage, in characters", "300", "400")
    ]


def test_repeats_and_rows_made_out_of_others_are_counted_but_are_no_changes(
    workspace: Workspace, dataset: Dataset
) -> None:
    split = {"test": 0, "validation": 0}
    one = made(workspace, dataset, split=split)
    other = made(workspace, dataset, weights={"column": "topic", "values": {"b": 2}}, split=split)
    found = compare(one, other)
    assert found.rows["train"] == (60, 60 + 17)
    assert (found.changed.count, found.only_other.count, found.moved) == (0, 0, [])
    (step,) = found.steps
    assert step.what == "Weights of the parts"
    assert (step.one, step.other) == ("none: every row counts once", "b × 2 (by the column “topic”)")
    none = compare(other, made(workspace, dataset, weights={"column": "topic", "values": {"b": 0}}, split=split))
    assert none.only_one.count == 17
    more = compare(one, made(workspace, dataset, augment={"words": {}, "at_most": 5}, split=split))
    assert more.made == (0, 5) and more.rows["train"] == (60, 65) and not more.same
    assert (more.changed.count, more.only_other.count, more.moved) == (0, 0, [])


def test_test_rows_of_another_file_are_not_taken_for_other_words(
    workspace: Workspace, dataset: Dataset, tmp_path: Path
) -> None:
    own = []
    for name in ("first", "second"):
        path = tmp_path / f"{name}.csv"
        path.write_text("question,answer\n" + "\n".join(f"The {name} asks {i}?,Answer {i}." for i in range(9)), "utf-8")
        steps = {"dataset": add_file(workspace, path).id, "mapping": chat_steps().mapping}
        own.append(made(workspace, dataset, separate_test=steps, split={"validation": 0}))
    found = compare(*own)
    assert found.rows["test"] == (9, 9) and found.changed.count == 0 and found.only_one.count == 0
    assert found.notes == ["Their test rows come from different files, and are counted, but not compared one by one."]


def test_a_comparison_goes_through_a_pipe_and_comes_back(workspace: Workspace, dataset: Dataset) -> None:
    found = compare(made(workspace, dataset), made(workspace, dataset, left_out=[1], edits=[{"row": 2, "reply": "x"}]))
    assert Comparison.model_validate_json(found.model_dump_json()) == found


def test_a_thumb_that_differs_is_seen_and_shown(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "thumbs.csv"
    lines = [f"Question {i}?,Answer {i}.,{i % 2 == 0},{i % 3 == 0}" for i in range(12)]
    path.write_text("prompt,reply,liked,liked_too\n" + "\n".join(lines) + "\n", "utf-8")
    dataset = add_file(workspace, path)
    columns = {"prompt": "prompt", "reply": "reply", "verdict": "liked"}
    split = {"test": 0, "validation": 0}
    one, other = (
        prepare(
            workspace,
            dataset,
            DataSteps.model_validate(
                {
                    "mapping": {
                        "kind": "feedback",
                        "shape": "rated_replies",
                        "columns": {**columns, "verdict": column},
                    },
                    "split": split,
                }
            ),
        )
        for column in ("liked", "liked_too")
    )
    found = compare(one, other)
    assert found.changed.rows == [3, 4, 5, 9, 10, 11]
    assert found.texts[0].one != found.texts[0].other


@pytest.mark.parametrize(
    ("one", "other", "change"),
    [
        ({"prompt": "question"}, {"prompt": "topic"}, ("Column for “Question”", "“question”", "“topic”")),
        ({}, {"system": "Be kind."}, ("Instruction in front of every example", "none", "“Be kind.”")),
        ({}, {"left_out": [4, 9]}, ("Rows taken out by hand", "none", "2 rows, only here: 4, 9")),
        (
            {"left_out": [1, 2]},
            {"left_out": [2, 7]},
            ("Rows taken out by hand", "2 rows, only here: 1", "2 rows, only here: 7"),
        ),
        (
            {"edits": [{"row": 1, "reply": "a"}]},
            {"edits": [{"row": 1, "reply": "b"}, {"row": 5, "reply": "c"}]},
            ("Texts changed by hand", "1 row, in other words: 1", "2 rows, only here: 5, in other words: 1"),
        ),
        ({}, {"fixes": [{"name": "exact_copies"}]}, ("Fix “Exact copies”", "off", "on")),
        (
            {"fixes": [{"name": "personal_data"}]},
            {"fixes": [{"name": "personal_data", "options": {"replace_with": "made-up values"}}]},
            ("Fix “Personal data and keys”", "on", "on (replace with: “made-up values”)"),
        ),
        (
            {},
            {"fixes": [{"name": "too_long", "options": {"rows": [3, 8], "limit": 512}}]},
            ("Fix “Longer than the limit”", "off", "on (rows: 3, 8, limit: 512)"),
        ),
        ({}, {"split": {"test": 0.2}}, ("Test rows", "the usual share", "20 %")),
        ({"split": {"validation": 5}}, {"split": {"validation": 0}}, ("Check rows", "5 rows", "0 rows")),
        ({}, {"split": {"seed": 7}}, ("Seed of the split", "42", "7")),
        (
            {},
            {"split": {"stratify": False}},
            ("Give every split the same mix of labels, where the rows have labels", "yes", "no"),
        ),
    ],
)
def test_steps_that_differ_are_told_in_plain_words(
    one: dict[str, Any], other: dict[str, Any], change: tuple[str, str, str]
) -> None:
    assert told(chat_steps(**one), chat_steps(**other)) == [change]


MAPPING = chat_steps().mapping.model_dump()
RUG = {"column": "topic", "values": {"rug": 3, "lamp": 0.5}}
EXAM = {"dataset": "exam-1f0c9a77ab", "mapping": MAPPING}
EXAM_READ_OTHERWISE = {**EXAM, "mapping": {**MAPPING, "columns": {"prompt": "asked", "reply": "answer"}}}
REWRITES = ["77ab01" + "0" * 58, "1f0c9a" + "0" * 58]


@pytest.mark.parametrize(
    ("one", "other", "change"),
    [
        (
            {},
            {"weights": RUG},
            (
                "Weights of the parts",
                "none: every row counts once",
                "rug × 3, lamp × 0.5 (by the column “topic”)",
            ),
        ),
        (
            {"weights": {"column": "topic", "values": {}}},
            {"weights": RUG | {"column": "source"}},
            (
                "Weights of the parts",
                "every row × 1 (by the column “topic”)",
                "rug × 3, lamp × 0.5 (by the column “source”)",
            ),
        ),
        ({}, {"separate_test": EXAM}, ("Test file", "none: rows of the file itself", "exam (1f0c9a)")),
        (
            {"separate_test": EXAM},
            {"separate_test": {**EXAM, "dataset": "exam-2b00000000"}},
            ("Test file", "exam (1f0c9a)", "exam (2b0000)"),
        ),
        (
            {"separate_test": EXAM},
            {"separate_test": EXAM_READ_OTHERWISE},
            ("Test file: column for “Question”", "“question”", "“asked”"),
        ),
        (
            {},
            {"augment": {"words": {}, "templates": {}, "rewrites": REWRITES, "per_row": 2, "at_most": 1500}},
            (
                "Rows made out of others",
                "none",
                "rewrites by a model, slips of the pen, greetings and thanks; at most 2 out of each row, and "
                "1,500 in all",
            ),
        ),
        (
            {"augment": {"words": {}}},
            {"augment": {"words": {"casual": False, "fillers": False, "swaps": True, "changes": 1}}},
            (
                "Slips of the pen",
                "typing mistakes, small letters and missing marks, left out words that add nothing; at most 2 in a row",
                "typing mistakes, swapped words; at most 1 in a row",
            ),
        ),
        (
            {"augment": {"words": {}}},
            {"augment": {"words": {}, "templates": {"languages": ["en", "de"]}}},
            ("Greetings and thanks", "off", "English, German"),
        ),
        (
            {"augment": {"rewrites": REWRITES}},
            {"augment": {"rewrites": REWRITES[:1]}},
            ("Rewrites by a model", "2 files (77ab01, 1f0c9a)", "1 file (77ab01)"),
        ),
        (
            {"augment": {"words": {}}},
            {"augment": {"words": {}, "at_most": 2000}},
            ("Rows made in all, at most", "no limit", "2,000"),
        ),
        (
            {"augment": {"words": {}}},
            {"augment": {"words": {}, "per_row": 3}},
            ("Rows made out of each row, at most", "1", "3"),
        ),
        ({"augment": {"words": {}}}, {"augment": {"words": {}, "seed": 7}}, ("Seed of the made rows", "42", "7")),
    ],
)
def test_rows_that_are_weighed_tested_with_and_made_are_told_in_plain_words(
    one: dict[str, Any], other: dict[str, Any], change: tuple[str, str, str]
) -> None:
    assert told(chat_steps(**one), chat_steps(**other)) == [change]


def test_every_setting_of_the_made_rows_has_a_title() -> None:
    assert set(MAKING) == set(Augmentation.model_fields) and set(SLIPS) | {"changes"} == set(WordChanges.model_fields)


def test_the_order_of_fixes_and_of_rows_is_no_difference() -> None:
    names = [{"name": "exact_copies"}, {"name": "encoding"}]
    one, other = (chat_steps(fixes=order, left_out=rows) for order, rows in ((names, [1, 2]), (names[::-1], [2, 1])))
    assert told(one, other) == []


def test_a_step_that_came_later_is_told_by_its_description() -> None:
    class Mixture(BaseModel):
        weight: float = Field(1.0, description="How often a row of it is drawn. More says more.")

    class Later(BaseModel):
        mixed: Mixture | None = Field(None, description="Rows of another file.")
        tries: int = 3

    found = changes(Later(), Later(mixed=Mixture(weight=2), tries=5), "")
    assert [(one.what, one.one, one.other) for one in found] == [
        ("Rows of another file", "none", "How often a row of it is drawn: 2.0"),
        ("Tries", "3", "5"),
    ]
    inner = changes(Later(mixed=Mixture()), Later(mixed=Mixture(weight=2)), "")
    assert [(one.what, one.one, one.other) for one in inner] == [("How often a row of it is drawn", "1.0", "2.0")]

"""A test file of its own: its rows, all of them and no others, are the test rows, and nothing of them is trained on."""

from pathlib import Path
from threading import Event
from typing import Any

import numpy
import pandas
import pytest

from studio.datasets.data_card import data_card
from studio.datasets.dividing import COPY, GROUPED, SeparateTest, divide, mapping_for
from studio.datasets.health.report import Finding
from studio.datasets.inspection_helper import Inspection
from studio.datasets.merging import Part, merge
from studio.datasets.rows import new_rows, pack, unpack
from studio.datasets.shapes import Mapping
from studio.datasets.splits import SplitPlan, what_it_proves
from studio.datasets.store import Dataset, add_file
from studio.datasets.versions import DataSteps, Version, prepare
from studio.errors import StudioError
from studio.workspace import Workspace
from tests.conftest import chat_steps

LONG = "and some more words that every one of these few questions has in common with the others"


def table(workspace: Workspace, name: str, words: str, rows: int, extra: tuple[str, ...] = ()) -> Dataset:
    """A CSV of questions and answers that are all different, with `extra` questions at the end."""
    asked = [f"{words}{i} question{i} about{i}?" for i in range(rows)] + list(extra)
    path = workspace.scratch / name
    pandas.DataFrame({"question": asked, "answer": [f"{words} answer{i}" for i in range(len(asked))]}).to_csv(
        path, index=False
    )
    return add_file(workspace, path)


def beside(test: Dataset, **more: Any) -> DataSteps:
    mapping = chat_steps(system=more.pop("system", "")).mapping.model_dump()
    return chat_steps(separate_test={"dataset": test.id, "mapping": mapping}, **more)


def asked(version: Version, split: str) -> list[str]:
    return version.texts(split)["prompt"].tolist()


def near(i: int) -> str:
    return f"Topic{i} {LONG} word{i} other{i}"


@pytest.fixture
def exam(workspace: Workspace) -> Dataset:
    """20 rows, and 3 long questions of which the training file has near copies."""
    return table(workspace, "test.csv", "tested", 20, tuple(near(i) for i in range(3)))


@pytest.fixture
def data(workspace: Workspace) -> Dataset:
    """60 rows, of which the last 5 are copies of test rows: 2 but for case and signs, 3 but for a word."""
    answered = ["tested answer3", "tested answer4", *(f"tested answer{20 + i}" for i in range(3))]
    copies = ["TESTED3 question3 about3?", "tested4 question4 about4!", *(f"{near(i)} please" for i in range(3))]
    questions = [f"trained{i} question{i} about{i}?" for i in range(55)] + copies
    answers = [f"trained answer{i}" for i in range(55)] + answered
    path = workspace.scratch / "rows.csv"
    pandas.DataFrame({"question": questions, "answer": answers}).to_csv(path, index=False)
    return add_file(workspace, path)


def test_the_test_rows_are_those_of_the_file_all_and_only(workspace: Workspace, data: Dataset, exam: Dataset) -> None:
    version = prepare(workspace, data, beside(exam, split={"test": 0.5, "validation": 5}))
    assert asked(version, "test") == exam.frame()["question"].tolist()
    assert version.frame("test")["row"].tolist() == list(range(61, 84))
    assert version.rows == {"train": 50, "validation": 5, "test": 23}
    assert what_it_proves(version.rows["test"], version.kind).startswith("23 test rows can show")
    assert unpack(version.row(61)["messages"].iloc[0])[0]["content"] == "tested0 question0 about0?"
    line = f"| Test rows from a file of their own | test.csv, 23 rows, SHA-256 `{exam.hash}` |"
    assert line in data_card(data, version)
    (exam.folder / "dataset.json").unlink()
    assert f"| `{exam.id}`, no longer on this computer |" in data_card(data, version)


def test_copies_of_test_rows_are_not_trained_on_and_not_checked_with(
    workspace: Workspace, data: Dataset, exam: Dataset
) -> None:
    version = prepare(workspace, data, beside(exam))
    used = set(version.frame("train")["row"]) | set(version.frame("validation")["row"])
    assert used == set(range(1, 56))
    assert version.left_out == [(5, COPY)]


def leaks(workspace: Workspace, data: Dataset, steps: DataSteps) -> Finding | None:
    """What the health report says about rows that are tested with and trained on."""
    request = {"do": "report", "dataset": data.id, "steps": steps.model_dump(), "model": "none", "limit": 512}
    replies = {reply["check"]: reply["finding"] for reply in Inspection(workspace).answer(request, Event())}
    return Finding(**replies["leaks"]) if replies["leaks"] else None


def test_copies_that_are_let_go_are_found_by_the_health_report(
    workspace: Workspace, data: Dataset, exam: Dataset
) -> None:
    steps = beside(exam, split={"near_together": False})
    version = prepare(workspace, data, steps)
    assert version.rows["train"] + version.rows["validation"] == 60 and version.left_out == []
    found = leaks(workspace, data, steps)
    assert found is not None and not found.unknown
    # A copy may have become a check row, and then leaks nothing from training.
    checked = set(version.frame("validation")["row"])
    leaked = [test for test, row in zip((64, 65, 81, 82, 83), range(56, 61), strict=True) if row not in checked]
    assert [row for row in found.rows if row > 60] == leaked
    assert "in the test rows is" in found.examples[0]
    assert leaks(workspace, data, beside(exam)) is None


def test_neither_fixes_nor_hands_touch_the_test_rows(workspace: Workspace, data: Dataset) -> None:
    test = table(workspace, "test.csv", "tested", 6, ("<p>Some</p> <b>markup</b>", "tested0 question0 about0?"))
    steps = beside(test, fixes=[{"name": "markup"}, {"name": "exact_copies"}], left_out=[61, 1], system="Be kind.")
    version = prepare(workspace, data, steps)
    found = [unpack(talk) for talk in version.frame("test")["messages"]]
    assert [talk[1]["content"] for talk in found] == test.frame()["question"].tolist()
    assert found[0][0] == {"role": "system", "content": "Be kind."}


def test_rows_of_the_test_file_that_cannot_be_used_are_counted(workspace: Workspace, data: Dataset) -> None:
    path = workspace.scratch / "holes.csv"
    path.write_text("question,answer\nOne question,one answer\n,no question\nNo answer,\nNo answer here,\n")
    version = prepare(workspace, data, beside(add_file(workspace, path)))
    assert version.rows["test"] == 1 and version.frame("test")["row"].tolist() == [61]
    assert sorted(version.left_out) == [(1, "in the test file: no question"), (2, "in the test file: no answer")]


def test_other_test_rows_are_another_version(workspace: Workspace, data: Dataset) -> None:
    one, two = table(workspace, "test.csv", "tested", 20), table(workspace, "test.csv", "tested", 21)
    first, second = (prepare(workspace, data, beside(test)) for test in (one, two))
    assert first.folder != second.folder and first.fingerprint != second.fingerprint
    before = first.parquet.read_bytes()
    (first.folder / "version.json").unlink()
    assert prepare(workspace, data, beside(one)).parquet.read_bytes() == before


def talks(asked: list[str], **columns: Any) -> pandas.DataFrame:
    messages = [pack([{"role": "user", "content": text}, {"role": "assistant", "content": "Yes."}]) for text in asked]
    return new_rows(columns.pop("row", numpy.arange(1, len(asked) + 1)), messages=messages, **columns)


def test_what_was_made_from_a_copy_of_a_test_row_goes_with_it() -> None:
    asked = ["Where is my lamp now?", "Is the shop open today?", "pls, wheres the lampp!", "hello the shop open??"]
    made = ["", "", "augmented:words", "augmented:words"]
    rows = talks(asked, row=numpy.array([1, 2, 1, 2]), group=made)
    frame, left_out = divide(rows, "chat", SplitPlan(test=0), talks(["where is my LAMP now"], row=numpy.array([3])))
    assert list(zip(frame["row"], frame["split"], strict=True)) == [(2, "train"), (2, "train"), (3, "test")]
    assert left_out == [(2, COPY)]


def test_weights_leave_the_test_file_alone(workspace: Workspace, data: Dataset, exam: Dataset) -> None:
    twice = {"column": "answer", "values": {"trained answer7": 2}}
    steps = beside(exam, split={"validation": 0}, weights=twice)
    assert prepare(workspace, data, steps).rows == {"train": 56, "validation": 0, "test": 23}


def labelled(workspace: Workspace) -> DataSteps:
    test = table(workspace, "labels.csv", "sorted", 5)
    mapping = {"kind": "label", "shape": "text_label", "columns": {"text": "question", "label": "answer"}}
    return chat_steps(separate_test={"dataset": test.id, "mapping": mapping})


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("kind", "rows.csv is read as “Questions and answers”, but the test file labels.csv as “Texts with a group”"),
        ("itself", "learned from and tested with at once"),
        ("gone", "not on this computer"),
        ("empty", "No row of the test file empty.csv can be used: no answer"),
        ("column", "no column called “question”"),
        ("copies", "Every row is nearly the same as a row of the test file"),
    ],
)
def test_impossible_test_files_are_refused_in_words(workspace: Workspace, data: Dataset, case: str, words: str) -> None:
    empty, other = workspace.scratch / "empty.csv", workspace.scratch / "other.csv"
    empty.write_text("question,answer\nNo answer,\nNone here,\n")
    other.write_text("a,b\nNo answer,c\nNone here,d\n")
    steps = {
        "kind": lambda: labelled(workspace),
        "itself": lambda: beside(data),
        "gone": lambda: chat_steps(separate_test={"dataset": "gone-123", "mapping": chat_steps().mapping}),
        "empty": lambda: beside(add_file(workspace, empty)),
        "column": lambda: beside(add_file(workspace, other)),
        "copies": lambda: beside(renamed(workspace, data)),
    }[case]()
    with pytest.raises(StudioError) as caught:
        prepare(workspace, data, steps)
    assert words in caught.value.message and caught.value.hint


def renamed(workspace: Workspace, data: Dataset) -> Dataset:
    """The same rows as another file."""
    path = workspace.scratch / "same.tsv"
    data.frame().to_csv(path, index=False, sep="\t")
    return add_file(workspace, path)


def read_as(dataset: Dataset, mapping: Mapping) -> tuple[str, dict[str, str]] | None:
    found = mapping_for(mapping, dataset)
    return (found.shape, found.columns) if found else None


def test_a_test_file_is_read_like_the_other_or_guessed(workspace: Workspace, data: Dataset, tmp_path: Path) -> None:
    mapping = chat_steps(system="Be kind.").mapping
    mapping.columns = {"prompt": "{question} ({answer})", "reply": "answer"}
    assert mapping_for(mapping, data) == mapping
    path = tmp_path / "test.jsonl"
    path.write_text('{"prompt": "What is it?", "completion": "A lamp."}\n' * 3)
    guessed = mapping_for(mapping, add_file(workspace, path))
    assert guessed is not None and guessed.system == "Be kind."
    assert guessed.columns == {"prompt": "prompt", "reply": "completion"}
    path.write_text("")
    labels = table(workspace, "test.csv", "sorted", 5)
    sorting = Mapping(kind="label", shape="text_label", columns={"text": "body", "label": "topic"})
    assert read_as(labels, sorting) is None


def of_customers(
    workspace: Workspace, name: str, words: str, customers: list[str], column: str = "customer"
) -> Dataset:
    path = workspace.scratch / name
    rows = {"question": [f"{words}{i} question{i} about{i}?" for i in range(len(customers))], column: customers}
    pandas.DataFrame({**rows, "answer": [f"{words} answer{i}" for i in range(len(customers))]}).to_csv(
        path, index=False
    )
    return add_file(workspace, path)


def grouped(test: Dataset, own: str, others: str) -> DataSteps:
    """Steps beside a test file: the column that keeps rows together here, and the one there."""
    steps = beside(test, split={"validation": 0, "near_together": False})
    steps.mapping.group = own
    assert steps.separate_test is not None
    steps.separate_test.mapping.group = others
    return steps


def test_customers_of_the_test_file_are_not_trained_on(workspace: Workspace) -> None:
    data = of_customers(workspace, "rows.csv", "trained", ["A", "B", "C", "", "B"])
    exam = of_customers(workspace, "test.csv", "tested", ["B", "D", ""])
    version = prepare(workspace, data, grouped(exam, "customer", "customer"))
    assert version.frame("train")["row"].tolist() == [1, 3, 4] and version.left_out == [(2, GROUPED)]
    read = mapping_for(grouped(exam, "customer", "").mapping, exam)
    assert read is not None and read.group == "customer"
    # Equal values of other columns say nothing, and neither does a file that names no column.
    other = of_customers(workspace, "shops.csv", "tested", ["B", "D"], "shop")
    assert prepare(workspace, data, grouped(other, "customer", "shop")).rows["train"] == 5
    assert prepare(workspace, data, grouped(exam, "customer", "")).rows["train"] == 5
    all_of_one = of_customers(workspace, "one.csv", "trained", ["B", "B"])
    with pytest.raises(StudioError, match="Every row is of a group that is in the test file"):
        prepare(workspace, all_of_one, grouped(exam, "customer", "customer"))


def test_a_merged_dataset_knows_the_customers_of_a_test_file(workspace: Workspace) -> None:
    mapping = grouped(of_customers(workspace, "x.csv", "x", ["A"]), "customer", "").mapping
    parts = [
        Part(of_customers(workspace, name, name, ["A", "B", "C"]).id, DataSteps(mapping=mapping))
        for name in ("jan.csv", "feb.csv")
    ]
    merged, steps = merge(workspace, parts)
    exam = of_customers(workspace, "test.csv", "tested", ["B"])
    read = mapping_for(steps.mapping, exam, [mapping])
    assert read is not None and read.group == "customer"
    split = SplitPlan(validation=0, near_together=False)
    separate = SeparateTest(dataset=exam.id, mapping=read)
    version = prepare(workspace, merged, steps.model_copy(update={"separate_test": separate, "split": split}))
    assert version.frame("train")["row"].tolist() == [1, 3, 4, 6] and version.left_out == [(2, GROUPED)]

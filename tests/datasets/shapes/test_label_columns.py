"""A column for each label, with yes or no in it: recognised when nothing else is meant, and read as a list."""

import pytest

from studio.datasets.rows import unpack
from studio.datasets.shapes import Mapping, apply
from studio.datasets.shapes.label_columns import joined, names_of
from studio.errors import StudioError
from tests.datasets.shapes.tables import guessed, mapped, reasons, table

TEXTS = ["My parcel number {} is late", "I want my {} euros back", "Please send {} more"]


def letters(**columns: list[str]) -> list[dict[str, str]]:
    """Twelve letters with a number each; each column goes through its values again and again."""
    return [
        {"id": str(i), "letter": TEXTS[i % 3].format(i), **{k: v[i % len(v)] for k, v in columns.items()}}
        for i in range(12)
    ]


@pytest.mark.parametrize(
    ("on", "off"), [("1", "0"), ("true", "false"), ("Yes", "No"), ("x", ""), ("1.0", "0.0"), ("ja", "nein"), ("1", "")]
)
def test_a_column_for_each_label_is_recognised_however_it_says_yes(on: str, off: str) -> None:
    frame = table(*letters(late=[on, off, off], angry=[on, on, off, off]))
    found = guessed(frame)
    assert (found.mapping.shape, found.sure) == ("label_columns", True)
    assert found.mapping.columns == {"text": "letter", "labels": "late, angry"}
    assert "“late”, “angry”" in found.reason and "“letter”" in found.reason
    rows = mapped(frame)
    assert [unpack(label) for label in rows["label"][:4]] == [["late", "angry"], ["angry"], [], ["late"]]
    assert rows["label"][2] == "[]"  # a text without any label is kept


def test_a_rare_label_without_a_row_at_the_beginning_is_one_too() -> None:
    found = guessed(table(*letters(late=["1", "0"], angry=["0", "1", "1"], threat=["0"], source=["web"])))
    assert found.mapping.columns["labels"] == "late, angry, threat"


def test_many_labels_win_over_one_column_of_groups() -> None:
    flags = {f"topic {number}": ["0", "1", "0", str(number % 2)] for number in range(8)}
    found = guessed(table(*letters(desk=["north", "south", "east"], **flags)))
    assert found.mapping.shape == "label_columns"
    assert "“topic 4” and 3 more" in found.reason


@pytest.mark.parametrize(
    ("columns", "shape"),
    [
        ({"late": ["1", "0"]}, "text_label"),
        ({"label": ["a", "b"], "late": ["1", "0"], "angry": ["0", "1", "1"]}, "text_label"),
        ({"label": ["0", "1"], "checked": ["yes", "no"]}, "text_label"),
        ({"desk": ["north", "south", "east"], "late": ["1", "0"], "angry": ["0", "1", "1"]}, "text_label"),
        ({"stars": ["1", "3", "5"], "verified": ["1", "0"], "angry": ["0", "1", "1"]}, "text_number"),
        ({"late": ["1", "0", "2"], "angry": ["0", "1", "3"]}, "text_label"),
        ({"reply": ["It is on its way, {}"], "good": ["1", "0"], "kind": ["0", "1", "1"]}, None),
    ],
)
def test_tables_that_mean_something_else_stay_what_they_are(columns: dict[str, list[str]], shape: str | None) -> None:
    found = guessed(table(*letters(**columns)))
    assert found.mapping.shape == shape if shape else found.mapping.shape != "label_columns"


def test_names_with_commas_are_written_as_a_list() -> None:
    assert joined(["late", "very angry"]) == "late, very angry"
    assert joined(["late, or lost", "angry"]) == '["late, or lost","angry"]'
    for columns in (["late", "very angry"], ["late, or lost", "angry"], ["[a]", "b"], ["a"]):
        assert names_of(joined(columns)) == columns
    assert names_of(" late,angry , late,") == ["late", "angry"]
    frame = table(*letters(**{"late, or lost": ["1", "0"], "angry": ["1", "0", "0"]}))
    assert unpack(mapped(frame)["label"][0]) == ["late, or lost", "angry"]


def test_what_is_neither_yes_nor_no_is_left_out_with_its_column() -> None:
    mapping = Mapping(kind="label", shape="label_columns", columns={"text": "t", "labels": "a, b"})
    assert reasons(table({"t": "x", "a": "1", "b": "maybe"}, {"t": "", "a": "1", "b": "1"}), mapping) == [
        "neither yes nor no in “b”",
        "no text",
    ]


def test_a_column_that_is_not_there_is_named() -> None:
    mapping = Mapping(kind="label", shape="label_columns", columns={"text": "t", "labels": "a, c"})
    with pytest.raises(StudioError, match="no column called “c”") as caught:
        apply(table({"t": "x", "a": "1"}), mapping)
    assert "Labels" in caught.value.hint


@pytest.mark.parametrize("labels", [",", " , ", "[]"])
def test_labels_that_name_no_column_are_refused_in_words(labels: str) -> None:
    mapping = Mapping(kind="label", shape="label_columns", columns={"text": "letter", "labels": labels})
    with pytest.raises(StudioError, match="names no column for “Labels”"):
        apply(table(*letters(late=["1", "0"])), mapping)

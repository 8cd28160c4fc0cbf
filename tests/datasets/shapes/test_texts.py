"""Texts with a label, with a number, and texts alone."""

import pytest

from studio.datasets.rows import unpack
from studio.datasets.shapes import Mapping, apply
from tests.datasets.shapes.tables import guessed, mapped, reasons, table


def tickets(**columns: list[str]) -> list[dict[str, str]]:
    """Twelve rows; each column goes through its values again and again."""
    return [
        {"id": str(i), "date": f"0{i % 9 + 1}.03.2024", **{k: v[i % len(v)].format(i) for k, v in columns.items()}}
        for i in range(12)
    ]


TEXT = ["My parcel number {} is late", "I want my {} euros back", "Please send {} more"]


def test_a_column_called_a_label_is_one() -> None:
    found = guessed(table(*tickets(text=TEXT, category=["late", "refund", "order"])))
    assert (found.mapping.shape, found.sure) == ("text_label", True)
    assert found.mapping.columns == {"text": "text", "label": "category"}
    assert "“category”" in found.reason and "3 different values" in found.reason


def test_few_distinct_values_beside_a_text_are_labels_whatever_their_name() -> None:
    found = guessed(table(*tickets(what=TEXT, where_to=["desk a", "desk b"])))
    assert (found.mapping.shape, found.sure) == ("text_label", True)
    assert found.mapping.columns == {"text": "what", "label": "where_to"}


def test_a_table_sorted_by_label_shows_only_one_at_first() -> None:
    found = guessed(table(*tickets(text=TEXT, category=["late"])))
    assert found.mapping.columns["label"] == "category" and "only 1 value" in found.reason


def test_two_columns_of_text_are_judged_together() -> None:
    found = guessed(table(*tickets(subject=["About parcel {}"], details=TEXT, label=["0", "1"])))
    assert found.mapping.columns == {"text": "{subject}\n{details}", "label": "label"}


@pytest.mark.parametrize(
    ("cells", "separator"),
    [
        (["late; angry", "late", "angry"], ";"),
        (["late|angry", "late", "angry"], "|"),
        (["late, angry", "late", "angry"], ","),
        (['["late", "angry"]', '["late"]', "[]"], ""),
    ],
)
def test_several_labels_are_told_apart(cells: list[str], separator: str) -> None:
    frame = table(*tickets(text=TEXT, tags=cells))
    found = guessed(frame)
    assert found.mapping.shape == "text_labels"
    assert found.mapping.columns.get("separator", "") == separator
    rows, _ = apply(frame, found.mapping)
    assert unpack(rows["label"][0]) == ["late", "angry"]
    assert unpack(rows["label"][1]) == ["late"]


def test_a_text_without_any_label_is_kept_and_one_without_a_word_on_it_is_not() -> None:
    mapping = Mapping(kind="label", shape="text_labels", columns={"text": "text", "labels": "tags"})
    cells = ["[]", " [ ] ", "", '[""]', "[null]", "late"]
    rows, left_out = apply(table(*[{"text": f"Parcel {i}", "tags": cell} for i, cell in enumerate(cells)]), mapping)
    assert rows["label"].tolist() == ["[]", "[]", '["late"]']
    assert [(row.row, row.reason) for row in left_out] == [(3, "no label"), (4, "no label"), (5, "no label")]


def test_a_comma_in_a_label_does_not_make_it_several() -> None:
    found = guessed(table(*tickets(text=TEXT, label=["yes, please", "no, thanks", "later"])))
    assert found.mapping.shape == "text_label"


def test_a_text_with_a_score() -> None:
    frame = table(*tickets(review=TEXT, score=["1.5", "4", "2,000.25"]))
    found = guessed(frame)
    assert (found.mapping.shape, found.sure) == ("text_number", True)
    assert list(mapped(frame)["label"][:3]) == ["1.5", "4", "2000.25"]


def test_a_decimal_comma_is_recognised() -> None:
    frame = table(*tickets(text=TEXT, note=["1,5", "4", "1.002,25"]))
    assert guessed(frame).mapping.columns["decimal"] == ","
    assert list(mapped(frame)["label"][:3]) == ["1.5", "4", "1002.25"]


def test_a_score_by_name_goes_before_a_group_by_looks() -> None:
    found = guessed(table(*tickets(description=TEXT, brand=["one", "two"], price=["1.99", "2.99", "3.99"])))
    assert found.mapping.columns == {"text": "description", "number": "price"}
    assert "text_label" in [other.shape for other in found.others]


def test_articles_with_a_title_and_an_address_are_plain_text() -> None:
    rows = [{"url": f"https://e.org/{i}", "title": f"Title no {i}", "text": f"Long text {i}. " * 30} for i in range(6)]
    found = guessed(table(*rows))
    assert (found.mapping.columns, found.sure) == ({"text": "text"}, True)


def test_running_numbers_are_neither_labels_nor_numbers() -> None:
    rows = [{"n": str(i), "text": f"Some text about {i}, and more. " * 20} for i in range(12)]
    assert guessed(table(*rows)).mapping.shape == "plain_text"


@pytest.mark.parametrize("cell", ["many", "nan", "1e999", "--3", "1" * 400, "٣٫٥"])
def test_a_number_that_cannot_be_read_is_left_out(cell: str) -> None:
    mapping = Mapping(kind="number", shape="text_number", columns={"text": "t", "number": "n"})
    assert reasons(table({"t": "a", "n": cell}, {"t": "a", "n": ""}), mapping) == [
        "a number that cannot be read",
        "no number",
    ]


def test_documents_are_cut_and_their_pieces_stay_together() -> None:
    sentence = "This is a sentence of a document. "
    frame = table({"text": sentence * 30}, {"text": " "}, {"text": "A short one is here."})
    found = guessed(frame, "notes.txt")
    assert (found.mapping.shape, found.sure) == ("plain_text", True)
    rows, left_out = apply(frame, found.mapping.model_copy(update={"passage_length": 200}))
    assert [(row.row, row.reason) for row in left_out] == [(2, "no text")]
    assert list(rows["row"]) == [1] * (len(rows) - 1) + [3]
    assert len(set(rows["group"][:-1])) == 1 and rows["group"].iloc[-1] != rows["group"][0]
    assert all(len(text) <= 200 and text.endswith(".") for text in rows["text"])


def test_where_a_text_comes_from_is_never_taken_for_text() -> None:
    rows = [{"document": f"my notes.txt, line {i // 2}", "text": f"Some words about {i}, and more."} for i in range(9)]
    found = guessed(table(*rows), "everything.zip")
    assert (found.mapping.columns, found.sure) == ({"text": "text"}, True)
    assert found.mapping.group == "document" and found.others == []


def test_a_document_in_several_rows_is_kept_together_by_its_column() -> None:
    rows = [{"file": f"{'ab'[i // 3]}.pdf", "text": f"Page {i} has some words on it."} for i in range(6)]
    assert guessed(table(*rows), "papers.zip").mapping.group == "file"

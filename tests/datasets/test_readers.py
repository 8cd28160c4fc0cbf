"""Files become rows, or a sentence that names file, line and reason."""

from pathlib import Path

import pytest

from studio.datasets.readers import read
from studio.errors import StudioError


def table(tmp_path: Path, name: str, data: bytes | str):
    path = tmp_path / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return read(path)


def test_csv_keeps_every_cell_as_text(tmp_path: Path) -> None:
    found = table(tmp_path, "a.csv", 'q,a,n\n"Hello, you",NA,007\nSecond,"two\nlines",1e5\n')
    assert found.frame.to_dict("records") == [
        {"q": "Hello, you", "a": "NA", "n": "007"},
        {"q": "Second", "a": "two\nlines", "n": "1e5"},
    ]
    assert found.format == "CSV, comma-separated"


@pytest.mark.parametrize(("delimiter", "word"), [(";", "semicolon"), ("\t", "tab"), ("|", "bar")])
def test_other_delimiters_are_recognised(tmp_path: Path, delimiter: str, word: str) -> None:
    found = table(tmp_path, "a.csv", f"q{delimiter}a\none, two{delimiter}three\n")
    assert list(found.frame.columns) == ["q", "a"]
    assert word in found.format


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_letters_survive_any_usual_encoding(tmp_path: Path, encoding: str) -> None:
    rows = "question,answer\n" + "Größe für die Küche?,Ja, natürlich – 5 £ für später.\n".replace("Ja, ", "Ja ") * 8
    found = table(tmp_path, "a.csv", rows.encode(encoding))
    assert found.frame["question"][0] == "Größe für die Küche?"
    assert "5 £" in found.frame["answer"][0]


def test_blank_rows_are_left_out_and_counted(tmp_path: Path) -> None:
    found = table(tmp_path, "a.csv", "q,a\none,two\n,\nthree,four\n")
    assert len(found.frame) == 2
    assert found.notes == ["1 blank rows were left out."]


def test_repeated_and_empty_column_names_can_be_told_apart(tmp_path: Path) -> None:
    columns = list(table(tmp_path, "a.csv", "q,q,\n1,2,3\n").frame.columns)
    assert len(set(columns)) == 3


def test_jsonl_rows_with_other_fields_each(tmp_path: Path) -> None:
    found = table(tmp_path, "a.jsonl", '{"q": "one", "a": null}\n\n{"q": "two", "more": {"x": [1]}}\n')
    assert found.frame.to_dict("records") == [
        {"q": "one", "a": "", "more": ""},
        {"q": "two", "a": "", "more": '{"x": [1]}'},
    ]


def test_a_lone_surrogate_becomes_valid_text(tmp_path: Path) -> None:
    assert table(tmp_path, "a.jsonl", '{"q": "x\\ud800y"}\n').frame["q"][0] == "x?y"


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.csv", "", "empty"),
        ("a.csv", "  \n \n", "empty"),
        ("a.csv", "question,answer\n", "no rows"),
        ("a.csv", b"PK\x03\x04\x00\x00\x00\x00\x08\x00rest,of\x00it\nx,y\n", "not a text file"),
        ("a.csv", 'q,a\n"never closed,b\nc,d\n', "could not be read as a table"),
        ("a.csv", "q,a\none,two\nthree,four,five\n", "line 3"),
        ("a.csv", "q,a\none,two,three\n", "more cells than"),
        ("a.jsonl", '{"q": 1}\n{"q": \n', "Line 2"),
        ("a.jsonl", "[1, 2]\n", "Line 1"),
        ("a.jsonl", "[" * 100_000 + "\n", "Line 1"),
        ("a.jsonl", '{"q": ' + "9" * 5000 + "}\n", "Line 1"),
        ("a.exe", "x", "not a kind of file"),
    ],
)
def test_bad_files_get_a_sentence(tmp_path: Path, name: str, data: bytes | str, words: str) -> None:
    with pytest.raises(StudioError) as caught:
        table(tmp_path, name, data)
    assert words in caught.value.text
    assert caught.value.hint
    assert name in caught.value.message or "Line" in caught.value.message


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="not there"):
        read(tmp_path / "gone.csv")

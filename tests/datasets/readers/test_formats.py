"""Every kind of file becomes rows as a person would expect them."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pandas
import pytest

from studio.datasets.readers import open_file, read, sheets_of
from studio.datasets.readers.table import FIRST_CHUNK, Opened
from studio.errors import StudioError
from tests.datasets.readers import files


def opened(tmp_path: Path, name: str, data: bytes | str, sheet: str | None = None) -> tuple[Opened, pandas.DataFrame]:
    path = tmp_path / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    found = open_file(path, name, sheet)
    return found, pandas.concat(list(found.chunks), ignore_index=True)


@pytest.mark.parametrize("name", files.one_of_each())
def test_every_kind_gives_rows_of_text(tmp_path: Path, name: str) -> None:
    found, frame = opened(tmp_path, name, files.one_of_each()[name])
    assert len(frame) >= 1 and found.format
    assert frame.map(lambda cell: isinstance(cell, str)).all().all()
    assert found.dropped == []
    assert found.share() == 1 or name.endswith((".arrow", ".xlsx"))


def test_the_first_chunk_is_small_and_all_rows_come(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("n\n" + "".join(f"{i}\n" for i in range(120_000)))
    found = open_file(path)
    sizes = [len(chunk) for chunk in found.chunks]
    assert sizes[0] == FIRST_CHUNK and max(sizes) <= 50_000 and sum(sizes) == 120_000


def test_a_row_of_the_wrong_length_is_dropped_with_its_line(tmp_path: Path) -> None:
    lines = [f'"row\n{i}",b' for i in range(60)]
    lines[30] = "only one"
    found, frame = opened(tmp_path, "a.csv", "q,a\n" + "\n".join(lines) + "\nx,y,z\n")
    assert len(frame) == 59
    assert [(row.line, row.text) for row in found.dropped] == [(62, "only one"), (121, "x | y | z")]
    assert "2 of 61 rows could not be read" in found.notes[-1]


def test_surplus_empty_cells_do_no_harm(tmp_path: Path) -> None:
    _, frame = opened(tmp_path, "a.csv", "q,a\none,two,,\n")
    assert frame.to_dict("records") == [{"q": "one", "a": "two"}]


def test_a_single_column_may_hold_commas(tmp_path: Path) -> None:
    found, frame = opened(tmp_path, "a.csv", 'text\nfirst, with a comma\n\n"second, quoted"\n')
    assert list(frame["text"]) == ["first, with a comma", "second, quoted"]
    assert found.format == "CSV, one column"


def test_the_delimiter_is_the_one_that_fits_the_rows(tmp_path: Path) -> None:
    _, frame = opened(tmp_path, "a.csv", "q;a, in short\nWhere, please?;Here\nWhen?;Now, or never, or so\n")
    assert list(frame["q"]) == ["Where, please?", "When?"]


def test_old_line_ends_are_line_ends(tmp_path: Path) -> None:
    assert len(opened(tmp_path, "a.csv", "q,a\rone,two\rthree,four\r")[1]) == 2


def test_a_letter_cut_in_half_does_not_change_the_encoding(tmp_path: Path) -> None:
    data = "q,a\n" + "grün,schön\n" * 50 + "späte"
    found, frame = opened(tmp_path, "a.csv", (data + ",ö").encode()[:-1])
    assert frame["a"][0] == "schön" and found.encoding == "UTF-8"
    assert "not valid UTF-8" in found.notes[0]


def test_an_accent_late_in_the_file_still_decides_the_encoding(tmp_path: Path) -> None:
    data = b"q,a\n" + b"one,two\n" * 400_000 + "für,später möglich\n".encode("cp1252") * 20
    found, frame = opened(tmp_path, "a.csv", data)
    assert frame["q"].iloc[-1] == "für" and "1252" in found.encoding


def test_json_lists_wherever_they_are(tmp_path: Path) -> None:
    rows = [{"q": "one", "a": {"deep": [1.5, None, True]}}, {"q": "two", "a": 7}]
    inner = {"version": 1, "data": rows, "authors": [{"name": "x"}]}
    for document in (rows, inner, {"outer": inner}):
        found, frame = opened(tmp_path, "a.json", json.dumps(document, indent=1))
        assert frame.to_dict("records") == [{"q": "one", "a": '{"deep": [1.5, null, true]}'}, {"q": "two", "a": "7"}]
        assert bool(found.notes) == (document is not rows)
    assert "authors” with 1 entries was left out" in found.notes[0]


def test_json_lines_under_the_name_json_and_the_other_way_round(tmp_path: Path) -> None:
    assert len(opened(tmp_path, "a.json", '{"q": 1}\n{"q": 2}\n')[1]) == 2
    assert len(opened(tmp_path, "a.jsonl", '[\n{"q": 1},\n{"q": 2}]')[1]) == 2


def test_a_broken_line_among_many_is_dropped(tmp_path: Path) -> None:
    found, frame = opened(tmp_path, "a.jsonl", '{"q": "x"}\n' * 40 + "{oops\n" + '{"q": "x"}\n' * 40)
    assert len(frame) == 80
    assert [(row.line, row.text) for row in found.dropped] == [(41, "{oops")]


def test_a_column_that_comes_late_is_kept(tmp_path: Path) -> None:
    frame = read(write(tmp_path, "a.jsonl", '{"q": "x"}\n' * 500 + '{"q": "x", "late": "y"}\n')).frame
    assert frame["late"].iloc[0] == "" and frame["late"].iloc[-1] == "y"


def test_parquet_values_are_written_as_json_writes_them(tmp_path: Path) -> None:
    frame = pandas.DataFrame(
        {
            "text": ["a", None],
            "yes": [True, False],
            "number": [1, 2],
            "messages": [[{"role": "user", "content": "é"}], []],
            "at": [datetime(2024, 3, 5, 14, 30, tzinfo=UTC), None],
            "picture": [b"\xff\xd8", None],
        }
    )
    found, read_back = opened(tmp_path, "a.parquet", files.parquet(frame))
    first = read_back.iloc[0].to_dict()
    assert first["messages"] == '[{"role": "user", "content": "é"}]'
    assert (first["yes"], first["number"], first["picture"]) == ("true", "1", "")
    assert first["at"].startswith("2024-03-05 14:30")
    assert list(read_back["text"]) == ["a", ""]
    assert any("picture" in note for note in found.notes)


def test_cells_of_a_workbook_come_as_people_see_them(tmp_path: Path) -> None:
    found, frame = opened(tmp_path, "a.xlsx", files.workbook())
    assert frame.to_dict("records") == [
        {
            "day": "2024-03-05",
            "price": "12.50 €",
            "share": "12.5%",
            "code": "00815",
            "sure": "TRUE",
            "count": "3",
            "formula": "",
        },
        {
            "day": "2024-03-05 14:30",
            "price": "1,234.50 €",
            "share": "100.0%",
            "code": "00007",
            "sure": "FALSE",
            "count": "0.3",
            "formula": "",
        },
    ]
    assert (found.sheet, found.notes[0]) == (
        "Prices",
        "The sheet “Prices” was read; the workbook also has: Names.",
    )


def test_a_sheet_can_be_chosen(tmp_path: Path) -> None:
    found, frame = opened(tmp_path, "a.xlsx", files.workbook(), sheet="Names")
    assert frame.to_dict("records") == [{"name": "Ada"}] and found.sheet == "Names"
    assert sheets_of(tmp_path / "a.xlsx") == ["Prices", "Names"]
    assert sheets_of(write(tmp_path, "a.csv", "q\n1\n")) == []
    with pytest.raises(StudioError, match="no sheet called “Gone”"):
        open_file(tmp_path / "a.xlsx", sheet="Gone")


def test_a_title_above_the_table_is_left_out(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    for row in (["Spring list"], [], ["q", "a"], ["one", "two"], [], ["three", None, "extra"]):
        book.active.append(row)
    found, frame = opened(tmp_path, "a.xlsx", files.saved(book.save))
    assert frame.fillna("").to_dict("records") == [
        {"q": "one", "a": "two", "column 3": ""},
        {"q": "three", "a": "", "column 3": "extra"},
    ]
    assert "Spring list" in found.notes[0] and "1 blank rows" in found.notes[-1]


def test_a_word_document_keeps_headings_lists_and_tables(tmp_path: Path) -> None:
    _, frame = opened(tmp_path, "a.docx", files.word())
    assert frame["text"][0] == "# Returns\n\nYou have 30 days.\n\n- with the slip\n\nitem | fee\nlamp | 5 €"


def test_a_page_is_read_without_its_scripts(tmp_path: Path) -> None:
    page = "<title>Shop</title><h2>Hours</h2><p>Open &amp; warm<script>alert(1)</script>"
    page += "<table><tr><td>Mon</td><td>9 to 5</td></tr></table><style>p{}</style>"
    _, frame = opened(tmp_path, "a.html", page)
    assert frame["document"][0] == "Shop"
    assert frame["text"][0].startswith("## Hours\n\nOpen & warm")
    assert "Mon" in frame["text"][0] and "9 to 5" in frame["text"][0]
    assert "alert" not in frame["text"][0] and "p{}" not in frame["text"][0]


def test_a_page_says_what_its_letters_are(tmp_path: Path) -> None:
    page = '<meta charset="windows-1250"><p>Łódź jest piękna, żółta i duża</p>'.encode("cp1250")
    found, frame = opened(tmp_path, "a.html", page)
    assert frame["text"][0] == "Łódź jest piękna, żółta i duża" and found.notes == []


def test_the_pages_of_a_pdf_are_one_text(tmp_path: Path) -> None:
    _, frame = opened(tmp_path, "a.pdf", files.pdf("It ends with a hy-", "phen and goes on", "New page."))
    assert frame.to_dict("records") == [{"document": "a.pdf", "text": "It ends with a hyphen and goes on\n\nNew page."}]


def test_a_scanned_pdf_gets_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="probably scanned"):
        opened(tmp_path, "a.pdf", files.pdf("", ""))


def test_long_lines_without_gaps_are_documents_of_their_own(tmp_path: Path) -> None:
    found, frame = opened(tmp_path, "a.txt", "".join(f"Article {i}. {'Some words. ' * 40}\n" for i in range(6)))
    assert len(frame) == 6 and frame["document"][2] == "a.txt, line 3"
    assert found.format == "Plain text, one document a line"


def test_other_text_is_one_document(tmp_path: Path) -> None:
    _, frame = opened(tmp_path, "a.txt", "A title\r\n\r\nA paragraph.\r\n")
    assert frame.to_dict("records") == [{"document": "a.txt", "text": "A title\n\nA paragraph."}]


def test_a_zip_puts_files_of_one_kind_together(tmp_path: Path) -> None:
    inside = {"a/one.csv": files.CSV, "two.csv": files.CSV, "README.txt": b"Hello", "__MACOSX/._one.csv": b"\0"}
    found, frame = opened(tmp_path, "a.zip", files.zipped(inside))
    assert list(frame["file"].unique()) == ["a/one.csv", "two.csv"]
    assert len(frame) == 6 and list(frame.columns) == ["file", "question", "answer"]
    assert "README.txt" in found.notes[0]


def test_one_damaged_document_in_a_zip_does_not_cost_the_others(tmp_path: Path) -> None:
    inside = {"a.pdf": files.pdf("Good."), "b.pdf": b"%PDF-1.4 nonsense" * 9}
    found, frame = opened(tmp_path, "a.zip", files.zipped(inside))
    assert list(frame["document"]) == ["a.pdf"]
    assert any("b.pdf" in note for note in found.notes)


def write(tmp_path: Path, name: str, data: str) -> Path:
    (tmp_path / name).write_text(data)
    return tmp_path / name

"""Whatever a file holds: rows of text, or one sentence that names it; never another error, a hang or a bomb."""

import io
import random
import resource
import struct
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import docx
import openpyxl
import pandas
import pypdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.datasets.readers import ENDINGS, open_file, package, table
from studio.datasets.store import add_file
from studio.errors import StudioError
from studio.workspace import Workspace
from tests.datasets.readers import files

VALID = files.one_of_each()
FUZZ = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))


def outcome(name: str, data: bytes) -> pandas.DataFrame | StudioError:
    """The rows of a file, checked to be text that Parquet can hold, or the sentence about it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        try:
            frames = list(open_file(path, name).chunks)
        except StudioError as error:
            words = error.message
            assert name in words and error.hint and "Traceback" not in words, error.text
            return error
    rows = pandas.concat(frames, ignore_index=True).fillna("")
    assert rows.map(lambda cell: isinstance(cell, str) and cell.encode() is not None).all().all()
    assert len(rows) and rows.columns.is_unique
    return rows


def refused(name: str, data: bytes, words: str) -> None:
    found = outcome(name, data)
    assert isinstance(found, StudioError) and words in found.text, found


@pytest.mark.parametrize("ending", ENDINGS)
def test_random_bytes_under_any_name(ending: str) -> None:
    @FUZZ
    @given(st.binary(max_size=400))
    def check(data: bytes) -> None:
        outcome(f"a{ending}", data)

    check()


@pytest.mark.parametrize(
    "name", [name for name in VALID if name.endswith((".csv", ".tsv", ".json", ".jsonl", ".html"))]
)
def test_text_that_looks_like_the_format(name: str) -> None:
    signs = st.sampled_from(
        ["[", "]", "{", "}", ",", ":", '"', "\n", "\r", "<", ">", "a", "1", "\ud800", "\0", "é", "\t"]
    )

    @FUZZ
    @given(st.lists(signs, max_size=60).map("".join))
    def check(text: str) -> None:
        outcome(name, text.encode("utf-8", "surrogatepass"))

    check()


@pytest.mark.parametrize("name", VALID)
def test_a_file_that_breaks_off_or_is_damaged_anywhere(name: str) -> None:
    data, chance = VALID[name], random.Random(7)
    for _ in range(12):
        outcome(name, data[: chance.randrange(len(data))])
        damaged = bytearray(data)
        for _ in range(5):
            damaged[chance.randrange(len(data))] = chance.randrange(256)
        outcome(name, bytes(damaged))


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_file_under_every_other_name(ending: str) -> None:
    for data in VALID.values():
        outcome(f"a{ending}", data)


def test_a_zip_that_declares_too_much_is_not_opened() -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"q,a\n" + b"0" * 60_000_000)
    refused("a.zip", bomb.getvalue(), "would grow to 60 MB")


def test_a_zip_that_lies_about_its_size_is_stopped() -> None:
    data = bytearray(files.zipped({"a.csv": b"q,a\n" + b"1,2\n" * 100_000}))
    entry = data.rindex(b"PK\x01\x02")
    struct.pack_into("<I", data, entry + 24, 10)  # the declared size, in the list of contents
    assert isinstance(outcome("a.zip", bytes(data)), StudioError)


@pytest.mark.parametrize(
    ("limit", "value", "words"), [("MAX_FILES", 2, "3 files"), ("MAX_UNPACKED", 9, "when unpacked")]
)
def test_a_zip_has_limits(monkeypatch: pytest.MonkeyPatch, limit: str, value: int, words: str) -> None:
    monkeypatch.setattr(package, limit, value)
    refused("a.zip", files.zipped({f"{i}.csv": files.CSV for i in range(3)}), words)


def test_a_zip_cannot_write_outside_its_place(tmp_path: Path) -> None:
    names = ["../../evil.csv", "/etc/evil.csv", "..\\..\\evil2.csv", "C:\\evil.csv"]
    before = {path for path in tmp_path.parent.rglob("*evil*")}
    rows = outcome("a.zip", files.zipped({name: files.CSV for name in names}))
    assert isinstance(rows, pandas.DataFrame) and len(rows) == 12
    assert {path for path in tmp_path.parent.rglob("*evil*")} == before and not Path("/etc/evil.csv").exists()


def test_a_link_in_a_zip_is_not_followed() -> None:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        link = zipfile.ZipInfo("a.csv")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    refused("a.zip", sink.getvalue(), "no file that can be read")


def test_a_zip_in_a_zip_is_not_opened() -> None:
    refused("a.zip", files.zipped({"b.zip": files.zipped({"a.csv": files.CSV})}), ".zip inside a .zip")


def test_what_is_locked_says_so() -> None:
    locked = bytearray(files.zipped({"a.csv": files.CSV}))
    locked[6] |= 1
    locked[locked.rindex(b"PK\x01\x02") + 8] |= 1
    refused("a.zip", bytes(locked), "locked with a password")
    refused("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "locked with a password")
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(files.pdf("Secret")))
    writer.encrypt("password", algorithm="RC4-128")
    refused("a.pdf", files.saved(writer.write), "encrypted")


BOMB = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + b"".join(
    f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">'.encode() for i in range(10)
)


@pytest.mark.parametrize("hidden", [b"", b"<!--" + b" " * 5000 + b"-->"])
@pytest.mark.parametrize(
    ("name", "part", "body"),
    [
        (
            "a.xlsx",
            "xl/worksheets/sheet1.xml",
            b"<worksheet><sheetData><row><c><v>&k;</v></c></row></sheetData></worksheet>",
        ),
        ("a.xlsx", "xl/workbook.xml", b"<workbook>&k;</workbook>"),
        ("a.docx", "word/document.xml", b"<x>&k;</x>"),
    ],
)
def test_an_xml_bomb_does_not_go_off(name: str, part: str, body: bytes, hidden: bytes) -> None:
    bomb = BOMB.replace(b"?><!D", b"?>" + hidden + b"<!D") + b"]>" + body
    with zipfile.ZipFile(io.BytesIO(VALID[name])) as archive:
        parts = {entry: archive.read(entry) for entry in archive.namelist()}
    assert isinstance(outcome(name, files.zipped({**parts, part: bomb})), StudioError)


def test_a_sheet_may_lie_about_where_its_cells_are() -> None:
    book = openpyxl.Workbook()
    book.active.append(["q", "a"])
    book.active.append(["one", "two"])
    with zipfile.ZipFile(io.BytesIO(files.saved(book.save))) as archive:
        parts = {entry: archive.read(entry) for entry in archive.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]
    for old, new, words in [
        (b'ref="A1:B2"', b'ref="A1:XFD1048576"', ""),
        (b'row r="2"', b'row r="99999999"', "more rows than Excel"),
        (b'r="B2"', b'r="XFD2"', "16,384 columns"),
    ]:
        changed = sheet.replace(old, new)
        assert changed != sheet
        found = outcome("a.xlsx", files.zipped({**parts, "xl/worksheets/sheet1.xml": changed}))
        assert words in found.text if isinstance(found, StudioError) else not words


def test_too_many_columns() -> None:
    refused("a.csv", b",".join(b"c%d" % i for i in range(1_000_000)) + b"\n", "1,000,000 columns")
    refused("a.jsonl", b"".join(b'{"c%d": 1}\n' % i for i in range(2100)), "2,001 columns")


def test_a_nul_sign_is_named_with_its_line() -> None:
    refused("a.csv", b"q,a\n1,2\n3,\x004\n", "line 3 holds a NUL")
    refused("a.jsonl", '{"q": 1}\n{"q": "\0"}\n'.encode("utf-16"), "line 2 holds a NUL")


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.txt"])
def test_a_line_of_100_million_letters(name: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused(name, b"q,a\nx,y\n" + b"z" * 100_000_000 if name != "a.txt" else b"z" * 100_000_000, "16 million letters")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1_000_000  # kB


def test_a_quotation_mark_that_swallows_the_file() -> None:
    refused("a.csv", b'q,a\n1,2\n"3,4\n' + b"5,6\n" * 50, "opened in line 3 is never closed")
    refused("a.csv", b'q,a\n1,2\n"3,4\n' + b"5,6\n" * 5_000_000, "does not end")


def test_an_entry_of_a_json_file_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.datasets.readers.json.MAX_CELL", 50_000)
    refused("a.json", b'[{"q": "1"}, {"q": "' + b"x" * 900_000 + b'"}]', "Entry 2")


def test_broken_json_is_named_with_its_line() -> None:
    refused("a.json", b'[\n{"q": 1},\n{"q": oops}\n]', "Line 3")
    refused("a.json", b"[" * 100_000, "nested too deeply")
    refused("a.json", b'{"a": 1}', "holds no list of rows")


def test_formulas_and_scripts_stay_plain_text() -> None:
    cells = ["=cmd|' /C calc'!A0", "<script>alert(1)</script>", "@SUM(1)", "\u202egnp.exe", "' OR 1=1 --"]
    frame = outcome("a.csv", ("q\n" + "\n".join(cells) + "\n").encode())
    assert isinstance(frame, pandas.DataFrame) and list(frame["q"]) == cells
    document = docx.Document()
    document.add_paragraph("<b>=1+1</b>")
    found = outcome("a.docx", files.saved(document.save))
    assert isinstance(found, pandas.DataFrame) and found["text"][0] == "<b>=1+1</b>"


def test_lone_surrogates_become_valid_text() -> None:
    frame = outcome("a.json", b'[{"q\\ud800": "x\\udfffy", "deep": ["\\ud800"]}]')
    assert isinstance(frame, pandas.DataFrame) and frame.iloc[0].to_list() == ["x?y", '["?"]']
    whole = outcome("a.json", b'[{"q": "\\ud83d\\ude00 \\\\ud800"}' + b', {"q": "\\ude00\\ud83d!"}' * 9000 + b"]")
    assert isinstance(whole, pandas.DataFrame) and whole["q"][0] == "\U0001f600 \\ud800"
    assert set(whole["q"][1:]) == {"??!"}


def test_a_deeply_nested_page_does_no_harm() -> None:
    outcome("a.html", b"<div>" * 200_000 + b"text")
    outcome("a.html", b"<table><tr><td>" * 2_000 + b"text")


def test_most_rows_broken_is_a_sentence_and_no_dataset(workspace: Workspace, tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_text("q,a\n" + "one,two\n" * 90 + "one\n" * 10)
    with pytest.raises(StudioError, match=r"Line 92 of a\.csv is not a row"):
        add_file(workspace, source)
    assert list(workspace.datasets.iterdir()) == [] and list(workspace.scratch.iterdir()) == []


def test_dropped_rows_take_little_room() -> None:
    dropped: list[table.Dropped] = []
    for line in range(30_000):
        table.drop(dropped, line, "reason", "x" * 5_000)
    assert len(dropped) == 30_000
    assert sum(len(row.text) for row in dropped) <= table.KEPT_IN_ALL

"""Taking files in: the original is kept as it came, and a failure leaves nothing behind."""

import errno
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pyarrow.parquet
import pytest

from studio.datasets import table_file
from studio.datasets.readers.table import Opened
from studio.datasets.store import SAMPLES, add_file, list_datasets, load_dataset
from studio.datasets.table_file import Cancelled, Progress
from studio.errors import StudioError
from studio.workspace import Workspace, read_json, write_json
from tests.datasets.readers import files


def test_the_original_is_kept_byte_for_byte(workspace: Workspace, make_csv: Callable[..., Path]) -> None:
    source = make_csv(5)
    dataset = add_file(workspace, source)
    assert dataset.raw.read_bytes() == source.read_bytes()
    again = load_dataset(workspace, dataset.id)
    assert again == dataset
    assert (again.facts.rows, again.facts.columns) == (5, ["question", "answer"])


def test_the_same_file_is_taken_in_once_and_moves_to_the_top(
    workspace: Workspace, make_csv: Callable[..., Path]
) -> None:
    first = add_file(workspace, make_csv(5))
    add_file(workspace, make_csv(6, "other.csv"))
    add_file(workspace, first.raw, name=first.name)
    assert [d.name for d in list_datasets(workspace)] == ["rows.csv", "other.csv"]


def test_the_same_file_brought_by_many_at_once_is_one_dataset(
    workspace: Workspace, make_csv: Callable[..., Path]
) -> None:
    path = make_csv(rows=5)
    many = 12
    ready = Barrier(many)

    def bring(_: int) -> str:
        ready.wait(60)
        return add_file(workspace, path, "same.csv").id

    with ThreadPoolExecutor(many) as pool:
        found = list(pool.map(bring, range(many)))
    assert {one.id for one in list_datasets(workspace)} == set(found)
    assert list(workspace.scratch.iterdir()) == []


def test_a_browser_may_not_choose_where_a_file_goes(workspace: Workspace, make_csv: Callable[..., Path]) -> None:
    dataset = add_file(workspace, make_csv(5), name="../../evil\x00/..\\rows.csv")
    assert dataset.name == "rows.csv"
    assert dataset.folder.parent == workspace.datasets


@pytest.mark.parametrize("id", ["", "gone", "../datasets", "..", "/"])
def test_an_unknown_id_is_refused(workspace: Workspace, id: str) -> None:
    with pytest.raises(StudioError):
        load_dataset(workspace, id)


def test_a_full_disk_leaves_nothing_half_done(
    workspace: Workspace, make_csv: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, **kwargs: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pyarrow.parquet.ParquetWriter, "write_table", full)
    with pytest.raises(StudioError, match="disk is full"):
        add_file(workspace, make_csv(5))
    assert list(workspace.datasets.iterdir()) == []
    assert list(workspace.scratch.iterdir()) == []


def test_the_sample_is_what_its_sentence_says(workspace: Workspace) -> None:
    dataset = add_file(workspace, SAMPLES[0].path)
    assert dataset.facts.rows == 120
    frame = dataset.frame()
    assert frame["question"].is_unique and frame["answer"].is_unique
    assert (frame != "").all().all()


def test_rows_that_were_left_out_can_be_downloaded(workspace: Workspace, tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_text("q,a\n" + "one,two\n" * 50 + "=HYPERLINK(1),2,3\n")
    dataset = add_file(workspace, source)
    assert (dataset.facts.rows, dataset.facts.dropped) == (50, 1)
    assert dataset.dropped is not None
    lines = dataset.dropped.read_text("utf-8-sig").splitlines()
    assert lines == ["line,reason,text", '52,"3 cells, more cells than the 2 column names",\'=HYPERLINK(1) | 2 | 3']
    source.write_text("q,a\n1,2\n")
    assert add_file(workspace, source).dropped is None


def test_each_sheet_is_a_dataset_of_its_own(workspace: Workspace, tmp_path: Path) -> None:
    source = tmp_path / "a.xlsx"
    source.write_bytes(files.workbook())
    prices, names = add_file(workspace, source), add_file(workspace, source, sheet="Names")
    assert add_file(workspace, source, sheet="Prices").id == prices.id != names.id
    assert (prices.facts.sheet, names.facts.sheet) == ("Prices", "Names")
    assert names.frame().to_dict("records") == [{"name": "Ada"}]


def test_columns_that_come_later_are_empty_before(workspace: Workspace, tmp_path: Path) -> None:
    source = tmp_path / "a.jsonl"
    source.write_text('{"q": "x"}\n' * 300 + '{"late": "y"}\n' + '{"q": "z", "later": 1}\n')
    dataset = add_file(workspace, source)
    frame = dataset.frame()
    assert dataset.facts.columns == list(frame.columns) == ["q", "late", "later"]
    assert [frame[column].iloc[300] for column in frame.columns] == ["", "y", ""]
    assert (frame.iloc[:300] == ["x", "", ""]).all().all() and len(frame) == 302
    assert [file.name for file in sorted(dataset.folder.iterdir())] == ["dataset.json", "raw.jsonl", "table.parquet"]


def test_the_head_is_the_first_rows(workspace: Workspace, make_csv: Callable[..., Path]) -> None:
    dataset = add_file(workspace, make_csv(5))
    assert dataset.head(2).equals(dataset.frame().head(2))
    assert len(dataset.head(0)) == 0 and len(dataset.head(99)) == 5


def test_reading_can_be_watched_and_cancelled(workspace: Workspace, make_csv: Callable[..., Path]) -> None:
    seen: list[Progress] = []

    def watch(progress: Progress) -> None:
        seen.append(progress)
        if len(seen) == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        add_file(workspace, make_csv(60_000), watch=watch)
    assert [progress.rows for progress in seen] == [200, 50_200]
    assert 0 < seen[0].share < seen[1].share <= 1
    assert list(seen[1].head.columns) == ["question", "answer"] and len(seen[1].head) == 200
    assert list(workspace.datasets.iterdir()) == [] and list(workspace.scratch.iterdir()) == []


def test_a_dataset_of_an_older_version_still_loads(workspace: Workspace, make_csv: Callable[..., Path]) -> None:
    dataset = add_file(workspace, make_csv(5))
    document = read_json(dataset.folder / "dataset.json")
    del document["facts"]["dropped"], document["facts"]["sheet"]
    write_json(dataset.folder / "dataset.json", {**document, "facts": {**document["facts"], "unknown": 1}})
    assert load_dataset(workspace, dataset.id).facts == dataset.facts


def test_the_same_bytes_under_another_ending_are_another_dataset(workspace: Workspace, tmp_path: Path) -> None:
    text = "question,answer\none,two\nthree,four\n"
    for name in ("data.txt", "data.csv"):
        (tmp_path / name).write_text(text)
    first, second = (add_file(workspace, tmp_path / name) for name in ("data.txt", "data.csv"))
    assert first.id != second.id
    assert list(second.frame().columns) == ["question", "answer"] and second.raw.exists()


def test_what_is_brought_again_keeps_its_table_and_what_was_said_of_it(
    workspace: Workspace, make_csv: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A newer studio may read the same file otherwise; the rows that versions count must not change under them."""
    first = add_file(workspace, make_csv(5))
    table = first.table.read_bytes()
    read = table_file.open_file

    def newer(*arguments: Any) -> Opened:
        opened = read(*arguments)
        opened.chunks = (chunk.head(3) for chunk in opened.chunks)
        return opened

    monkeypatch.setattr(table_file, "open_file", newer)
    again = add_file(workspace, first.raw, name=first.name)
    assert again.facts == first.facts == load_dataset(workspace, first.id).facts
    assert again.table.read_bytes() == table and again.added > first.added

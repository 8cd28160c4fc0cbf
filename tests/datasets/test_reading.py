"""A big file is read in a helper process: watched while it goes on, cancelled without a trace."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from studio.child import Child
from studio.datasets import table_file
from studio.datasets.reading import Reading
from studio.datasets.store import add_file, list_datasets, load_dataset
from studio.datasets.table_file import GLANCE_FROM, Progress
from studio.errors import StudioError
from studio.workspace import Workspace
from tests.conftest import wait_until

LONG = "It is on its way to you. " * 60


@pytest.fixture
def reading(workspace: Workspace) -> Iterator[Reading]:
    service = Reading(workspace)
    yield service
    service.close()


@pytest.fixture
def big_csv(tmp_path: Path) -> Path:
    """A file that takes a few seconds."""
    path = tmp_path / "big.csv"
    path.write_text("q,a\n" + "Where is my lamp and when does it come?,It is on its way to you.\n" * 700_000)
    return path


def nothing_left(workspace: Workspace) -> bool:
    return not list(workspace.datasets.iterdir()) and not list(workspace.scratch.iterdir())


def test_the_first_rows_come_before_the_end(workspace: Workspace, reading: Reading, big_csv: Path) -> None:
    reading.start(big_csv)
    replies = list(reading)
    first, last = replies[0], replies[-1]
    assert first["head"]["columns"] == ["q", "a"] and len(first["head"]["data"]) == 20
    assert first["rows"] == 200 and first["share"] == 0
    assert "looked through" in first["note"] and replies[-2]["note"] == ""
    shares = [reply["share"] for reply in replies[:-1]]
    assert len(shares) >= 3 and shares == sorted(shares) and shares[0] < 0.5
    assert load_dataset(workspace, last["dataset"]).facts.rows == 700_000
    assert reading.latest() == last and not reading.busy


@pytest.mark.parametrize(
    ("name", "line", "last"),
    [
        ("big.csv", f"Where is it?,{LONG}\n", b"Und f\xfcr \xc4rger?,Ja\xdf.\n"),
        ("big.tsv", f"Where is it?\t{LONG}\n", "Für?\t✓\n".encode()),
        ("big.jsonl", f'{{"q": "Where is it?", "a": "{LONG}"}}\n', '{"q": "Für?", "more": 1}\n'.encode()),
        ("long.csv", f'"{"word " * 300_000}",x\n' * 9, b"a,b\n"),  # no line ends in what is looked at first
    ],
)
def test_first_rows_shown_early_do_not_change_what_is_read(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, line: str, last: bytes
) -> None:
    path = tmp_path / name
    header = b"" if name.endswith("jsonl") else b"q\ta\n" if name.endswith("tsv") else b"q,a\n"
    path.write_bytes(header + line.encode() * (GLANCE_FROM // len(line) + 1) + last)
    seen: list[Progress] = []
    early = add_file(workspace, path, watch=seen.append)
    assert bool(seen[0].note) == (not name.startswith("long"))
    assert list(seen[0].head.columns) == ["q", "a"] and seen[0].rows == len(seen[0].head) <= 200
    table, facts = early.table.read_bytes(), early.facts
    shutil.rmtree(early.folder)
    monkeypatch.setattr(table_file, "GLANCE_FROM", 10**12)
    late: list[Progress] = []
    plain = add_file(workspace, path, watch=late.append)
    assert not late[0].note and plain.table.read_bytes() == table and plain.facts == facts
    assert list(workspace.scratch.iterdir()) == []


def test_a_big_file_that_cannot_be_read_is_told_as_before(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "not.csv"
    path.write_bytes(b"q,a\n" + b"Where is it?,There.\n" * (GLANCE_FROM // 20) + b"\0\n")
    with pytest.raises(StudioError, match=r"line 800,002 holds a NUL"):
        add_file(workspace, path)
    assert nothing_left(workspace)


def test_cancelling_leaves_nothing_behind(workspace: Workspace, reading: Reading, big_csv: Path) -> None:
    reading.start(big_csv)
    assert next(iter(reading))["rows"] == 200
    with pytest.raises(StudioError, match="Another file is being read"):
        reading.start(big_csv)
    reading.cancel()
    assert list(reading)[-1] == {"cancelled": True}
    assert nothing_left(workspace)


def test_cancelling_at_once_is_heard_too(workspace: Workspace, reading: Reading, big_csv: Path) -> None:
    reading.start(big_csv)
    reading.cancel()
    assert not reading.busy and nothing_left(workspace)


def test_a_helper_that_dies_leaves_nothing_behind(workspace: Workspace, reading: Reading, big_csv: Path) -> None:
    reading.start(big_csv)
    next(iter(reading))
    process: subprocess.Popen[str] | None = reading.child.process
    assert process is not None
    process.kill()
    with pytest.raises(StudioError, match="ended unexpectedly"):
        list(reading)
    wait_until(lambda: nothing_left(workspace), 5, "the scratch folder to be cleared")


def test_an_error_is_a_sentence_and_the_next_file_is_read(
    workspace: Workspace, reading: Reading, tmp_path: Path
) -> None:
    bad, good = tmp_path / "bad.csv", tmp_path / "good.csv"
    bad.write_text("q,a\n")
    good.write_text("q,a\n1,2\n")
    reading.start(bad)
    with pytest.raises(StudioError, match=r"bad\.csv has 2 column names but no rows"):
        list(reading)
    reading.start(good, name="mine.csv")
    assert list(reading)[-1].keys() == {"dataset"}
    assert [dataset.name for dataset in list_datasets(workspace)] == ["mine.csv"]


def test_of_many_who_begin_at_once_one_does(workspace: Workspace, reading: Reading, big_csv: Path) -> None:
    def begin(_: int) -> bool:
        try:
            reading.start(big_csv)
        except StudioError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(begin, range(16))) == 1
    reading.cancel()
    assert nothing_left(workspace)


def test_a_helper_that_cannot_be_started_is_told_and_the_next_one_is_awaited(
    workspace: Workspace, reading: Reading, make_csv: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    reading.start(make_csv(5))
    with pytest.raises(StudioError, match="something went wrong"):
        list(reading)
    assert not reading.busy
    monkeypatch.undo()
    reading.start(make_csv(5))
    assert "dataset" in list(reading)[-1]


def test_a_helper_that_is_killed_in_the_middle_of_a_word_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "half_said.py").write_text(
        "print('out of memory', file=__import__('sys').stderr)\nprint('{\"ro', end='')"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(StudioError, match=r"ended unexpectedly\. Its last words: out of memory"):
        list(Child("half_said", log=tmp_path / "log").ask({"do": "it"}))

"""What looks at all rows runs in helpers: words are found, files packed, datasets merged, and none holds up another."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from zipfile import ZipFile

import pytest

from studio.datasets.downloads import FORMATS, download
from studio.datasets.fixing import Fix
from studio.datasets.inspection import Inspector
from studio.datasets.merging import Part
from studio.datasets.store import Dataset, add_file, list_datasets, load_dataset
from studio.datasets.table_file import Cancelled, Progress
from studio.datasets.versions import is_prepared, prepare
from studio.errors import StudioError
from studio.workspace import Workspace
from tests.conftest import chat_steps


@pytest.fixture
def dataset(workspace: Workspace, make_csv: Callable[..., Path]) -> Dataset:
    return add_file(workspace, make_csv(60))


@pytest.fixture
def inspector(workspace: Workspace) -> Iterator[Inspector]:
    service = Inspector(workspace)
    yield service
    service.close()


def test_words_are_found_as_they_are_written_in_capitals_or_not(workspace: Workspace, inspector: Inspector) -> None:
    rows = ["Die STRASSE ist zu.", 'Say ""hello""', "Straße 7", "no such thing", "a {b} [c] \\\\ d"]
    path = workspace.scratch / "rows.csv"
    path.write_text(
        "question,answer\n" + "".join(f'"{row}",Answer {i} to it.\n' for i, row in enumerate(rows)), "utf-8"
    )
    dataset = add_file(workspace, path)
    exam = workspace.scratch / "exam.csv"
    exam.write_text("question,answer\nWelche straße?,Diese.\n", "utf-8")
    test = {"dataset": add_file(workspace, exam).id, "mapping": chat_steps().mapping}
    steps = chat_steps(split={"validation": 0}, weights={"column": "answer", "values": {"Answer 2 to it.": 2}})
    version = prepare(workspace, dataset, steps.model_copy(update={"split": steps.split}))

    def rows_with(words: str) -> tuple[int, ...]:
        return inspector.search(dataset.id, version.folder.name, words)

    assert rows_with("strasse") == rows_with("STRASSE") == rows_with("straße") == (1, 3)
    assert rows_with('"hello"') == (2,) and rows_with("answer 4") == (5,) and rows_with("{b} [c]") == (5,)
    assert rows_with("content") == () and rows_with("nowhere") == ()
    beside = prepare(workspace, dataset, chat_steps(separate_test=test))
    assert inspector.search(dataset.id, beside.folder.name, "straße") == (1, 3, 6)
    with pytest.raises(StudioError, match="not there any more"):
        inspector.search(dataset.id, "gone", "straße")


@pytest.mark.parametrize("format", FORMATS)
def test_rows_are_packed_by_the_helper_as_by_ourselves(
    workspace: Workspace, dataset: Dataset, inspector: Inspector, tmp_path: Path, format: str
) -> None:
    steps = chat_steps(augment={"templates": {}})
    path = inspector.download(dataset.id, steps, format, tmp_path / "theirs")
    own = download(dataset, prepare(workspace, dataset, steps), format, tmp_path / "own")
    assert path.parent == tmp_path / "theirs" and path.name == own.name
    with ZipFile(path) as theirs, ZipFile(own) as ours:
        assert theirs.namelist() == ours.namelist() and len(ours.namelist()) == 2
        assert [theirs.read(name) for name in theirs.namelist()] == [ours.read(name) for name in ours.namelist()]


def test_merging_is_watched_and_its_dataset_is_as_if_made_here(
    workspace: Workspace, dataset: Dataset, inspector: Inspector, make_csv: Callable[..., Path]
) -> None:
    other = add_file(workspace, make_csv(30, "other.csv"))
    parts = [Part(dataset.id, chat_steps(), 2), Part(other.id, chat_steps())]
    merged, steps = inspector.merge(parts, "both")
    assert load_dataset(workspace, merged).name == "both.jsonl" and load_dataset(workspace, merged).facts.rows == 90
    assert steps.weights is not None and steps.weights.values == {"rows.csv": 2, "other.csv": 1}
    with pytest.raises(StudioError, match="at least two"):
        inspector.merge(parts[:1])


def test_a_merging_that_is_stopped_leaves_nothing_behind(
    workspace: Workspace, inspector: Inspector, tmp_path: Path
) -> None:
    path = tmp_path / "many.jsonl"
    path.write_text("".join(f'{{"question": "Where is {i}?", "answer": "There, at {i}."}}\n' for i in range(300_000)))
    parts = [Part(add_file(workspace, path, name).id, chat_steps()) for name in ("a.jsonl", "b.jsonl")]
    seen: list[Progress] = []

    def watch(progress: Progress) -> None:
        seen.append(progress)
        if progress.rows:
            raise Cancelled

    with pytest.raises(Cancelled):
        inspector.merge(parts, watch=watch)
    assert 0 < seen[-1].rows < 600_000 and 0 < seen[-1].share < 1
    assert seen[-1].note == "Reading the rows of a.jsonl."
    assert len(list_datasets(workspace)) == 2 and list(workspace.scratch.iterdir()) == []


def test_a_short_question_does_not_wait_for_a_long_report(
    workspace: Workspace, inspector: Inspector, tmp_path: Path
) -> None:
    path = tmp_path / "long.csv"
    words = [f"word{i * i % 977}" for i in range(60)]
    path.write_text(
        "question,answer\n" + "".join(f"{' '.join(words[i % 40 :])} {i}?,It is {i}.\n" for i in range(60_000))
    )
    big = add_file(workspace, path)
    small = add_file(workspace, few(tmp_path))
    version = prepare(workspace, small, chat_steps())

    def ask() -> None:
        with suppress(StudioError):  # it is ended below
            list(inspector.report(big.id, chat_steps(), "none", 512))

    report = Thread(target=ask)
    report.start()
    began = time.monotonic()
    assert inspector.search(small.id, version.folder.name, "number 3?") == (4,)
    assert inspector.preview(small.id, chat_steps(), Fix(name="exact_copies")).removed == 0
    took = time.monotonic() - began
    assert report.is_alive(), "the report was too short to prove anything"
    inspector.close()
    report.join(20)
    assert took < 10 and not report.is_alive()


def few(folder: Path) -> Path:
    path = folder / "small.csv"
    path.write_text("question,answer\n" + "".join(f"Is it number {i}?,Yes it is {i}.\n" for i in range(9)))
    return path


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ({"split": {"test": 9000}}, "leave none of the 2,100 rows"),
        ({"weights": {"column": "answer", "values": {"Your cup is on its way to you.": 2, "gone": 0}}}, "for “gone”"),
        ({"fixes": [{"name": "too_few"}]}, "no fix called “too_few”"),
    ],
)
def test_a_step_that_fails_on_many_rows_is_told_and_the_one_before_still_works(
    workspace: Workspace, inspector: Inspector, make_csv: Callable[..., Path], steps: dict[str, object], words: str
) -> None:
    dataset = add_file(workspace, make_csv(2100))
    good, bad = chat_steps(), chat_steps(**steps)
    inspector.prepare(dataset.id, good)
    with pytest.raises(StudioError, match=words) as caught:
        inspector.prepare(dataset.id, bad)
    assert caught.value.hint and not is_prepared(dataset, bad)
    inspector.prepare(dataset.id, good)
    document = json.loads(next((dataset.folder / "versions").glob("*/version.json")).read_text())
    assert is_prepared(dataset, good) and sum(document["rows"].values()) == 2100
    assert list(workspace.scratch.iterdir()) == []

"""A big file is read in a helper process: watched while it goes on, cancelled without a trace."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.datasets.reading import Reading
from studio.datasets.store import list_datasets, load_dataset
from studio.errors import StudioError
from studio.workspace import Workspace
from tests.conftest import wait_until


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
    assert first["rows"] == 200
    shares = [reply["share"] for reply in replies[:-1]]
    assert len(shares) >= 3 and shares == sorted(shares) and shares[0] < 0.5
    assert load_dataset(workspace, last["dataset"]).facts.rows == 700_000
    assert reading.latest() == last and not reading.busy


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

"""Taking files in: the original is kept as it came, and a failure leaves nothing behind."""

import errno
from collections.abc import Callable
from pathlib import Path

import pandas
import pytest

from studio.datasets.store import SAMPLES, add_file, list_datasets, load_dataset
from studio.errors import StudioError
from studio.workspace import Workspace


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

    monkeypatch.setattr(pandas.DataFrame, "to_parquet", full)
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

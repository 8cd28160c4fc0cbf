"""Tokenised rows are made once: found again when nothing has changed, made anew when anything has."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset

from studio.datasets.store import add_file
from studio.datasets.versions import Version, prepare
from studio.methods import reply_trainer, row_cache
from studio.methods.reply_trainer import example_rows
from studio.models.loading import load_tokenizer
from studio.workspace import Workspace
from tests.conftest import chat_steps

Rows = Callable[..., tuple[Dataset, int]]


@pytest.fixture
def version(workspace: Workspace, make_csv: Callable[..., Path]) -> Version:
    return prepare(workspace, add_file(workspace, make_csv(40)), chat_steps(split={"near_together": False}))


@pytest.fixture
def model(tiny_model: Path, tmp_path: Path) -> Path:
    """A copy of the model that a test may change."""
    return Path(shutil.copytree(tiny_model, tmp_path / "model"))


@pytest.fixture
def rows(workspace: Workspace, version: Version, model: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rows]:
    """The training rows, and how often they had to be made for it."""
    made: list[int] = []
    real = reply_trainer.render_all

    def counted(*given: Any) -> Any:
        made.append(1)
        return real(*given)

    monkeypatch.setattr(reply_trainer, "render_all", counted)

    def get(split: str = "train", max_length: int = 128, everything: bool = False) -> tuple[Dataset, int]:
        made.clear()
        found = example_rows(load_tokenizer(model), version, split, max_length, everything, workspace.home)
        return found, len(made)

    yield get


def files(workspace: Workspace) -> list[Path]:
    return sorted((workspace.home / row_cache.FOLDER).glob("*.parquet"))


def test_the_second_time_they_are_found(rows: Rows, version: Version, model: Path) -> None:
    (first, made), (second, again) = rows(), rows()
    assert (made, again) == (1, 0)
    without = example_rows(load_tokenizer(model), version, "train", 128)
    assert first[:] == second[:] == without[:] and first.features == second.features


def test_whatever_they_depend_on_makes_them_anew(rows: Rows, model: Path) -> None:
    rows()
    assert rows(max_length=64)[1] == rows(everything=True)[1] == rows(split="validation")[1] == 1
    assert rows()[1] == 0
    config = json.loads((model / "tokenizer_config.json").read_text())
    (model / "tokenizer_config.json").write_text(json.dumps({**config, "model_max_length": 77}))
    assert rows()[1] == 1


@pytest.mark.parametrize("damage", ["cut", "changed", "empty"])
def test_a_damaged_file_is_told_and_made_anew(
    rows: Rows, workspace: Workspace, capsys: pytest.CaptureFixture[str], damage: str
) -> None:
    first, _ = rows()
    (file,) = files(workspace)
    content = bytearray(file.read_bytes())
    content[40:60] = bytes(20)
    file.write_bytes({"cut": bytes(content[: len(content) // 2]), "changed": bytes(content), "empty": b""}[damage])
    again, made = rows()
    assert made == 1 and again[:] == first[:]
    assert "they are made anew" in capsys.readouterr().out
    assert rows()[1] == 0


def test_a_disk_that_takes_none_is_told_and_stops_nothing(
    rows: Rows, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    (workspace.home / "cache").write_text("a file where the folder should be")
    assert len(rows()[0]) > 0
    assert "not kept for the next run" in capsys.readouterr().out


def test_what_was_not_used_for_longest_goes_first(rows: Rows, workspace: Workspace) -> None:
    lengths = (64, 80, 96)
    for number, length in enumerate(lengths):
        rows(max_length=length)
        newest = max(files(workspace), key=lambda file: file.stat().st_mtime_ns)
        os.utime(newest, (1000 + number, 1000 + number))
    rows(max_length=64)  # used once more
    most = sum(sorted(file.stat().st_size for file in files(workspace))[1:])
    row_cache.keep_to(most, workspace.home / row_cache.FOLDER)
    assert [rows(max_length=length)[1] for length in (64, 96, 80)] == [0, 0, 1]

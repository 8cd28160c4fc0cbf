"""Old versions and old files of the page are cleared away; what a run or a person still uses stays."""

import os
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from filelock import FileLock

from studio.datasets import sweeping
from studio.datasets.store import Dataset, add_file
from studio.datasets.sweeping import WEEK, Swept, sweep
from studio.datasets.versions import Version, list_versions, prepare
from studio.training.in_use import fingerprints_of_runs
from studio.training.recipe import new_recipe
from studio.training.run import create_run
from studio.workspace import Workspace, read_json, write_json
from tests.conftest import chat_steps


@pytest.fixture
def dataset(workspace: Workspace, make_csv: Callable[..., Path]) -> Dataset:
    return add_file(workspace, make_csv(24))


@pytest.fixture
def versions(workspace: Workspace, dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> list[Version]:
    """Six versions, the oldest first, of which the two newest stay anyway."""
    monkeypatch.setattr(sweeping, "NEWEST", 2)
    monkeypatch.setattr(sweeping, "YOUNG", timedelta(0))
    return [prepare(workspace, dataset, chat_steps(split={"seed": seed})) for seed in range(6)]


def left(dataset: Dataset) -> set[str]:
    return {folder.name for folder in (dataset.folder / "versions").iterdir()}


def names(versions: list[Version]) -> set[str]:
    return {version.folder.name for version in versions}


def test_the_newest_stay_and_the_others_go_whole(
    workspace: Workspace, dataset: Dataset, versions: list[Version]
) -> None:
    size = sum(file.stat().st_size for version in versions[:4] for file in version.folder.iterdir())
    assert sweep(workspace, (), {}) == Swept(4, 0, size)
    assert left(dataset) == names(versions[4:]) and list(workspace.scratch.iterdir()) == []
    assert [version.fingerprint for version in list_versions(dataset)] == [
        version.fingerprint for version in reversed(versions[4:])
    ]
    assert sweep(workspace, (), {}) == Swept(0, 0, 0)


def test_thirty_versions_stay_without_anybody_naming_them(workspace: Workspace, dataset: Dataset) -> None:
    first = prepare(workspace, dataset, chat_steps())
    document = read_json(first.folder / "version.json")
    for number in range(36):
        folder = first.folder.with_name(f"copy-{number:02}")
        shutil.copytree(first.folder, folder)
        made = datetime.now(UTC) - timedelta(hours=47 if number < 3 else 49)
        write_json(folder / "version.json", {**document, "made": made.isoformat()})
    assert sweep(workspace, (), {}).versions == 7 and len(left(dataset)) == 30


def test_versions_of_the_last_two_days_stay_however_many(
    workspace: Workspace, dataset: Dataset, versions: list[Version], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "YOUNG", timedelta(days=2))
    for version, hours in ((versions[0], 49), (versions[1], 47)):
        document = read_json(version.folder / "version.json")
        made = datetime.now(UTC) - timedelta(hours=hours)
        write_json(version.folder / "version.json", {**document, "made": made.isoformat()})
    sweep(workspace, (), {})
    assert left(dataset) == names(versions[1:])


def test_what_older_rules_made_of_the_steps_chosen_now_is_not_kept_for_them(
    workspace: Workspace, dataset: Dataset, versions: list[Version]
) -> None:
    document = read_json(versions[0].folder / "version.json")
    write_json(versions[0].folder / "version.json", {**document, "rules": 0})
    sweep(workspace, (), {dataset.id: versions[0].steps})
    assert left(dataset) == names(versions[4:])


def test_what_was_swept_is_made_again_with_the_same_rows(
    workspace: Workspace, dataset: Dataset, versions: list[Version]
) -> None:
    before = versions[0].parquet.read_bytes()
    sweep(workspace, (), {})
    assert not versions[0].folder.exists()
    again = prepare(workspace, dataset, versions[0].steps)
    assert again.fingerprint == versions[0].fingerprint and again.parquet.read_bytes() == before


def test_what_a_run_learned_from_and_what_is_chosen_now_stay(
    workspace: Workspace, dataset: Dataset, versions: list[Version]
) -> None:
    create_run(workspace, new_recipe(workspace, name="x", dataset_id=dataset.id, steps=versions[1].steps))
    fingerprints = fingerprints_of_runs(workspace)
    assert fingerprints == {versions[1].fingerprint}
    sweep(workspace, fingerprints, {dataset.id: versions[2].steps})
    assert left(dataset) == names([versions[1], versions[2], *versions[4:]])


def test_a_recipe_of_another_studio_still_names_its_rows_and_a_broken_one_nothing(workspace: Workspace) -> None:
    texts = {"older": 'colour = 1\n[data]\nfingerprint = "abc"\nshoe = 2\n', "broken": "[data\n", "bare": "data = 1\n"}
    for name, text in texts.items():
        (workspace.runs / name).mkdir()
        (workspace.runs / name / "recipe.toml").write_text(text)
    assert fingerprints_of_runs(workspace) == {"abc"}


def test_a_dataset_at_work_is_passed_over(workspace: Workspace, dataset: Dataset, versions: list[Version]) -> None:
    with FileLock(workspace.locks / f"{dataset.id}.lock"):
        assert sweep(workspace, (), {}).versions == 0
    assert left(dataset) == names(versions)
    assert sweep(workspace, (), {}).versions == 4


def test_versions_that_cannot_be_read_are_left_alone(
    workspace: Workspace, dataset: Dataset, versions: list[Version], make_csv: Callable[..., Path]
) -> None:
    other = add_file(workspace, make_csv(25, "other.csv"))
    for seed in range(3):
        prepare(workspace, other, chat_steps(split={"seed": seed}))
    document = versions[0].folder / "version.json"
    document.write_text(document.read_text().replace('"left_out"', '"left_out_then"'))
    assert sweep(workspace, (), {}).versions == 1
    assert left(dataset) == names(versions) and len(left(other)) == 2


def aged(path: Path, seconds: float) -> Path:
    then = time.time() - seconds
    for one in (*path.rglob("*"), path):
        os.utime(one, (then, then))
    return path


def test_files_of_the_page_go_after_a_week(workspace: Workspace, tmp_path: Path) -> None:
    scratch = workspace.scratch
    for name in ("uploads/1f0c", "uploads/77ab", "pasted", "downloads", "empty", "reading-17-x", "models"):
        (scratch / name).mkdir(parents=True)
        (scratch / name / "file.csv").write_text("one,two\n")
    old = [aged(scratch / name, WEEK + 60) for name in ("uploads/1f0c", "pasted/file.csv", "reading-17-x")]
    for name in ("empty", "models"):
        aged(scratch / name, 9 * WEEK)
    aged(scratch / "downloads", WEEK - 3600)
    aged(scratch / "uploads/77ab", WEEK + 60)
    (scratch / "uploads/77ab/file.csv").write_text("written just now\n")
    assert sweep(workspace, (), {}) == Swept(0, 3, 24)
    assert [path for path in old if path.exists()] == []
    assert (scratch / "uploads/77ab/file.csv").exists() and (scratch / "downloads/file.csv").exists()
    assert (scratch / "empty/file.csv").exists() and (scratch / "models/file.csv").exists()
    assert (scratch / "pasted").is_dir()


def test_a_link_is_removed_and_not_followed(workspace: Workspace, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("all of it")
    (workspace.scratch / "pasted").mkdir()
    link = workspace.scratch / "pasted" / "link"
    link.symlink_to(precious)
    then = time.time() - 2 * WEEK
    os.utime(link, (then, then), follow_symlinks=False)
    assert sweep(workspace, (), {}).files == 1
    assert not link.is_symlink() and (precious / "thesis.txt").read_text() == "all of it"


def test_an_empty_home_is_swept_too(workspace: Workspace) -> None:
    assert sweep(workspace, (), {}) == Swept(0, 0, 0)

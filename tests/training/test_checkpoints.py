"""Saved points: whole or not there, and only for what they were made of."""

from pathlib import Path

import pytest

from studio.errors import StudioError
from studio.training.checkpoints import clear_broken, folder_of, points, seal
from studio.training.made_of import check_same, marks


def saved(checkpoints: Path, step: int, sealed: bool = True) -> Path:
    folder = folder_of(checkpoints, step)
    (folder / "deep").mkdir(parents=True)
    (folder / "weights.safetensors").write_bytes(b"w" * 100)
    (folder / "deep" / "optimizer.pt").write_bytes(b"o" * 200)
    if sealed:
        seal(folder, {"data": "rows"})
    return folder


def test_only_whole_points_count_the_oldest_first(tmp_path: Path) -> None:
    for step in (10, 9, 100):
        saved(tmp_path, step)
    saved(tmp_path, 120, sealed=False)  # cut off while it was written
    (saved(tmp_path, 110) / "weights.safetensors").write_bytes(b"short")
    (saved(tmp_path, 105) / "deep" / "optimizer.pt").unlink()
    assert [point.step for point in points(tmp_path)] == [9, 10, 100]
    assert points(tmp_path)[0].made_of == {"data": "rows"}


def test_what_is_no_point_is_cleared_away(tmp_path: Path) -> None:
    kept, broken = saved(tmp_path, 1), saved(tmp_path, 2, sealed=False)
    (tmp_path / "initial").mkdir()
    clear_broken(tmp_path)
    assert kept.exists() and not broken.exists() and (tmp_path / "initial").exists()


def test_a_run_that_has_saved_nothing_has_no_points(tmp_path: Path) -> None:
    assert points(tmp_path / "nothing here") == []


MADE = {
    "data": "aa",
    "model": "tiny",
    "model_files": "m",
    "start": "",
    "start_files": "",
    "method": "sft",
    "settings": {"learning_rate": 0.1, "rank": 8},
}


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"data": "bb"}, "fingerprint of the data: then aa, now bb"),
        ({"model": "other"}, "model: then tiny, now other"),
        ({"model_files": "n"}, "fingerprint of the model's files: then m, now n"),
        ({"start": "run 1"}, "run that it starts from: then , now run 1"),
        ({"start_files": "x"}, "fingerprint of the adapter that it starts from"),
        ({"settings": {"learning_rate": 0.2, "rank": 8}}, "(learning rate): then 0.1, now 0.2"),
    ],
)
def test_the_difference_is_named(changed: dict, named: str) -> None:
    check_same(MADE, dict(MADE))
    with pytest.raises(StudioError, match="cannot go on from its last point") as refusal:
        check_same(MADE, MADE | changed)
    assert named in refusal.value.evidence


def test_another_byte_in_a_models_file_is_another_model(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"a" * 3_000_000)
    before = marks(tmp_path)
    assert marks(tmp_path) == before
    for place in (0, 2_999_999):
        content = bytearray(b"a" * 3_000_000)
        content[place] = 98
        file.write_bytes(content)
        assert marks(tmp_path) != before

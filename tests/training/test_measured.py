"""After a run: what is measured is set beside an estimate for the rows that were really learned from."""

from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset

from studio.methods import Job, find_method
from studio.models.hardware import GIB, memory_in_use, peak_memory
from studio.training.measured import estimated_gb, longest, measured_gb


def job(folder: Path, output: Path) -> Job:
    settings = find_method("sft").settings(batch_size=2)
    version: Any = None
    return Job(folder, version, settings, output, "cpu", "float32")


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ({"input_ids": [[1], [1, 2, 3, 4]], "labels": [[1], [-100, -100, -100, 4]]}, (4, 0.25)),
        ({"input_ids": [[1, 2]], "labels": [3]}, (2, 1.0)),
        ({"prompt_ids": [[1, 2]], "chosen_ids": [[3]], "rejected_ids": [[3, 4, 5]]}, (5, 1.0)),
        ({"chosen_ids": [[3]], "rejected_ids": [[3, 4]]}, (2, 1.0)),
        ({"prompt": ["text"]}, (0, 1.0)),
    ],
)
def test_the_longest_row_is_found_in_every_form(rows: dict[str, Any], found: tuple[int, float]) -> None:
    assert longest(Dataset.from_dict(rows)) == found


def test_the_estimate_is_for_the_rows_that_were_learned_from(tiny_model: Path, tmp_path: Path) -> None:
    short, long = (Dataset.from_dict({"input_ids": [[1] * n], "labels": [[1] * n]}) for n in (16, 400))
    small, large = (estimated_gb(job(tiny_model, tmp_path), "sft", rows, 4) for rows in (short, long))
    assert small is not None and large is not None and small < large


def test_nothing_is_estimated_where_nothing_can_be_told(tiny_model: Path, tmp_path: Path) -> None:
    assert estimated_gb(job(tiny_model, tmp_path), "sft", Dataset.from_dict({"prompt": ["a"]}), 4) is None
    (tmp_path / "config.json").write_text('{"model_type": "no-such-model"}')
    rows = Dataset.from_dict({"input_ids": [[1, 2]]})
    assert estimated_gb(job(tmp_path, tmp_path), "sft", rows, 4) is None


def test_the_peak_does_not_fall_with_what_is_given_back() -> None:
    held = bytearray(64 * 1024**2)
    before = peak_memory()
    del held
    about = 4 * 1024**2  # the system counts pages in batches
    assert peak_memory() + about >= before >= 64 * 1024**2
    assert measured_gb("cpu") == pytest.approx(peak_memory() / GIB, abs=0.01) and memory_in_use() > 0

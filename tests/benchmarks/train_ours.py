"""Ours, in a process of its own: python -m tests.benchmarks.train_ours LESSON.json ROWS.json FILE

Trains through the method's own builder. ROWS.json is what `prepared` has written: the rows as token ids, so that
theirs learns from the same; beside it lies the studio's home in which they are prepared, which is no worker's task.
"""

import json
import sys
import tempfile
from pathlib import Path

from studio.datasets.store import list_datasets
from studio.datasets.versions import Version, list_versions
from studio.methods import Job, find_method
from studio.models.hardware import training_dtype
from studio.workspace import open_workspace
from tests.benchmarks import record
from tests.benchmarks.lessons import Lesson, load, make_version, write_rows


def main() -> None:
    lesson, rows, file = load(Path(sys.argv[1])), Path(sys.argv[2]), Path(sys.argv[3])
    with tempfile.TemporaryDirectory() as folder:
        record.train(build(lesson, Path(folder), rows), file)


def prepared(lesson: Lesson, rows: Path) -> Version:
    """The rows of a lesson in a home beside ROWS.json. They are written once, and to that file as token ids."""
    workspace = open_workspace(rows.with_suffix(".home"))
    if known := list_datasets(workspace):
        return list_versions(known[0])[0]
    version = make_version(workspace, write_rows(workspace.home / "rows.csv", lesson))
    from studio.methods.reply_trainer import example_rows
    from studio.models.loading import load_tokenizer

    made = example_rows(load_tokenizer(Path(lesson.model)), version, "train", lesson.longest)
    rows.write_text(json.dumps([{"input_ids": row["input_ids"], "labels": row["labels"]} for row in made]))
    return version


def build(lesson: Lesson, folder: Path, rows: Path | None = None, device: str = "cpu", **settings: object):  # type: ignore[no-untyped-def]
    """The studio's trainer for this lesson. rows: where they are, or come to be, as `prepared` says."""
    version = prepared(lesson, rows or folder / "rows.json")
    method = find_method("sft")
    chosen = method.settings.model_validate(
        {
            "batch_size": lesson.batch, "learning_rate": lesson.rate, "max_steps": lesson.taken, "rank": lesson.rank,
            "alpha": lesson.alpha, "seed": lesson.seed, "max_length": lesson.longest, "checks": 1, **settings,
        }
    )  # fmt: skip
    return method.build(Job(Path(lesson.model), version, chosen, folder / "out", device, training_dtype(device)))


if __name__ == "__main__":
    main()

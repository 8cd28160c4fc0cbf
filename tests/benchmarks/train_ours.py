"""Ours, in a process of its own: python -m tests.benchmarks.train_ours LESSON.json ROWS.json FILE

Trains through the method's own builder. ROWS.json gets the rows as token ids, so that theirs learns from the same.
"""

import json
import sys
import tempfile
from pathlib import Path

from studio.methods import Job, find_method
from studio.models.hardware import training_dtype
from studio.workspace import open_workspace
from tests.benchmarks import record
from tests.benchmarks.lessons import Lesson, load, make_version, write_rows


def main() -> None:
    lesson, rows, file = load(Path(sys.argv[1])), Path(sys.argv[2]), Path(sys.argv[3])
    with tempfile.TemporaryDirectory() as folder:
        record.train(build(lesson, Path(folder), rows), file)


def build(lesson: Lesson, folder: Path, rows: Path | None = None, device: str = "cpu", **settings: object):  # type: ignore[no-untyped-def]
    """The studio's trainer for this lesson."""
    workspace = open_workspace(folder / "home")
    version = make_version(workspace, write_rows(folder / "rows.csv", lesson))
    method = find_method("sft")
    chosen = method.settings.model_validate(
        {
            "batch_size": lesson.batch, "learning_rate": lesson.rate, "max_steps": lesson.taken, "rank": lesson.rank,
            "alpha": lesson.alpha, "seed": lesson.seed, "max_length": lesson.longest, "checks": 1, **settings,
        }
    )  # fmt: skip
    if rows is not None and not rows.exists():
        write_ids(lesson, version, rows)
    output = folder / "out"
    return method.build(
        Job(Path(lesson.model), version, chosen, output, device, training_dtype(device), workspace.home)
    )


def write_ids(lesson: Lesson, version: object, rows: Path) -> None:
    from studio.methods.reply_trainer import example_rows
    from studio.models.loading import load_tokenizer

    made = example_rows(load_tokenizer(Path(lesson.model)), version, "train", lesson.longest)  # type: ignore[arg-type]
    rows.write_text(json.dumps([{"input_ids": row["input_ids"], "labels": row["labels"]} for row in made]))


if __name__ == "__main__":
    main()

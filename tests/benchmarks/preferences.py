"""What preferences teach a real model: python -m tests.benchmarks.preferences METHOD FILE HOME [SETTING=VALUE ...]

METHOD: dpo, kto, orpo or reward. Trains the starter model on ROWS short rows of FILE (rows=…, 96 when left out), a
quarter of them held out, and prints the figures on those before and after.
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from studio.datasets.store import add_file
from studio.datasets.versions import DataSteps, Version, prepare
from studio.methods import Job, find_method
from studio.models.catalogue import find_model
from studio.models.hardware import look, training_dtype
from studio.models.starter import STARTER
from studio.workspace import Workspace, open_workspace

MAPPINGS: dict[str, dict[str, Any]] = {
    "conversations": {
        "kind": "preference",
        "shape": "preference_pairs",
        "columns": {"prompt": "conversations", "chosen": "chosen", "rejected": "rejected"},
    },
    "messages": {
        "kind": "feedback",
        "shape": "rated_conversations",
        "columns": {"messages": "messages", "verdict": "label"},
    },
}
ENDS = ("chosen", "rejected")


def main() -> None:
    name, file, home, *changes = sys.argv[1:]
    given = {key: json.loads(value) for key, value in (change.split("=", 1) for change in changes)}
    rows = given.pop("rows", 96)
    workspace = open_workspace(home)
    settings = {"max_length": 256, "epochs": 2, "checks": 2, **given}
    with tempfile.TemporaryDirectory() as folder:
        short, shape = shortest(Path(file), rows, Path(folder))
        split = {"validation": rows // 12, "test": rows // 4}
        steps = DataSteps.model_validate({"mapping": MAPPINGS[shape], "split": split})
        trained(workspace, name, prepare(workspace, add_file(workspace, short), steps), settings, Path(folder))


def shortest(file: Path, rows: int, folder: Path) -> tuple[Path, str]:
    """The rows whose talks are the shortest, and so cost least to read, in a file of their own; and what it holds."""
    all_rows = json.loads(file.read_text("utf-8"))
    shape = next(shape for shape in MAPPINGS if shape in all_rows[0])
    lengths = [len(json.dumps(row[shape])) + max(len(json.dumps(row.get(k))) for k in ENDS) for row in all_rows]
    longest = sorted(lengths)[rows - 1]
    path = folder / f"short_{file.stem}_{rows}.json"
    kept = [row for row, length in zip(all_rows, lengths, strict=True) if length <= longest]
    path.write_text(json.dumps(kept), "utf-8")
    return path, shape


def trained(workspace: Workspace, name: str, version: Version, settings: dict[str, Any], folder: Path) -> None:
    """Train, and print what held-out rows say before and after."""
    method = find_method(name)
    checked = method.settings.model_validate(settings)
    device = look().device
    model = find_model(workspace, STARTER).folder
    began = time.monotonic()
    trainer = method.build(Job(model, version, checked, folder / "out", device, training_dtype(device)))
    assert trainer.test_dataset is not None
    before = trainer.judge_untuned(trainer.test_dataset)
    trainer.train()
    after = trainer.judge(trainer.test_dataset)
    seconds = time.monotonic() - began
    print(f"{method.title}: {len(trainer.train_dataset)} rows learned from, {trainer.state.global_step} steps")
    print(f"learning rate {checked.learning_rate:g}, {trainer.tokens:,} tokens read, {seconds:.0f} s on {device}")
    for sentence in trainer.notes:
        print(sentence)
    print(f"on {len(trainer.test_dataset)} rows never seen   before      after")
    for figure in after:
        print(f"{figure:24} {before[figure]:10.4f} {after[figure]:10.4f}")


if __name__ == "__main__":
    main()

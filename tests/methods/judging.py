"""Small data that a two-layer model learns in a few steps, and the jobs that the tests of groups and numbers share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas
import torch

from studio.datasets.store import add_file
from studio.datasets.versions import DataSteps, Version, prepare
from studio.methods import Job, find_method
from studio.training.recipe import load_recipe, resolve
from studio.workspace import Workspace
from tests.methods.proof import changed_by_training, same_after_reload

THINGS = ("cup", "lamp", "rug", "cup")  # uneven, so that weights have something to do
NUMBERS = {"cup": 10.0, "lamp": 50.0, "rug": 90.0}
TAGS = {"cup": "small;cheap", "lamp": "cheap", "rug": "dear"}
SHAPES = {
    "label": {"kind": "label", "shape": "text_label", "columns": {"text": "text", "label": "answer"}},
    "labels": {
        "kind": "label",
        "shape": "text_labels",
        "columns": {"text": "text", "labels": "answer", "separator": ";"},
    },
    "number": {"kind": "number", "shape": "text_number", "columns": {"text": "text", "number": "answer"}},
}
ANSWERS: dict[str, Callable[[str, int], object]] = {
    "label": lambda thing, number: thing,
    "labels": lambda thing, number: TAGS[thing],
    "number": lambda thing, number: NUMBERS[thing] + number % 3,
}
ROWS = 48
WAYS = ("lora", "ia3", "last_layers", "gradual", "full")


def texts(answers: list[object], things: list[str] | None = None) -> pandas.DataFrame:
    """A table with these answers; the texts begin with the things."""
    things = things or [THINGS[i % 4] for i in range(len(answers))]
    # A random encoder hardly moves a word from one place to another, and it reads the answer from the first.
    return pandas.DataFrame({"text": [f"{t} number {i} {t}" for i, t in enumerate(things)], "answer": answers})


def table(kind: str, rows: int = ROWS) -> pandas.DataFrame:
    return texts([ANSWERS[kind](THINGS[i % 4], i) for i in range(rows)])


def make_version(workspace: Workspace, folder: Path, kind: str, frame: pandas.DataFrame | None = None) -> Version:
    path = folder / f"{kind}.csv"
    (table(kind) if frame is None else frame).to_csv(path, index=False)
    split = {"near_together": False, "validation": 8, "test": 8}
    steps = DataSteps.model_validate({"mapping": SHAPES[kind], "split": split})
    return prepare(workspace, add_file(workspace, path), steps)


def make_job(
    method: str, version: Version, model: Path, output: Path, start: Path | None = None, **settings: object
) -> Job:
    # Gradual unfreezing trains everything only in its second half, and a better point before that would be kept.
    checks = 1 if settings.get("adapt") == "gradual" else 4
    known = {"max_steps": 16, "learning_rate": 0.01, "batch_size": 8, "checks": checks, **settings}
    return Job(
        model,
        version,
        find_method(method).settings.model_validate(known),
        output,
        "cpu",
        "float32",
        output.parent,
        start,
    )


def build(job: Job, method: str) -> Any:
    return find_method(method).build(job)


def batch_of(trainer: Any, rows: int = 5) -> dict[str, torch.Tensor]:
    """Some test rows as the model reads them."""
    batch = trainer.data_collator([trainer.test_dataset[i] for i in range(rows)])
    return {name: batch[name] for name in ("input_ids", "attention_mask")}


def expected_changes(names: list[str], adapt: str, last_layers: int = 0) -> set[str]:
    """Which parameters this way of training may change, and must."""
    if adapt in ("lora", "ia3"):
        return {name for name in names if f"{adapt}_" in name or "modules_to_save" in name}
    if adapt in ("full", "gradual"):
        return set(names)
    head = ("classifier.", "score.", "bert.pooler.", "model.norm.", *(("layers.1.", "layer.1.") if last_layers else ()))
    return {name for name in names if any(part in name for part in head)}


def prove(method: str, job: Job, folder: Path) -> Any:
    """The loss falls on the check rows, only what should change does, and what is kept answers the same."""
    trainer = build(job, method)
    before = trainer.evaluate()["eval_loss"]
    changed = changed_by_training(trainer)
    names = [name for name, _ in trainer.model.named_parameters()]
    assert changed == expected_changes(names, job.settings.adapt, job.settings.last_layers)
    assert trainer.evaluate()["eval_loss"] < before
    same_after_reload(trainer, job, batch_of(trainer), folder)
    return trainer


def resolve_table(
    workspace: Workspace, folder: Path, model: Path, method: str, kind: str, frame: pandas.DataFrame, more: str = ""
) -> None:
    """Everything that is checked before a run, for a recipe over this table."""
    frame.to_csv(folder / "rows.csv", index=False)
    columns = ", ".join(f'{role} = "{column}"' for role, column in SHAPES[kind]["columns"].items())  # type: ignore[attr-defined]
    mapping = f'{{ kind = "{SHAPES[kind]["kind"]}", shape = "{SHAPES[kind]["shape"]}", columns = {{ {columns} }} }}'
    recipe = folder / "recipe.toml"
    recipe.write_text(
        f'[data]\nfile = "rows.csv"\nmapping = {mapping}\n{more}\n[model]\nname = "{model}"\n'
        f'[method]\nname = "{method}"\n',
        "utf-8",
    )
    resolve(workspace, load_recipe(recipe))

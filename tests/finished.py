"""Runs of every method that have ended, made in this process in seconds: what the worker does, without its waiting."""

import json
from pathlib import Path
from typing import Any

from studio.evaluation.held_out import compared, record_answers
from studio.methods import Job, find_method
from studio.models.hardware import training_dtype
from studio.processes import identity
from studio.training.events import EventLog
from studio.training.queue import queue_lock
from studio.training.recipe import load_recipe, resolve
from studio.training.run import Run, create_run
from studio.workspace import Workspace, write_json

GOODS = ("cup", "lamp", "rug")
CHAT = "question,answer\n" + "".join(f"Where is my {GOODS[i % 3]} {i}?,On its way {i % 3}.\n" for i in range(30))
LABELS = "text,label\n" + "".join(f"My {GOODS[i % 3]} number {i} broke,{GOODS[i % 3]}\n" for i in range(36))
NUMBERS = "text,stars\n" + "".join(f"My {GOODS[i % 3]} number {i},{i % 3 + 0.5}\n" for i in range(30))
PAIRS = "prompt,chosen,rejected\n" + "".join(
    f"Where is my {GOODS[i % 3]} {i}?,On its way.,Who cares.\n" for i in range(30)
)
MAPPINGS = {
    "label": {"kind": "label", "shape": "text_label", "columns": {"text": "text", "label": "label"}},
    "stars": {"kind": "number", "shape": "text_number", "columns": {"text": "text", "number": "stars"}},
}


def waiting_run(
    workspace: Workspace, method: str, rows: str, base: Path | str, name: str = "", start: str = "", **settings: Any
) -> Run:
    """A run that has not begun. rows: a CSV file's text; start: the id of an earlier run to go on from."""
    file = workspace.scratch / f"{method}.csv"
    file.write_text(rows)
    mapping = MAPPINGS.get(rows.split("\n")[0].rpartition(",")[2])
    settings = {"max_steps": 2, "max_length": 128, **settings}
    recipe = {
        "name": name or f"Shop {method}",
        "data": {"file": str(file), "split": {"near_together": False}, **({"mapping": mapping} if mapping else {})},
        "model": {"start": start} if start else {"name": str(base)},
        "method": {"name": method},
        "settings": settings,
    }
    import tomli_w

    path = workspace.scratch / "recipe.toml"
    path.write_text(tomli_w.dumps(recipe))
    return create_run(workspace, resolve(workspace, load_recipe(path)))


def finished(workspace: Workspace, method: str, rows: str, base: Path | str, **more: Any) -> Run:
    """A run that has learned for some steps, kept its result, judged and asked it. `more` as in `waiting_run`."""
    with queue_lock(workspace):
        run = waiting_run(workspace, method, rows, base, **more)
        write_json(run.folder / "process.json", identity())  # or a server there would have a worker begin with it
    try:
        learn(run)
    finally:
        (run.folder / "process.json").unlink()
    return run


def learn(run: Run) -> None:
    workspace, recipe = run.workspace, run.recipe()
    found = find_method(recipe.method.name)
    version, dtype, settings = recipe.version(workspace), training_dtype("cpu"), recipe.checked_settings()
    folder = Path(recipe.model.name)
    earlier = Run(workspace.runs / recipe.model.start) if recipe.model.start else None
    start = earlier.adapter if earlier and earlier.adapter.is_dir() else None
    trainer = found.build(Job(folder, version, settings, run.checkpoints, "cpu", dtype, workspace.home, start))
    before = trainer.judge_untuned(trainer.test_dataset)
    trainer.train()
    whole = settings.adapt in ("full", "last_layers", "gradual")
    trainer.keep(run.whole_model if whole else run.adapter)
    record_answers(run, trainer, version)
    figures = compared(before, trainer.judge(trainer.test_dataset), len(trainer.test_dataset), found.metrics)
    result = {"dtype": dtype, "steps": settings.max_steps, "seconds": 1, **trainer.findings, **figures}
    EventLog(run.events).write("finished", result=json.loads(json.dumps(result)))

"""Preferences that a two-layer model can learn, polite answers before rude ones, and the proof that it does."""

import csv
import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

from studio.datasets.store import add_file
from studio.datasets.versions import DataSteps, Version, prepare
from studio.methods import Job, find_method
from studio.workspace import Workspace
from tests.methods.proof import changed_by_training, same_after_reload

THINGS = ("cup", "lamp", "rug", "vase")
SPLIT = {"near_together": False, "validation": 6, "test": 4}
PAIR = {
    "kind": "preference",
    "shape": "preference_pairs",
    "columns": {"prompt": "question", "chosen": "better", "rejected": "worse"},
}
THUMBS = {
    "kind": "feedback",
    "shape": "rated_replies",
    "columns": {"prompt": "question", "reply": "reply", "verdict": "liked"},
}
# Every Trainer collects garbage as it starts; what the imports above have made need not be looked through each time.
gc.freeze()

WAYS: list[dict[str, Any]] = [
    {"adapt": "lora"},
    {"adapt": "lora", "weights": "4bit"},
    {"adapt": "prompt"},
    {"adapt": "prefix"},
    {"adapt": "ia3"},
    {"adapt": "last_layers", "last_layers": 1},
    {"adapt": "gradual"},
    {"adapt": "full"},
]
ADDED = ("lora_", "ia3_", "prompt_encoder", "modules_to_save")  # parts of the names of an adapter's own weights
Change = Callable[[list[str], int], list[str]]


def pairs(workspace: Workspace, folder: Path, rows: int = 24, change: Change | None = None, **more: Any) -> Version:
    """A version of (question, better, worse); `change` gets each row and its number, `more` goes into DataSteps."""
    path = folder / f"pairs{rows}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["question", "better", "worse"])
        for i in range(rows):
            thing = THINGS[i % 4]
            row = [
                f"Where is my {thing} number {i}?",
                f"Your {thing} is on its way to you.",
                f"No {thing} for you, go.",
            ]
            writer.writerow(change(row, i) if change else row)
    return prepare(
        workspace, add_file(workspace, path), DataSteps.model_validate({"mapping": PAIR, "split": SPLIT} | more)
    )


def thumbs(workspace: Workspace, folder: Path, rows: int = 30, every: int = 2) -> Version:
    """A version of answers with thumbs, of which every so manieth is down; 0: none, 1: all."""
    path = folder / f"thumbs{rows}-{every}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["question", "reply", "liked"])
        for i in range(rows):
            thing, down = THINGS[i % 4], bool(every) and i % every == 0
            said = f"No {thing} for you, go." if down else f"Your {thing} is on its way to you."
            writer.writerow([f"Where is my {thing} number {i}?", said, "no" if down else "yes"])
    return prepare(workspace, add_file(workspace, path), DataSteps.model_validate({"mapping": THUMBS, "split": SPLIT}))


def job_of(name: str, model: Path, version: Version, output: Path, start: Path | None = None, **settings: Any) -> Job:
    """A job of that method on the processor, of six steps unless the settings say otherwise."""
    rates = {"lora": 0.01, "prompt": 0.1, "prefix": 0.05, "ia3": 0.1, "last_layers": 0.005, "gradual": 0.005}
    rate = rates.get(str(settings.get("adapt", "lora")), 0.002)
    checked = find_method(name).settings.model_validate(
        {"max_steps": 6, "learning_rate": rate, "checks": 2, **settings}
    )
    return Job(model, version, checked, output, "cpu", "float32", start=start)


def named(way: dict[str, Any]) -> str:
    """A way to train, as pytest shows it."""
    return "-".join(str(value) for value in way.values())


def learns_and_loads_again(job: Job, name: str, folder: Path) -> dict[str, tuple[float, float]]:
    """Trains; what is marked as trained, and nothing else, is another byte by byte; saved and loaded it says the same.

    Returns each figure on the check rows, before and after.
    """
    trainer: Any = find_method(name).build(job)
    before = trainer.judge(trainer.eval_dataset)
    wanted = {name for name, parameter in trainer.model.named_parameters() if parameter.requires_grad}
    changed = changed_by_training(trainer)
    after = trainer.judge(trainer.eval_dataset)
    assert changed and changed <= wanted
    if job.settings.adapt in ("lora", "prompt", "prefix", "ia3"):
        assert all(any(part in name for part in ADDED) for name in changed)
        assert list(trainer.model.peft_config) == ["default"]
    if job.settings.adapt == "last_layers":
        assert changed == wanted and not any("layers.0." in name or "embed" in name for name in changed)
    if job.settings.adapt == "full":
        assert changed == wanted == {name for name, _ in trainer.model.named_parameters()}
    batch = trainer._prepare_inputs(trainer.data_collator([trainer.test_dataset[i] for i in range(2)]))
    begin = "" if "input_ids" in batch else "chosen_"
    read = {key: batch[f"{begin}{key}"] for key in ("input_ids", "attention_mask")}
    same_after_reload(trainer, job, read, folder)
    return {figure: (before[figure], after[figure]) for figure in after}


def same_names(trainer: Any, name: str) -> None:
    """The method's metrics are logged alike in training and in checks, and a judgement has them all."""
    trainer.train()
    metrics = find_method(name).metrics
    logged = {metric.logged or metric.name for metric in metrics}
    train = next(entry for entry in trainer.state.log_history if "loss" in entry)
    check = next(entry for entry in trainer.state.log_history if "eval_loss" in entry)
    assert logged <= set(train) and {f"eval_{one}" for one in logged} <= set(check)
    assert set(trainer.judge(trainer.test_dataset)) == {"loss", *(metric.name for metric in metrics)}
    assert trainer.tokens > 0

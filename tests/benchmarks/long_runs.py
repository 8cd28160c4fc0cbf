"""A home full of long runs that have ended, and one at work: the files that workers leave, without the training."""

import json
import math
import random
import shutil
from pathlib import Path
from typing import Any

from studio.processes import identity
from studio.training.recipe import Recipe, load_recipe, resolve, save_recipe
from studio.training.run import Run
from studio.workspace import ASSETS, Workspace, open_workspace, write_json
from tests.tiny import make_tiny_model

BEGAN = 1_760_000_000.0
CHECKS = 100  # as many as the settings allow
PLAN: dict[str, Any] = {
    "epochs": 3.0,
    "rows": {"train": 80, "check": 20, "test": 20},
    "device": "cpu",
    "dtype": "float32",
    "metrics": [{"name": "accuracy", "title": "Right next words", "sentence": "Of 100.", "higher_is_better": True}],
    "best": "loss",
    "trained_parameters": 921_600,
    "parameters": 134_515_008,
}
RESULT = {"adapter_mb": 3.7, "kept_step": 1000, "dtype": "float32", "test_rows": 20}
RESULT |= {"test_loss_before": 3.1, "test_loss_after": 1.2, "test": [], "few_shot": {}}


def line(at: float, kind: str, **fields: Any) -> bytes:
    return json.dumps({"at": round(at, 3), "kind": kind, **fields}).encode() + b"\n"


def step_event(step: int, steps: int, seed: int = 0) -> bytes:
    """One as studio.training.reporter writes it."""
    dice = random.Random(step * 1000 + seed)
    loss = 1.0 + 2 * math.exp(-5 * step / steps) + dice.gauss(0, 0.1)
    return line(
        BEGAN + 60 + step * 0.2,
        "step",
        step=step,
        epoch=round(3 * step / steps, 4),
        loss=loss,
        learning_rate=1e-4 * (1 - step / steps),
        grad_norm=abs(dice.gauss(1, 0.3)),
        tokens=step * 512,
        trained_tokens=step * 100,
        tokens_per_second=round(2560 + dice.gauss(0, 60), 2),
        memory_gb=round(1.8 + step / steps / 10, 3),
        metrics={"accuracy": 1 - loss / 5},
    )


def log_of(events: int, planned: int, seed: int, ended: bool) -> bytes:
    """The event log of a run with so many events; planned: its steps."""
    parts = [
        line(BEGAN, "phase", text="Loading the training libraries"),
        line(BEGAN + 20, "phase", text="Loading the model and the examples"),
        line(BEGAN + 60, "plan", steps=planned, **PLAN),
        line(BEGAN + 60, "note", text="The rows are short, so several are put together."),
    ]
    step, every = 0, planned // CHECKS
    while len(parts) < events - ended:
        if step % every == 0:
            loss = 1.1 + 2 * math.exp(-5 * step / planned)
            parts.append(line(BEGAN + 60 + step * 0.2, "check", step=step, loss=loss, metrics={"accuracy": 0.5}))
        step += 1
        parts.append(step_event(step, planned, seed))
    if ended:
        parts.append(line(BEGAN + 61 + step * 0.2, "finished", result=RESULT | {"steps": step, "seconds": step / 5}))
    return b"".join(parts)


def sample_recipe(workspace: Workspace) -> Recipe:
    """The sample's, for a starter model that is a two-layer one."""
    base = workspace.models / "smollm2-135m-instruct"
    if not base.exists():
        shutil.copytree(make_tiny_model(workspace.scratch / "tiny"), base)
    return resolve(workspace, load_recipe(ASSETS / "samples" / "returns.toml"))


def make_run(workspace: Workspace, recipe: Recipe, number: int, log: bytes) -> Run:
    folder = workspace.runs / f"20260101-{number:06d}-helper-{number:04x}"
    folder.mkdir()
    (folder / "recipe.toml").write_text(save_recipe(recipe.model_copy(update={"name": f"Returns helper {number}"})))
    (folder / "events.jsonl").write_bytes(log)
    return Run(folder)


def make_home(home: Path, runs: int, events: int, kinds: int = 4) -> Workspace:
    """So many finished runs of so many events; their logs are of `kinds` kinds, as writing each anew takes minutes."""
    workspace = open_workspace(home)
    recipe = sample_recipe(workspace)
    logs = [log_of(events, events - events // 50, seed, ended=True) for seed in range(kinds)]
    for number in range(runs):
        run = make_run(workspace, recipe, number, logs[number % kinds])
        run.adapter.mkdir()
        write_json(run.adapter / "adapter_config.json", {"peft_type": "LORA", "r": 16, "lora_alpha": 16})
        write_json(run.adapter / "result.json", {"task": "causal", "weights": "full", "head": {}})
        (run.folder / "export").mkdir()
        write_json(run.folder / "export" / "state.json", {"status": "ready", "same": 4, "asked": 4, "megabytes": 3.5})
    return workspace


def make_live_run(workspace: Workspace, events: int, planned: int) -> Run:
    """A run in the middle of its way; whoever calls this plays its worker."""
    run = make_run(workspace, sample_recipe(workspace), 999_999, log_of(events, planned, 7, ended=False))
    write_json(run.folder / "process.json", identity())
    return run

"""Whether a teacher helps: python -m tests.benchmarks.distillation HOME [--rows 16] [--steps 24] [--seeds 3]

The teacher is the starter model after supervised fine-tuning (LoRA, rank 16) on all training rows of the sample. Its
student is the starter model with a smaller adapter on the first few of these rows; beside it the same student learns
from the same rows, in as many steps, at the same rate, without a teacher. Both keep the point that was best on the
check rows, and are judged on test rows that no model has seen. A teacher made before is found again in HOME.
"""

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

from studio.datasets.store import SAMPLES, add_file
from studio.datasets.versions import DataSteps, Version, prepare
from studio.methods import Job, find_method
from studio.models.catalogue import find_model
from studio.models.fetch import ensure_model
from studio.models.hardware import look, training_dtype
from studio.models.starter import STARTER
from studio.training.recipe import Recipe
from studio.training.run import Run, create_run, list_runs
from studio.workspace import Workspace, open_workspace

TEACHER = "Teacher of the benchmark"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path, help="a studio's home; the starter model is unpacked there if need be")
    parser.add_argument("--rows", type=int, default=16, help="training rows of the students")
    parser.add_argument("--steps", type=int, default=24, help="steps of the students")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rank", type=int, default=8, help="rank of the students' adapters")
    parser.add_argument("--rate", type=float, default=None, help="learning rate of the students; what suits LoRA")
    parser.add_argument("--beta", type=float, default=0.0)
    parser.add_argument("--on-policy", type=float, default=0.0)
    parser.add_argument("--teacher-epochs", type=float, default=3)
    options = parser.parse_args()
    workspace = open_workspace(options.home)
    folder = ensure_model(workspace, find_model(workspace, STARTER), print)
    mapping = {"kind": "chat", "shape": "prompt_reply", "columns": {"prompt": "question", "reply": "answer"}}
    version = prepare(workspace, add_file(workspace, SAMPLES[0].path), DataSteps.model_validate({"mapping": mapping}))
    print(f"rows of the sample: {version.rows}")
    run = teacher(workspace, folder, version, options.teacher_epochs)
    gains = []
    for seed in range(1, options.seeds + 1):
        settings = {
            "max_steps": options.steps,
            "epochs": 1,
            "rank": options.rank,
            "alpha": 2 * options.rank,
            "seed": seed,
            "checks": 4,
            "learning_rate": options.rate,
        }
        taught = {"teacher_run": run.id, "beta": options.beta, "on_policy": options.on_policy}
        plain = student(workspace, folder, version, "sft", settings, options.rows)
        distilled = student(workspace, folder, version, "distillation", settings | taught, options.rows)
        gains.append(plain - distilled)
        print(f"seed {seed}: plain {plain:.4f}, distilled {distilled:.4f}, lower by {gains[-1]:+.4f}", flush=True)
    spread = f"({min(gains):+.4f} to {max(gains):+.4f})"
    print(f"held-out loss of the distilled student lower by {statistics.mean(gains):+.4f} nats per token {spread}")


def teacher(workspace: Workspace, folder: Path, version: Version, epochs: float) -> Run:
    """The run of the teacher, with what it kept; trained if it is not there."""
    name = f"{TEACHER}, {epochs:g} passes"
    known = next((run for run in list_runs(workspace) if run.name == name and run.kept), None)
    if known:
        print(f"teacher found: {known.id}")
        return known
    recipe = Recipe.model_validate({"name": name, "data": {"file": str(SAMPLES[0].path)}, "model": {"name": STARTER}})
    run = create_run(workspace, recipe)
    trainer = built(workspace, folder, version, "sft", {"epochs": epochs, "checks": 4}, run.checkpoints)
    print(f"held-out loss of the untrained model {trainer.judge_untuned(trainer.test_dataset)['loss']:.4f}", flush=True)
    trainer.train()
    trainer.keep(run.adapter)
    print(f"held-out loss of the teacher {trainer.judge(trainer.test_dataset)['loss']:.4f}", flush=True)
    return run


def student(
    workspace: Workspace, folder: Path, version: Version, method: str, settings: dict[str, Any], rows: int
) -> float:
    """Loss on the test rows, in nats per reply token, after training on the first rows."""
    trainer = built(workspace, folder, version, method, settings, workspace.scratch / f"benchmark-{method}")
    trainer.train_dataset = trainer.train_dataset.select(range(rows))
    began = time.monotonic()
    trainer.train()
    seconds = time.monotonic() - began
    checked = [round(entry["eval_loss"], 4) for entry in trainer.state.log_history if "eval_loss" in entry]
    print(f"  {method}: {seconds:.0f} s, check losses {checked}", flush=True)
    return float(trainer.judge(trainer.test_dataset)["loss"])


def built(
    workspace: Workspace, folder: Path, version: Version, method: str, settings: dict[str, Any], output: Path
) -> Any:
    found = find_method(method)
    device = look().device
    checked = found.settings.model_validate(settings)
    return found.build(Job(folder, version, checked, output, device, training_dtype(device), workspace.home))


if __name__ == "__main__":
    main()

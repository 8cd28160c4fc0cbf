"""What a reward teaches a real model: python -m tests.benchmarks.rlhf PAIRS HOME [SETTING=VALUE ...]

PAIRS: a file of better and worse answers, such as dpo_en_demo.json. On the starter model, with ROWS of its shortest
rows (rows=…, 64 when left out), a quarter held out: policy training with a rule (short answers) unless rule=false, and,
unless judge_steps=0, a reward model learned from the pairs for judge_steps, and policy training with that. Prints
reward and KL on held-out questions before and after.
"""

import json
import shutil
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
from tests.benchmarks.preferences import MAPPINGS, shortest

JUDGE = "00000000-000000-benchmark-judge"
SETTINGS: dict[str, Any] = {
    "max_steps": 16,
    "checks": 2,
    "batch_size": 4,
    "generations": 4,
    "answer_tokens": 32,
    "max_length": 128,
    "judged": 16,
}


def main() -> None:
    file, home, *changes = sys.argv[1:]
    given = {key: json.loads(value) for key, value in (change.split("=", 1) for change in changes)}
    rows, judge_steps, by_rule = given.pop("rows", 64), given.pop("judge_steps", 24), given.pop("rule", True)
    settings = SETTINGS | given
    workspace = open_workspace(home)
    with tempfile.TemporaryDirectory() as folder:
        short, shape = shortest(Path(file), rows, Path(folder))
        steps = {"mapping": MAPPINGS[shape], "split": {"validation": rows // 12, "test": rows // 4}}
        version = prepare(workspace, add_file(workspace, short), DataSteps.model_validate(steps))
        rule = {"kind": "length", "max": 10}
        if by_rule:
            trained(workspace, version, settings | {"rules": [rule]}, "a rule: at most 10 words", Path(folder) / "rule")
        if judge_steps:
            try:
                judge(workspace, version, judge_steps, Path(folder) / "judge")
                trained(workspace, version, settings | {"reward_run": JUDGE}, "a reward model", Path(folder) / "policy")
            finally:
                shutil.rmtree(workspace.runs / JUDGE, ignore_errors=True)


def job_of(workspace: Workspace, version: Version, method: str, settings: dict[str, Any], output: Path) -> Job:
    device = look().device
    checked = find_method(method).settings.model_validate(settings)
    folder = find_model(workspace, STARTER).folder
    return Job(folder, version, checked, output, device, training_dtype(device), workspace.home)


def judge(workspace: Workspace, version: Version, steps: int, output: Path) -> None:
    """Learn a reward model from the pairs, and leave it where an earlier run's would be."""
    job = job_of(workspace, version, "reward", {"max_steps": steps, "checks": 1, "max_length": 256}, output)
    trainer = find_method("reward").build(job)
    trainer.train()
    accuracy = trainer.judge(trainer.test_dataset)["accuracy"]  # type: ignore[arg-type]
    print(f"reward model after {steps} steps: accuracy {accuracy:.2f} on held-out pairs")
    kept = workspace.runs / JUDGE
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir()
    (kept / "recipe.toml").write_text(f'name = "Judge"\n[model]\nname = "{STARTER}"\n[method]\nname = "reward"\n')
    trainer.keep(kept / "adapter")


def trained(workspace: Workspace, version: Version, settings: dict[str, Any], reward: str, output: Path) -> None:
    """Train a policy, and print what held-out questions say before and after."""
    began = time.monotonic()
    trainer = find_method("rlhf").build(job_of(workspace, version, "rlhf", settings, output))
    assert trainer.test_dataset is not None
    before = trainer.judge_untuned(trainer.test_dataset)
    trainer.train()
    after = trainer.judge(trainer.test_dataset)
    seconds = time.monotonic() - began
    told = [entry for entry in trainer.state.log_history if "loss" in entry]
    few = max(1, len(told) // 4)
    print(f"RLHF with {reward}: {len(told)} steps, {trainer.trained:,} tokens written, {seconds:.0f} s")
    for name in ("reward", "kl"):
        first, last = (sum(entry[name] for entry in part) / few for part in (told[:few], told[-few:]))
        print(f"  {name} of its tries: {first:.3f} in the first {few} steps, {last:.3f} in the last {few}")
    print(f"  on {len(trainer.test_dataset)} held-out questions   before      after")
    for figure in after:
        print(f"  {figure:24} {before[figure]:10.4f} {after[figure]:10.4f}")
    print(*trainer.notes, sep="\n", flush=True)


if __name__ == "__main__":
    main()

"""Runs trained in this process, their copies as Python unpacked, and a clean interpreter that runs these."""

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from studio.export.python.worker import copied
from studio.methods import find_method
from studio.methods.adapt_settings import ADAPTERS
from studio.training.building import build
from studio.training.events import EventLog, read_events
from studio.training.outcome import best_step
from studio.training.queue import queue_lock
from studio.training.recipe import Recipe, load_recipe, resolve
from studio.training.reporter import Reporter
from studio.training.run import Run, create_run
from studio.training.session import Session
from studio.workspace import ASSETS, Workspace
from tests.methods.lessons import Lessons

SAMPLES = {load_recipe(path).method.name: path for path in sorted((ASSETS / "samples").glob("*.toml"))}
# Every script in a process of its own, which knows nothing of the others; the libraries are loaded once for all.
RUNNER = """
import gc, importlib.util, os, runpy, sys, traceback
import datasets, peft, torch, transformers
from transformers import Trainer
from trl import DPOTrainer, GRPOTrainer, KTOTrainer, RewardTrainer, RLOOTrainer, SFTTrainer
assert importlib.util.find_spec("studio") is None and sys.flags.isolated
def run(folder):
    os.chdir(folder)
    runpy.run_path("train.py", run_name="__main__")
    assert not any(name.partition(".")[0] == "studio" for name in sys.modules)
for folder in sys.argv[1:]:
    print(f"== {folder}", flush=True)
    if len(sys.argv) == 2:
        run(folder)
        continue
    gc.freeze()
    child = os.fork()
    if child == 0:
        try:
            run(folder)
            sys.stdout.flush()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status == 0, f"{folder} ended with {status}"
"""
FORKS = sys.platform == "linux"  # elsewhere an interpreter a script: what was loaded may not survive a fork
STEP = re.compile(r"^step (\d+): loss (\S+)$", re.MULTILINE)


@dataclass
class Copy:
    """folder: where the copy was unpacked. losses: of the run's steps, from the first."""

    run: Run
    folder: Path
    losses: list[float]

    @property
    def script(self) -> str:
        return (self.folder / "train.py").read_text("utf-8")


@contextmanager
def one_thread() -> Iterator[None]:
    """For sums as small as these: beside other programs, threads that wait for each other take ten times as long."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def small(lessons: Lessons, method: str, start: str = "", **settings: Any) -> Recipe:
    """The sample recipe of a method on two-layer models, some steps of it. start: the run that it goes on from."""
    recipe = load_recipe(SAMPLES[method])
    recipe.model.name, recipe.model.start = str(lessons.model(method)), start or None
    recipe.settings.pop("reward_run", None)
    recipe.settings |= {"max_steps": 4, "checks": 2, "batch_size": 4, "max_length": 256, **lessons.needed(method)}
    recipe.settings |= {"judged": 2, "batch_size": 2, "answer_tokens": 16} if method == "rlhf" else {}
    recipe.settings |= {"adapt": "lora", "learning_rate": 0.01, **settings}
    return recipe


def learned(workspace: Workspace, recipe: Recipe) -> Run:
    """The steps of a run as its worker takes them, in this process; it is not judged."""
    with queue_lock(workspace, timeout=-1):  # else a server that looks at this workspace takes it for a waiting run
        run = create_run(workspace, resolve(workspace, recipe))
        teach(run)
    return run


def teach(run: Run) -> None:
    recipe = run.recipe()
    version = recipe.version(run.workspace)
    session = Session(run, EventLog(run.events), device="cpu")
    session.built = build(run, recipe, version, recipe.checked_settings(), "cpu", print)
    session.tell_plan(version)
    trainer: Any = session.built.trainer
    trainer.add_callback(Reporter(run, trainer, find_method(recipe.method.name).metrics))
    trainer.train()
    trainer.keep(run.adapter if trainer.settings.adapt in ADAPTERS else run.whole_model)
    session.events.write("finished", result={"kept_step": best_step(trainer), "steps": trainer.state.global_step})


def losses_of(run: Run) -> list[float]:
    return [event["loss"] for event in read_events(run.events)[0] if event["kind"] == "step"]


def unpacked(run: Run, folder: Path) -> Copy:
    """The copy of a run as a person has it who has filled in the paths."""
    told = copied(run)
    with zipfile.ZipFile(told["zip"]) as archive:
        archive.extractall(folder)
    for name, place in told["where"]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(place)
    return Copy(run, folder, losses_of(run))


def run_all(folders: list[Path], place: Path) -> dict[Path, list[float]]:
    """The losses that the scripts in these folders print, each run by itself in a clean interpreter."""
    (place / "runner.py").write_text(RUNNER)
    calls = [folders] if FORKS else [[folder] for folder in folders]
    printed = "".join(in_clean_interpreter(place, call) for call in calls)
    found = {Path(part.partition("\n")[0]): part for part in printed.split("== ")[1:]}
    return {folder: [float(loss) for _, loss in STEP.findall(found[folder])] for folder in folders}


def in_clean_interpreter(place: Path, folders: list[Path]) -> str:
    kept = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "SYSTEMROOT")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    environment |= {"HF_HUB_OFFLINE": "1", "TRL_EXPERIMENTAL_SILENCE": "1", "TOKENIZERS_PARALLELISM": "false"}
    result = subprocess.run(
        [sys.executable, "-I", str(place / "runner.py"), *map(str, folders)],
        cwd=place,
        env={**environment, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return result.stdout

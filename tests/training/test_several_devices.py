"""Runs that are spread over two processes, by real workers: the same curve as one, one stop for all, and no orphans.

The processor counts as two devices here (studio.models.hardware.CPU_DEVICES), and the processes talk over gloo.
"""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import tomli_w
from safetensors.torch import load_file
from transformers import TrainerCallback

from studio.methods import Job, find_method
from studio.models.hardware import CPU_DEVICES
from studio.training.checkpoints import points
from studio.training.events import read_events
from studio.training.point_keeper import PointKeeper
from studio.training.queue import go_on, start
from studio.training.recipe import load_recipe, resolve
from studio.training.reporter import Reporter
from studio.training.run import Run, create_run
from studio.workspace import Workspace
from tests.conftest import wait_until
from tests.finished import PAIRS

pytestmark = pytest.mark.slow
NEAR = 1e-4  # relative
# In bfloat16, which some processors have, two ways to add up differ more than that.
FLOAT32 = "import studio.models.hardware as hardware\nhardware.cpu_has_bfloat16 = lambda: False\n"
CHAT = "question,answer\n" + "".join(
    f"Where is my {('cup', 'lamp', 'rug')[i % 3]} {i}? {'I have waited for it. ' * (i % 4)},On its way {i % 3}.\n"
    for i in range(29)
)


@pytest.fixture(autouse=True)
def two_devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For this process and every one that it starts."""
    (tmp_path / "before").mkdir()
    (tmp_path / "before" / "sitecustomize.py").write_text(FLOAT32)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "before"))
    monkeypatch.setenv(CPU_DEVICES, "2")
    monkeypatch.setattr("studio.models.hardware.cpu_has_bfloat16", lambda: False)


@pytest.fixture
def make(workspace: Workspace, tiny_model: Path) -> Iterator[Callable[..., Run]]:
    """A run of a method that waits; whatever still works at the end is killed."""
    made: list[Run] = []

    def waiting(method: str, **settings: Any) -> Run:
        file = workspace.scratch / f"{method}.csv"
        file.write_text(PAIRS if method == "dpo" else CHAT)
        common = {"batch_size": 4, "checks": 3, "learning_rate": 0.003, "max_length": 128}
        recipe = {
            "name": f"Two {method}",
            "data": {"file": str(file), "split": {"near_together": False, "validation": 4, "test": 4}},
            "model": {"name": str(tiny_model)},
            "method": {"name": method},
            "settings": {**common, **settings},
        }
        path = workspace.scratch / "recipe.toml"
        path.write_text(tomli_w.dumps(recipe))
        made.append(create_run(workspace, resolve(workspace, load_recipe(path))))
        return made[-1]

    yield waiting
    for run in made:
        if run.has_process():
            for process in processes(run):
                process.kill()


def processes(run: Run) -> list[psutil.Process]:
    """The run's worker, and below it the launcher and the parts, in the order in which they were started."""
    worker = psutil.Process(run.process()["pid"])
    return [worker, *worker.children(recursive=True)]


def parts(run: Run) -> dict[str, psutil.Process]:
    """Those that train, by their rank."""
    found = {}
    for process in processes(run):
        if "studio.training.part" in process.cmdline() and "accelerate.commands.launch" not in process.cmdline():
            found[process.environ()["RANK"]] = process
    return found


def wait_for(run: Run, status: str) -> None:
    wait_until(lambda: run.view().status in (status, "failed", "finished"), 150, f"the run to be {status}")
    assert run.view().status == status, (run.view().error, run.log.read_text()[-3000:])


def wait_for_steps(run: Run, step: int) -> None:
    wait_until(lambda: run.view().step >= step or run.view().error, 150, f"step {step}")
    assert not run.view().error, (run.view().error, run.log.read_text()[-3000:])


def go_on_from_step(run: Run) -> int:
    wait_until(lambda: not run.has_process(), 30, "the worker to leave")
    step = points(run.checkpoints)[-1].step
    go_on(run)
    return step


def all_gone(family: list[psutil.Process]) -> bool:
    return not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in family)


class StopAt(TrainerCallback):
    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        control.should_training_stop |= state.global_step == self.step


def alone(run: Run, folder: Path, steps: int = 0) -> Run:
    """The same run in this one process, up to so many steps; what it says, its model, and its judgement."""
    one, recipe = Run(folder / "runs" / "alone"), run.recipe()
    one.folder.mkdir(parents=True)
    settings = recipe.checked_settings().model_copy(update={"devices": 1})
    method, version = find_method(recipe.method.name), recipe.version(run.workspace)
    job = Job(Path(recipe.model.name), version, settings, one.checkpoints, "cpu", "float32", run.workspace.home)
    trainer = method.build(job)
    for callback in (Reporter(one, trainer, method.metrics), PointKeeper(one, trainer, {}, None), StopAt(steps)):
        trainer.add_callback(callback)
    trainer.train()
    trainer.keep(one.whole_model if settings.adapt == "full" else one.adapter)
    return one


def told(run: Run) -> dict[tuple[str, int], dict[str, float]]:
    """The figures of each step and check; of what was taken twice the last ones."""
    found = {}
    for event in read_events(run.events)[0]:
        if event["kind"] in ("step", "check"):
            names = ("loss", "grad_norm", "learning_rate", "tokens", "trained_tokens", "epoch")
            figures = {name: event[name] for name in names if name in event}
            found[event["kind"], event["step"]] = figures | event.get("metrics", {})
    return found


def same_curve(one: Run, two: Run) -> None:
    alone, together = told(one), told(two)
    assert alone.keys() == together.keys()
    for place, figures in alone.items():
        assert figures.keys() == together[place].keys()
        if place == ("step", 1):  # before anything is learned, a margin is nothing but rounding
            figures = {name: value for name, value in figures.items() if name in ("loss", "grad_norm", "tokens")}
        for name, value in figures.items():
            if name == "accuracy" and abs(figures.get("margin", 1.0)) < 1e-4:
                continue  # nor is it more while the rate warms up, and rounding decides which answer is ahead
            assert together[place][name] == pytest.approx(value, rel=NEAR, abs=1e-5), (place, name)


def same_files(one: Run, two: Run) -> None:
    """What both have kept: the same files, and in them the same weights."""
    assert one.kept and two.kept and one.kept.name == two.kept.name
    assert {file.name for file in one.kept.iterdir()} == {file.name for file in two.kept.iterdir()}
    file = "adapter_model.safetensors" if one.kept == one.adapter else "model.safetensors"
    alone, together = load_file(one.kept / file), load_file(two.kept / file)
    assert alone.keys() == together.keys()
    for name, value in alone.items():
        assert value.dtype == together[name].dtype and value.shape == together[name].shape
        assert float((value - together[name]).abs().max()) < NEAR


def test_a_run_that_loses_its_processes_one_after_the_other_has_the_curve_of_one(
    make: Callable[..., Run], tmp_path: Path
) -> None:
    """Its 21 rows are no whole number of steps, so at the end of each pass one process has nothing to learn."""
    run = make("sft", devices=2, max_steps=40, checks=8)
    start(run)
    for rank, step in (("1", 8), ("0", 20)):
        wait_for_steps(run, step)
        family = processes(run)
        parts(run)[rank].send_signal(signal.SIGKILL)
        wait_until(lambda: run.view().status == "failed", 30, "the death to be told")
        error = run.view().error
        assert error is not None and error.cause == "part_killed"
        assert "One of the 2 processes that train together ended unexpectedly at step" in error.message
        assert f"Process {int(rank) + 1} of 2" in error.evidence and "SIGKILL" in error.evidence
        wait_until(lambda family=family: all_gone(family), 30, "every process to be gone")
        assert go_on_from_step(run) >= step - 5
    wait_for(run, "finished")
    one = alone(run, tmp_path)
    same_curve(one, run)
    same_files(one, run)
    assert run.view().result["steps"] == 40 and (run.folder / "answers.json").exists()


def test_stop_ends_every_process_of_a_run_on_pairs(make: Callable[..., Run], tmp_path: Path) -> None:
    run = make("dpo", devices=2, max_steps=2000, checks=100, accumulation=2)
    start(run)
    wait_for_steps(run, 9)
    family = processes(run)
    assert len(parts(run)) == 2
    run.request_stop(keep=True)
    wait_for(run, "stopped")
    wait_until(lambda: all_gone(family), 30, "every process to be gone")
    one = alone(run, tmp_path, run.view().result["steps"])
    same_curve(one, run)
    same_files(one, run)


IN_PIECES: dict[str, tuple[str, dict[str, Any]]] = {
    "all of it": ("sft", {"adapt": "full", "learning_rate": 0.001}),
    "an adapter, packed rows": ("sft", {"packing": True, "batch_size": 2}),
    "an adapter, pairs": ("dpo", {}),
}


@pytest.mark.parametrize("case", IN_PIECES)
def test_a_model_in_pieces_learns_and_leaves_the_same(make: Callable[..., Run], tmp_path: Path, case: str) -> None:
    """The first with a pause in between."""
    method, settings = IN_PIECES[case]
    run = make(method, devices=2, spread="fsdp", max_steps=12, **settings)
    start(run)
    if case == "all of it":
        wait_for_steps(run, 3)
        family = processes(run)
        run.request_pause()
        wait_for(run, "paused")
        wait_until(lambda: all_gone(family), 30, "every process to be gone")
        assert go_on_from_step(run) < 12
    wait_for(run, "finished")
    one = alone(run, tmp_path)
    same_curve(one, run)
    same_files(one, run)


def test_no_process_is_left_whoever_is_killed(make: Callable[..., Run]) -> None:
    run = make("sft", devices=2, max_steps=4000, checks=100)
    start(run)
    wait_for_steps(run, 3)
    family = processes(run)
    os.kill(family[0].pid, signal.SIGKILL)
    wait_until(lambda: run.view().status == "failed", 10, "the worker's death to be seen")
    wait_until(lambda: all_gone(family), 30, "every process to be gone")
    go_on(run)
    wait_for_steps(run, 50)
    family = processes(run)
    os.kill(family[1].pid, signal.SIGKILL)  # what `accelerate launch` runs in
    wait_until(lambda: run.view().status == "failed", 60, "the launcher's death to be told")
    error = run.view().error
    assert error is not None and error.cause == "part_killed" and points(run.checkpoints)
    wait_until(lambda: all_gone(family), 30, "every process to be gone")

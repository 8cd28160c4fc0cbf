"""A worker that waits with its imports done: the run that it is given is as any other; none is lost or taken twice."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from studio.processes import is_alive, seconds_since_boot, worker_environment
from studio.training import queue, standby
from studio.training.events import read_events
from studio.training.queue import hand_over
from studio.training.run import Run
from studio.training.standby import Standby
from studio.training.tracking import keys
from studio.workspace import Workspace
from tests.conftest import wait_until
from tests.test_layers import modules_after
from tests.training.queued import HONEST, Sleepers, kept, new_run

SECRET = "0123456789abcdef0123456789abcdef01234567"
DEAF = "print('ready', flush=True); import time; time.sleep(600)"
FAINT = "import sys; print('ready', flush=True); sys.stdin.readline()"

Submit = Callable[..., Run]


def ended(run: Run) -> bool:
    return not run.view().live and run.view().status != "waiting"


def losses(run: Run) -> list[float]:
    return [event["loss"] for event in read_events(run.events)[0] if event["kind"] == "step"]


def kill(who: dict[str, Any] | None) -> None:
    with suppress(ProcessLookupError, TypeError):
        os.kill(who["pid"], signal.SIGKILL)  # type: ignore[index]


# What a run is that was handed over


def test_a_run_that_is_handed_over_is_as_any_other_to_the_last_digit(
    workspace: Workspace, start: Submit, waits: Callable[[], Standby]
) -> None:
    one = waits()
    process = psutil.Process(one.process.pid)
    handed = seconds_since_boot()
    run = start(max_steps=3)
    who = run.process()
    assert who is not None and who["pid"] == one.process.pid and is_alive(who)
    assert who["created"] < handed <= who["since"] and kept(workspace) is None
    shown = run.view().started
    assert shown is None or shown.timestamp() == pytest.approx(psutil.boot_time() + who["since"], abs=1)
    assert Path(process.cwd()) == run.folder and process.open_files() is not None
    assert os.readlink(f"/proc/{who['pid']}/fd/1") == os.readlink(f"/proc/{who['pid']}/fd/2") == str(run.log)
    assert os.readlink(f"/proc/{who['pid']}/fd/0") == os.devnull
    wait_until(lambda: ended(run), 120, "the run to end")
    view = run.view()
    assert view.status == "finished", view.error
    assert view.started is not None and view.started.timestamp() >= psutil.boot_time() + handed - 0.1
    assert "eval_loss" in run.log.read_text() and "eval_loss" not in one.words.read_text()
    wait_until(lambda: not run.has_process(), 60, "the worker to leave")
    fresh = start(max_steps=3)
    wait_until(lambda: ended(fresh), 120, "the run of a fresh worker to end")
    assert losses(run) == losses(fresh) and len(losses(run)) == 3
    assert (run.adapter / "adapter_model.safetensors").read_bytes() == (
        fresh.adapter / "adapter_model.safetensors"
    ).read_bytes()
    book = json.loads((workspace.home / "starts.json").read_text())
    assert sorted(kind.endswith("|ready") for kind in book) == [False, True], "the countdown confuses the two"


def test_its_death_is_told_as_that_of_any_worker(start: Submit, waits: Callable[[], Standby]) -> None:
    one = waits()
    run = start(max_steps=4000)
    wait_until(lambda: run.view().step >= 1, 60, "the first step")
    os.kill(one.process.pid, signal.SIGKILL)
    wait_until(lambda: run.view().status == "failed", 5, "the death to be noticed")
    error = run.view().error
    assert error is not None and "ended without a word at step" in error.message and error.hint


def test_secrets_go_to_it_and_not_to_the_disk(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, stand_in: Callable[[str], None], waits: Callable[..., Any]
) -> None:
    told = workspace.home.parent / "told.txt"
    stand_in(
        "import json, sys\nfrom studio.training import standby_worker, worker\n"
        "import os\nstandby_worker.get_ready = lambda *given: None\n"
        f"def main():\n    open({str(told)!r}, 'w').write(os.environ[{keys.KEY!r}][::-1] + os.getcwd() + sys.argv[1])\n"
        "worker.main = main\nstandby_worker.main()\n"
    )
    waits()
    run = new_run(workspace, "Apple")
    monkeypatch.setattr(queue, "secrets_for", lambda recipe: {keys.KEY: SECRET})
    queue.start(run)
    wait_until(lambda: told.exists() and told.read_text(), 30, "it to be at work")
    assert told.read_text() == SECRET[::-1] + str(run.folder) * 2
    for file in workspace.home.rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes(), file


def test_what_is_tight_goes_to_another_process(start: Submit, waits: Callable[[], Standby]) -> None:
    """hand_over, by which a run that was out of memory gets another worker, finds none that waits."""
    one = waits()
    run = start(max_steps=4000)
    wait_until(lambda: run.view().step >= 1, 60, "the first step")
    kill(run.process())
    hand_over(run)
    who = run.process()
    assert who is not None and who["pid"] != one.process.pid and "since" not in who


# No run is lost, and none is taken twice


def test_of_two_starters_at_once_one_gets_it(
    workspace: Workspace, workers: Sleepers, stand_in: Callable[[str], None], waits: Callable[[], Standby]
) -> None:
    stand_in(HONEST)
    one = waits()
    runs = [new_run(workspace, name) for name in ("Apple", "Bread")]
    both = [threading.Thread(target=queue.start, args=(run,)) for run in runs]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(60)
    pids = {run.process()["pid"] for run in runs}  # type: ignore[index]
    assert len(pids) == 2 and one.process.pid in pids and len(workers) == 1
    one.end()


@pytest.mark.parametrize("code", [DEAF, FAINT], ids=["says nothing", "dies of it"])
def test_one_that_gives_no_answer_is_gone_before_a_fresh_one_gets_the_run(
    code: str,
    workspace: Workspace,
    workers: Sleepers,
    monkeypatch: pytest.MonkeyPatch,
    stand_in: Callable[[str], None],
    waits: Callable[[], Standby],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(standby, "ANSWER", 0.5)
    stand_in(code)
    one = waits()
    run = queue.start(new_run(workspace, "Apple"))
    assert not one.alive and len(workers) == 1 and run.process()["pid"] == workers[0].pid  # type: ignore[index]
    assert "started afresh" in caplog.text and "no answer" in caplog.text


@pytest.mark.parametrize("code", [HONEST, "import time; time.sleep(600)"], ids=["killed", "still at its imports"])
def test_one_that_was_killed_or_still_makes_its_imports_is_passed_by(
    code: str,
    workspace: Workspace,
    workers: Sleepers,
    stand_in: Callable[[str], None],
    waits: Callable[..., Standby],
) -> None:
    stand_in(code)
    one = waits(ready=code == HONEST)
    if code == HONEST:
        one.process.kill()
        one.process.wait()
    queue.start(new_run(workspace, "Apple"))
    assert len(workers) == 1 and kept(workspace) is None and not one.alive


def test_a_changed_environment_takes_a_fresh_one(
    workspace: Workspace,
    workers: Sleepers,
    monkeypatch: pytest.MonkeyPatch,
    stand_in: Callable[[str], None],
    waits: Callable[[], Standby],
) -> None:
    stand_in(HONEST)
    one = waits()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    queue.start(new_run(workspace, "Apple"))
    assert len(workers) == 1 and not one.alive


def test_a_run_on_several_devices_takes_a_fresh_one(
    workspace: Workspace, workers: Sleepers, stand_in: Callable[[str], None], waits: Callable[[], Standby]
) -> None:
    stand_in(HONEST)
    one = waits()
    run = new_run(workspace, "Apple")
    recipe = run.folder / "recipe.toml"
    recipe.write_text(recipe.read_text() + "\n[settings]\ndevices = 2\n")
    queue.start(run)
    assert len(workers) == 1 and not one.alive


def test_a_starter_that_dies_before_it_has_written_anything_down_loses_no_run(
    workspace: Workspace, make_recipe: Callable[..., Path], tiny_model: Path
) -> None:
    code = (
        "import os, signal, sys, time; from pathlib import Path\n"
        "from studio.training import queue, readiness; from studio.training.recipe import load_recipe, resolve\n"
        "from studio.workspace import open_workspace\n"
        "w = open_workspace(sys.argv[1]); readiness.expect_run(w, 'sft', Path(sys.argv[3]))\n"
        "readiness.keep_ready(w, free=lambda: 1e12); one = readiness._kept[w.home].standby\n"
        "while not one.ready: time.sleep(0.1)\n"
        "print(one.process.pid, flush=True)\n"
        "queue.write_json = lambda *given: os.kill(os.getpid(), signal.SIGKILL)\n"
        "queue.submit(w, resolve(w, load_recipe(Path(sys.argv[2]))))\n"
    )
    given = [str(workspace.home), str(make_recipe(max_steps=2)), str(tiny_model)]
    parent = subprocess.run([sys.executable, "-c", code, *given], env=worker_environment(), capture_output=True)
    assert parent.returncode == -signal.SIGKILL, parent.stderr.decode()
    (run,) = (Run(folder) for folder in workspace.runs.iterdir())
    wait_until(lambda: ended(run), 120, "the orphan to end")
    assert run.view().status == "finished", run.view().error
    who = run.process()
    assert who is not None and who["pid"] == int(parent.stdout) and who["since"] > who["created"]


def test_it_leaves_when_the_one_that_started_it_is_gone(workspace: Workspace, tiny_model: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from studio.training.standby import Standby\n"
        "print(Standby('sft', Path(sys.argv[1]), Path(sys.argv[2])).process.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    command = [sys.executable, "-c", code, str(tiny_model), str(workspace.logs / "standby.log")]
    parent = subprocess.run(command, env=worker_environment(), capture_output=True)
    wait_until(lambda: not psutil.pid_exists(int(parent.stdout)), 120, "the one that waits to leave")


# What it imports


READY = "from pathlib import Path; from studio.training.standby_worker import get_ready\n"
# As if there were a card, which must not be woken up.
CARD = """
import torch
def touched(*given): raise AssertionError("the card was woken up")
torch.cuda._lazy_init, torch.cuda.is_available, torch.cuda.device_count = touched, lambda: True, lambda: 1
"""


def test_it_makes_the_imports_of_a_run(tiny_model: Path) -> None:
    loaded = modules_after(f"{READY}get_ready('sft', Path({str(tiny_model)!r}), 'cpu')")
    assert {"torch", "trl", "peft", "studio.methods.reply_trainer"} <= loaded
    assert "transformers.models.llama.modeling_llama" in loaded


def test_a_card_is_left_alone(tiny_model: Path) -> None:
    loaded = modules_after(f"{CARD}{READY}get_ready('sft', Path({str(tiny_model)!r}), 'cuda')")
    assert {"torch", "datasets", "transformers.models.llama.modeling_llama"} <= loaded
    assert not {"bitsandbytes", "peft"} & loaded


def test_it_gets_ready_for_every_method() -> None:
    script = f"{READY}from studio.methods import METHODS\nfor name in METHODS: get_ready(name, Path('none'), 'cpu')"
    loaded = modules_after(script)
    assert {"studio.methods.dpo_trainer", "studio.methods.vision_trainer", "studio.methods.judging_trainer"} <= loaded


def test_without_a_readable_model_it_is_ready_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    modules_after(f"{READY}get_ready('classification', Path({str(tmp_path)!r}), 'cpu')")


def test_its_starter_loads_nothing_heavy() -> None:
    loaded = modules_after("import studio.training.readiness, studio.training.standby, studio.training.standby_worker")
    assert not {"torch", "transformers", "trl", "peft", "datasets"} & loaded

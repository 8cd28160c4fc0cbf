"""A run on several devices: `accelerate launch` starts one part for each, and the run's worker watches over them.

The worker itself trains nothing then. It holds the devices and the run's folder, stands for the run in process.json,
and says what became of the parts; when it ends, they end (studio.training.part).
"""

import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from studio.errors import StudioError
from studio.models.hardware import usable_cores
from studio.processes import identity, is_alive, last_line, training_environment
from studio.training.events import EventLog
from studio.training.failures.death import look_into, told
from studio.training.run import Run
from studio.training.view import FINAL
from studio.workspace import read_json, write_json

FOLDER, LOG = "parts", "launch.log"
LOOK = 0.2  # seconds between two looks at the parts
LEAVING = 20.0  # seconds that parts may take to end when they were told to
# As torch's launcher says which part it found dead first (torch.distributed.elastic.multiprocessing.api).
FIRST_DEAD = re.compile(r"failed \(exitcode: (-?\d+)\) local_rank: (\d+) \(pid: (\d+)\)")

Parts = dict[int, dict[str, Any]]


class PartFailed(StudioError):
    """One of the parts ended badly. last_line: of the log before that; built: whether they had come to training."""

    def __init__(self, error: StudioError, last_line: str, built: bool) -> None:
        super().__init__(error.message, error.hint, cause=error.cause, evidence=error.evidence)
        self.last_line, self.built = last_line, built


def train_on_several(run: Run, events: EventLog, device: str, count: int) -> None:
    """Train with so many parts until the run has ended or is paused. Raises PartFailed; no part is left in any case."""
    folder = run.folder / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    events.write("phase", text=f"Starting {count} processes, one for each device")
    launcher = launch(run, device, count)
    parts: Parts = {}
    try:
        while launcher.poll() is None:
            note(launcher, parts)
            time.sleep(LOOK)
    finally:
        words = last_line(run.log)
        end(launcher, parts)
    if launcher.returncode and run.glance().status not in FINAL:
        raise what_failed(run, count, words or last_line(folder / LOG))


def launch(run: Run, device: str, count: int) -> "subprocess.Popen[bytes]":
    """Its standard input is a pipe that the parts inherit, and that closes when this process ends."""
    folder = run.folder / FOLDER
    # Everything is said here, for what a person has configured for accelerate is meant for other programs.
    said = {
        "compute_environment": "LOCAL_MACHINE",
        "distributed_type": "MULTI_GPU",  # of a processor, too: accelerate launch starts several there no other way
        "num_processes": count,
        "num_machines": 1,
        "machine_rank": 0,
        "main_process_port": 0,  # any that is free
        "mixed_precision": "no",  # studio.methods.arguments says it
        "use_cpu": False,
        "debug": False,
    }
    write_json(folder / "launch.json", said)
    environment = training_environment() | {"ACCELERATE_USE_CPU": "true" if device == "cpu" else "false"}
    if sys.platform == "linux":
        environment.setdefault("GLOO_SOCKET_IFNAME", "lo")  # they talk within this computer, whatever its name means
    threads = str(max(1, usable_cores() // count))
    command = [sys.executable, "-m", "accelerate.commands.launch", "--config_file", str(folder / "launch.json")]
    command += ["--multi_gpu", "--num_cpu_threads_per_process", threads]
    command += ["-m", "studio.training.part", str(run.folder), device]
    with (folder / LOG).open("ab") as output:
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=output, stderr=output, env=environment, cwd=run.folder
        )


def note(launcher: "subprocess.Popen[bytes]", parts: Parts) -> None:
    """Remember the parts that have been started since."""
    with suppress(psutil.Error):
        for child in psutil.Process(launcher.pid).children(recursive=True):
            if child.pid not in parts:
                parts[child.pid] = identity(child.pid)


def end(launcher: "subprocess.Popen[bytes]", parts: Parts) -> None:
    """See to it that launcher and parts are gone: told by the closed pipe first, and then ended."""
    assert launcher.stdin
    with suppress(OSError):
        launcher.stdin.close()
    until = time.monotonic() + LEAVING
    while time.monotonic() < until and (launcher.poll() is None or any(map(is_alive, parts.values()))):
        note(launcher, parts)
        time.sleep(LOOK)
    if launcher.poll() is None:
        launcher.kill()
        launcher.wait()
    for who in parts.values():
        if is_alive(who):
            with suppress(psutil.Error):
                psutil.Process(int(who["pid"])).kill()


def what_failed(run: Run, count: int, words: str) -> PartFailed:
    """What the part that failed first has said of it, else what can be told of one that left no word."""
    found = [read_json(file) for file in (run.folder / FOLDER).glob("failed-*.json")]
    said = sorted((one for one in found if one), key=lambda one: float(one["at"]))
    if said:
        return PartFailed(StudioError(**said[0]["error"]), said[0]["last_line"], bool(said[0]["built"]))
    view = run.glance()
    where = f"at step {view.step} of {view.steps}" if view.step else "before its first step"
    death = look_into(run.folder, run.process() or identity(), where, view.memory_gb)
    if death.cause == "killed":
        message = f"One of the {count} processes that train together ended unexpectedly {where}, and so the others were"
        death = told("part_killed", where, how_it_went(run.folder / FOLDER / LOG, count), f"{message} ended too.")
    return PartFailed(death, words, view.steps > 0)


def how_it_went(log: Path, count: int) -> str:
    """What the launcher wrote down about the part that it found dead."""
    try:
        found = FIRST_DEAD.search(log.read_text("utf-8", "replace"))
    except OSError:
        found = None
    if not found:
        return "The program that had started them is gone and left no last word."
    code, rank, pid = (int(part) for part in found.groups())
    how = f"was ended by the signal {signal_name(-code)}" if code < 0 else f"ended with the code {code}"
    return f"Process {rank + 1} of {count} (number {pid}) {how} and left no last word."


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)

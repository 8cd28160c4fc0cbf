"""Everything that can go wrong in a night, in an order that a seed decides: the driver of the chaos test."""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from studio.errors import StudioError
from studio.processes import is_alive, worker_environment
from studio.training.queue import advance, cancel, go_on, move, start, submit
from studio.training.recipe import Recipe
from studio.training.run import Run, list_runs
from studio.training.waiting import waiting
from studio.workspace import Workspace
from tests.chromium import FLAGS, chromium


@dataclass
class Driver:
    """Does one thing after the other to the runs of a home. `asked` is what it asked of each run, by the run's id."""

    workspace: Workspace
    recipes: list[Recipe]
    total: int
    seed: int
    port: int
    disk: Path | None = None  # a small disk of its own, which may be filled
    log: list[str] = field(default_factory=list)
    asked: dict[str, set[str]] = field(default_factory=dict)
    made: list[str] = field(default_factory=list)
    server: subprocess.Popen[bytes] | None = None
    browsers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def note(self, words: str) -> None:
        self.log.append(f"{time.strftime('%H:%M:%S')} {words}")

    # What happens ---------------------------------------------------------------------------------------------------

    def submit(self) -> None:
        recipe = self.recipes[len(self.made) % len(self.recipes)]
        run = submit(self.workspace, recipe.model_copy(deep=True, update={"name": f"{recipe.name} {len(self.made)}"}))
        self.made.append(run.id)
        self.note(f"submitted {run.id}")

    def kill_worker(self) -> None:
        for run in self.at_work():
            with suppress(ProcessLookupError, TypeError):
                os.kill(int((run.process() or {})["pid"]), signal.SIGKILL)
                self.note(f"killed the worker of {run.id} at step {run.view().step}")

    def kill_server(self) -> None:
        if self.server:
            self.server.kill()
            self.server.wait()
            self.note("killed the server")
        self.serve()

    def serve(self) -> None:
        self.server = subprocess.Popen(
            [sys.executable, "-m", "components", "--home", str(self.workspace.home), "--port", str(self.port),
             "--no-browser"],
            env=worker_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def fill_disk(self) -> None:
        if self.disk is None:
            return
        filler = self.disk / "filler"
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(b"\0" * 65536)
        with suppress(OSError), filler.open("ab", buffering=0) as file:
            while True:
                file.write(b"\0" * 16)
        self.note("filled the disk")
        time.sleep(self.chance.uniform(0.5, 3))
        filler.unlink()
        self.note("freed the disk")

    def open_and_close_a_browser(self) -> None:
        program = chromium()
        if program is None:
            return
        if not self.browsers:
            profile = tempfile.mkdtemp(prefix="tunesmith-chaos-")  # not on the small disk, which it would fill
            address = f"http://127.0.0.1:{self.port}"
            browser = subprocess.Popen(
                [program, *FLAGS, f"--user-data-dir={profile}", "--remote-debugging-port=0", address],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            self.browsers.append(browser)
            self.note("opened a browser")
        else:
            close(self.browsers.pop())
            self.note("closed the browser")

    def touch_stop(self) -> None:
        run = self.somebody()
        if run is None or run.view().status not in ("waiting", "starting", "running"):
            return
        ending = self.chance.choice(["keep", "discard", "pause", "pause"])
        self.asked.setdefault(run.id, set()).add(ending)
        if ending == "pause":
            run.request_pause()
        else:
            run.request_stop(keep=ending == "keep")
        self.note(f"asked {run.id} to {ending}")

    def start_twice(self) -> None:
        for run in self.at_work():
            # As a server does that has not heard of the other one: both write down who is at work.
            known = run.process()
            start(run)
            self.note(f"started a second worker of {run.id}, beside {known}")

    def everybody_advances(self) -> None:
        code = (
            "import sys; from studio.workspace import open_workspace; from studio.training.queue import advance; "
            "w = open_workspace(sys.argv[1]); [advance(w) for _ in range(5)]"
        )
        command = [sys.executable, "-c", code, str(self.workspace.home)]
        for process in [subprocess.Popen(command, env=worker_environment()) for _ in range(3)]:
            process.wait(120)
        self.note("three others looked for the next run")

    def change_the_queue(self) -> None:
        queued = waiting(self.workspace)
        if not queued:
            return
        run = self.chance.choice(queued)
        if self.chance.random() < 0.3:
            self.asked.setdefault(run.id, set()).add("cancel")
            cancel(run)
            self.note(f"took {run.id} out of the queue")
        else:
            move(run, self.chance.choice(["up", "down", "first"]))
            self.note(f"moved {run.id}")

    def go_on(self) -> None:
        for run in self.runs():
            if run.view().status in ("failed", "paused"):
                mode = "keep" if self.chance.random() < 0.1 else "continue"
                go_on(run, mode)  # type: ignore[arg-type]
                self.asked.setdefault(run.id, set()).add(mode)
                self.note(f"asked {run.id} to go on: {mode}")
                return

    # How often ------------------------------------------------------------------------------------------------------

    WEIGHTS = {
        **{"submit": 10, "kill_worker": 5, "kill_server": 2, "fill_disk": 3, "open_and_close_a_browser": 3},
        **{"touch_stop": 4, "start_twice": 2, "everybody_advances": 3, "change_the_queue": 4, "go_on": 5},
    }

    def rage(self, seconds: float) -> None:
        """Until so many seconds are over and all runs have been submitted."""
        end = time.monotonic() + seconds
        self.serve()
        while time.monotonic() < end or len(self.made) < self.total:
            assert time.monotonic() < end + 300, f"only {len(self.made)} runs could be submitted"
            names = [name for name in self.WEIGHTS if name != "submit" or len(self.made) < self.total]
            name = self.chance.choices(names, [self.WEIGHTS[one] for one in names])[0]
            with suppress(StudioError):  # a full disk, or a run that has ended meanwhile: a person would read it
                getattr(self, name)()
            time.sleep(self.chance.uniform(0.2, 2.5))

    def calm(self, seconds: float) -> None:
        """Nothing goes wrong any more; what was cut off is asked to go on, as a person would in the morning."""
        if self.server is None or self.server.poll() is not None:
            self.serve()
        end = time.monotonic() + seconds
        while left := self.unfinished():
            assert time.monotonic() < end, f"these do not come to an end: {left}\n" + "\n".join(self.log[-40:])
            for run in self.runs():
                if run.view().status in ("failed", "paused") and not is_alive(run.process()):
                    with suppress(StudioError):
                        go_on(run)
                        self.note(f"in the morning, {run.id} goes on")
            advance(self.workspace)
            time.sleep(1)

    # Whom it meets --------------------------------------------------------------------------------------------------

    def runs(self) -> list[Run]:
        return [run for run in list_runs(self.workspace) if run.id in self.made]

    def at_work(self) -> list[Run]:
        return [run for run in self.runs() if run.view().live]

    def somebody(self) -> Run | None:
        runs = [run for run in self.runs() if run.view().status in ("waiting", "starting", "running")]
        return self.chance.choice(runs) if runs else None

    def unfinished(self) -> dict[str, str]:
        states = {run.id: run.view().status for run in self.runs()}
        return {id: state for id, state in states.items() if state not in ("finished", "stopped", "discarded")}

    def leave(self) -> None:
        for process in [self.server, *self.browsers]:
            if process:
                close(process)
        for run in self.runs():
            with suppress(psutil.NoSuchProcess, TypeError, KeyError):
                if is_alive(run.process()):
                    psutil.Process(int((run.process() or {})["pid"])).kill()


def close(process: "subprocess.Popen[Any]") -> None:
    with suppress(psutil.NoSuchProcess):
        for child in psutil.Process(process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if child.name().startswith("chrom"):
                    child.kill()
    process.kill()
    process.wait()

"""Starting worker processes, and telling for certain whether one still lives."""

import os
import subprocess
import sys
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import psutil

PROJECT = Path(__file__).resolve().parent.parent
BOOT = Path("/proc/sys/kernel/random/boot_id")  # another one after each start of the computer (Linux)
COUNTS = Path("/proc/vmstat")  # what the Linux kernel has counted since then
SECRETS = ("WANDB_API_KEY",)  # a worker that does not need them does not get them


def worker_environment() -> dict[str, str]:
    """The environment of every worker: quiet, without secrets, and without a word to the network unless asked."""
    environment = {name: value for name, value in os.environ.items() if name not in SECRETS}
    environment["PYTHONPATH"] = os.pathsep.join([str(PROJECT), environment.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    environment.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    environment["WANDB_ERROR_REPORTING"] = "false"  # where wandb is installed TRL imports it for every run
    environment.setdefault("TOKENIZERS_PARALLELISM", "false")
    environment["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    # A log's last line is shown when a worker dies, so it must not be a library's advice to programmers.
    environment["PYTHONWARNINGS"] = "ignore"
    # Threads that wait for each other in a busy loop starve everything else on a small computer. With two other
    # programs at work on two cores, small steps ran 238 instead of 124 times a second with this; alone 550 to 408.
    environment.setdefault("GOMP_SPINCOUNT", "2000")
    # Nothing of ours is compiled by torch, and 8-bit layers run without it. bitsandbytes asks for it while it is
    # imported, which takes 0.8 s and 40 MB and would have a compiler at work later.
    environment.setdefault("TORCHDYNAMO_DISABLE", "1")
    environment["PYTHONUTF8"] = "1"
    environment["PYTHONUNBUFFERED"] = "1"
    return environment


# glibc keeps small pieces that were given back apart for the next taker, tensors cannot grow together over them, and
# memory is left in pieces too small for anything. Joined at once, a LoRA step of a 135-million Llama (4 rows of 256
# tokens, float32) took 2.5 GiB where it had taken 3.3, at the same pace: python -m tests.benchmarks.malloc.
JOINED_AT_ONCE = "glibc.malloc.tcache_count=0:glibc.malloc.mxfast=0"


# What multiplies matrices on a processor keeps a program for each shape that it has met, 1,024 of them twice over. A
# run on rows of uneven lengths meets more than that, and would hold some hundred megabytes of them.
FEW_KEPT = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "128", "LRU_CACHE_CAPACITY": "128"}


def training_environment() -> dict[str, str]:
    """The environment of workers that hold large tensors. Other systems' libraries know nothing of it."""
    environment = FEW_KEPT | worker_environment()
    told = environment.get("GLIBC_TUNABLES", "")
    if JOINED_AT_ONCE not in told:
        environment["GLIBC_TUNABLES"] = ":".join(filter(None, [told, JOINED_AT_ONCE]))
    return environment


def start_detached(module: str, *arguments: str, log: Path, secrets: dict[str, str] | None = None) -> dict[str, Any]:
    """Start `python -m module arguments` as a process that outlives this one; its output goes to `log`.

    secrets: what it gets in its environment beyond that of any worker. Returns its identity, as `identity` does.
    """
    with log.open("ab") as output:
        pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": subprocess.STDOUT}
        process = launched(module, *arguments, folder=log.parent, environment=secrets or {}, **pipes)
    return identity(process.pid)


def start_waiting(module: str, *arguments: str, log: Path) -> "subprocess.Popen[bytes]":
    """Start the same kind of process with pipes to and from it; only what it says beside that goes to `log`, anew.

    Its input ends when this process does, and it may go on without.
    """
    with log.open("wb") as output:
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": output}
        return launched(module, *arguments, folder=log.parent, environment={}, **pipes)


def launched(
    module: str, *arguments: str, folder: Path, environment: dict[str, str], **pipes: Any
) -> "subprocess.Popen[bytes]":
    """environment: beyond that of any worker."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        env=training_environment() | environment,
        cwd=folder,
        start_new_session=True,
        # Windows knows no sessions: there, a group of its own keeps Ctrl-C in the studio from reaching it.
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        **pipes,
    )


_given: dict[str, float] = {}  # in a process that waited for its work: since when it has it


def identity(pid: int | None = None) -> dict[str, Any]:
    """Process id and creation time (seconds since the computer started): together they name a process.

    boot, oom_kills: what tells later, when it is gone, how it went (see `was_restarted` and `oom_kills`). since: when
    it was given its work, counted as its creation; only of one that was there before.
    """
    process = psutil.Process(pid)
    who = {"pid": process.pid, "created": started(process), "boot": boot(), "oom_kills": oom_kills()}
    return who | (_given if process.pid == os.getpid() else {})


def given_work(since: float) -> None:
    """In a process that waited for its work: note since when it has it."""
    _given["since"] = since


def seconds_since_boot() -> float:
    """This moment, counted as `started` counts."""
    return time.time() - psutil.boot_time()


@lru_cache(maxsize=1)
def boot() -> str:
    """The name of this start of the computer; "" where the system gives it none."""
    try:
        return BOOT.read_text().strip()
    except OSError:
        return ""


def was_restarted(who: dict[str, Any]) -> bool:
    """Whether the computer has been started anew since that process began."""
    if who.get("boot") and boot():
        return bool(who["boot"] != boot())
    # Without a name: it began later after its start than the computer has been running since this one.
    return bool(who["created"] > time.time() - psutil.boot_time() + 1)


def oom_kills(counts: Path = COUNTS) -> int | None:
    """How many programs the kernel has ended for lack of memory since the computer started; None: it does not tell.

    Counted are those of a container's share, too (oom_kill in /proc/vmstat, Linux 4.13 and later).
    """
    try:
        lines = counts.read_text().splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("oom_kill ")))
    except (OSError, StopIteration, ValueError):
        return None


def started(process: psutil.Process) -> float:
    """When a process was created, in seconds since the computer started.

    Since 1970 it would move whenever the clock is set right, as after a sleep, and living runs would look dead.
    """
    return process.create_time() - psutil.boot_time()


def is_alive(who: dict[str, Any] | None) -> bool:
    """Whether the process of that identity still runs; a reused process id does not deceive it."""
    if not who:
        return False
    try:
        process = psutil.Process(int(who["pid"]))
        # A killed child stays a zombie until its parent looks; it does no more work.
        return process.status() != psutil.STATUS_ZOMBIE and abs(started(process) - who["created"]) < 1.0
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False  # gone, or the number now belongs to somebody else's process


def is_this_process(who: dict[str, float] | None) -> bool:
    """Whether that identity is the one of the process that asks."""
    return who is not None and int(who["pid"]) == os.getpid() and is_alive(who)


def last_line(log: Path) -> str:
    """The last line that says something in a log, at most 300 characters; "" when there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 8192))
            lines = file.read().decode("utf-8", "replace").replace("\r", "\n").split("\n")
    except OSError:
        return ""
    return next((line.strip()[-300:] for line in reversed(lines) if line.strip()), "")

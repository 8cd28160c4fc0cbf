"""One training per device, over all homes and programs of a person; and nobody else can take part in it."""

import multiprocessing
import os
import signal
import stat
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from filelock import Timeout

from studio.errors import StudioError
from studio.models import hardware
from studio.training import device
from studio.training.device import ELSEWHERE, HERE, holding, holding_all, place, why_busy
from tests.conftest import wait_until

HOLD = (
    "import sys, time; from pathlib import Path; from studio.training.device import holding\n"
    "with holding('cpu', Path('/elsewhere')): print('held', flush=True); time.sleep(600)"
)


def test_studios_with_different_homes_take_turns(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    with holding("cpu", one):
        with pytest.raises(Timeout), holding("cpu", other, timeout=0):
            pass
        assert (why_busy("cpu", other), why_busy("cpu", one)) == (ELSEWHERE, HERE)
        with holding("GPU-1", other, timeout=0):
            pass  # another device is free
    with holding("cpu", other, timeout=0):
        assert why_busy("cpu", one) == ELSEWHERE


def test_waiting_can_be_ended_at_any_look(tmp_path: Path) -> None:
    looks: list[int] = []

    def look() -> bool:
        looks.append(1)
        return len(looks) > 2

    with holding("cpu", tmp_path), pytest.raises(Timeout), holding("cpu", tmp_path, look, timeout=60):
        pass
    assert len(looks) == 3


def test_a_killed_training_gives_the_device_back(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE)
    assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
    with pytest.raises(Timeout), holding("cpu", tmp_path, timeout=0):
        pass
    assert why_busy("cpu", tmp_path) == ELSEWHERE
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with holding("cpu", tmp_path, timeout=2):
        pass


def hold_for_a_moment(home: Path, at: float, log: Path) -> None:
    time.sleep(max(0.0, at - time.time()))
    with holding("cpu", home):
        assert place().parent == log.parent
        came = time.monotonic_ns()
        time.sleep(0.02)
        with log.open("a") as file:
            file.write(f"{came} {time.monotonic_ns()}\n")


def test_eight_at_the_same_moment_hold_it_one_after_the_other(tmp_path: Path) -> None:
    fresh = multiprocessing.get_context("spawn")
    log, at = tmp_path / "held", time.time() + 4
    racers = [fresh.Process(target=hold_for_a_moment, args=(tmp_path / f"home{n % 3}", at, log)) for n in range(8)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    held = sorted(tuple(map(int, line.split())) for line in log.read_text().splitlines())
    assert len(held) == 8
    assert all(before[1] <= after[0] for before, after in pairwise(held))


posix = pytest.mark.skipif(os.name != "posix", reason="Windows gives each person a temporary folder")


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder in which everybody may write, in the place of /tmp; that of the locks is not there yet."""
    monkeypatch.delenv("TUNESMITH_LOCKS")
    monkeypatch.setattr(device, "SHARED", tmp_path / "shared")
    (tmp_path / "shared").mkdir(mode=0o777)
    return tmp_path / "shared" / f"tunesmith-{os.getuid()}"


@posix
def test_the_place_of_the_locks_is_the_persons_own(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert place() == shared and stat.S_IMODE(shared.stat().st_mode) == 0o700
    shared.chmod(0o777)
    monkeypatch.setenv("TMPDIR", "/var/tmp")  # as in another terminal
    assert place() == shared and stat.S_IMODE(shared.stat().st_mode) == 0o700


@posix
def test_a_link_or_a_stranger_in_its_place_is_refused(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine").mkdir()
    shared.symlink_to(tmp_path / "mine")
    with pytest.raises(StudioError, match="somebody else"):
        place()
    shared.unlink()
    shared.write_text("")
    with pytest.raises(StudioError, match="is a file"):
        place()
    shared.unlink()
    shared.mkdir()
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000)
    shared.rename(shared.parent / "tunesmith-4000000")
    with pytest.raises(StudioError, match="somebody else"):
        place()


def test_several_devices_are_held_together_or_waited_for_in_one_order(tmp_path: Path) -> None:
    waited: list[str] = []

    def look(key: str) -> bool:
        waited.append(key)
        return True

    with holding("b", tmp_path):
        with pytest.raises(Timeout), holding_all(("a", "b"), tmp_path, look, timeout=60):
            pass
        with holding("a", tmp_path, timeout=0):
            pass  # what was taken before is given back
    assert set(waited) == {"b"}
    with holding_all(("a", "b"), tmp_path), pytest.raises(Timeout), holding("b", tmp_path, timeout=0):
        pass


def test_a_lock_that_is_held_for_days_stays_fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "HOUR", 0.05)
    with holding("cpu", tmp_path):
        file = place() / "cpu.lock"
        os.utime(file, (0, 0))
        wait_until(lambda: file.stat().st_mtime > 0, 10, "the lock to be touched")


def test_a_card_is_named_by_what_only_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = "NVIDIA H100, 81559, 81000, GPU-5a8d\nNVIDIA H100, 81559, 81000, GPU-77aa\n"
    monkeypatch.setattr(hardware.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(hardware.subprocess, "run", lambda *_, **__: SimpleNamespace(stdout=answer))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert hardware.look().key == "GPU-5a8d" and hardware.look().keys == ("GPU-5a8d", "GPU-77aa")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")  # programs see one of the two
    assert hardware.look().devices == 1
    answer = "NVIDIA H100, 81559, 81000, [N/A]\n"
    monkeypatch.setattr(hardware.subprocess, "run", lambda *_, **__: SimpleNamespace(stdout=answer))
    assert hardware.look().key == "cuda-0"
    monkeypatch.setattr(hardware.shutil, "which", lambda name: None)
    assert hardware.look().key == "cpu"

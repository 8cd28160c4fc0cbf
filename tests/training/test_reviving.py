"""What the system ended for lack of memory goes on in smaller bites. The kernel's count is written by hand here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from studio.processes import identity
from studio.training import reviving
from studio.training.back_off import found
from studio.training.events import EventLog
from studio.training.failures import death
from studio.training.reviving import revive
from studio.training.run import Run
from studio.workspace import Workspace
from tests.finished import CHAT, waiting_run


@pytest.fixture
def dead(workspace: Workspace, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run whose worker is gone without a word, at step 3, since when the system has ended one program."""
    run = waiting_run(workspace, "sft", CHAT, tiny_model, batch_size=2)
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    who = identity(process.pid) | {"oom_kills": 4}
    process.wait()
    (run.folder / "process.json").write_text(json.dumps(who))
    log = EventLog(run.events)
    log.write("phase", text="Loading")
    log.write("plan", steps=20, epochs=2, rows={"train": 40, "check": 4, "test": 4})
    log.write("step", step=3, epoch=0.1, loss=2.0)
    monkeypatch.setattr(death, "oom_kills", lambda: 5)
    monkeypatch.setattr("studio.training.queue.start", lambda run: run)  # nobody trains here
    return run


def test_it_goes_on_in_smaller_bites_and_says_so(dead: Run) -> None:
    assert dead.view().error is not None and dead.view().error.cause == "killed_for_memory"
    assert revive(dead.workspace) == [dead]
    view = dead.view()
    assert (view.status, view.mode) == ("waiting", "continue")
    assert found(dead) == {"accumulation": 2}
    assert any("The memory was not enough" in words for _, words in view.log)
    assert revive(dead.workspace) == []  # once only


def test_when_nothing_is_left_to_give_up_it_stays_ended(dead: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reviving, "back_off", lambda run: None)
    assert revive(dead.workspace) == []
    assert dead.view().status == "failed"


def test_a_run_that_somebody_ended_is_left_alone(dead: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(death, "oom_kills", lambda: 4)
    assert dead.view().error is not None and dead.view().error.cause == "killed"
    assert revive(dead.workspace) == []

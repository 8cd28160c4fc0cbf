"""When a worker waits for the next run: while one is expected, nobody trains, and memory is plenty."""

from collections.abc import Callable
from pathlib import Path

import pytest

from studio.training import readiness
from studio.training.readiness import expect_run, held_gb, keep_ready
from studio.training.standby import Standby
from studio.workspace import Workspace
from tests.training.queued import HONEST, PLENTY, kept, new_run


def test_none_waits_unless_a_run_is_expected_and_none_for_longer_than_that(
    workspace: Workspace, stand_in: Callable[[str], None], waits: Callable[[], Standby]
) -> None:
    stand_in(HONEST)
    keep_ready(workspace, free=lambda: PLENTY)
    assert kept(workspace) is None
    one = waits()
    keep_ready(workspace, free=lambda: PLENTY)
    assert kept(workspace) is one, "one at a time"
    expected = readiness._kept[workspace.home].expected
    assert expected is not None
    keep_ready(workspace, clock=lambda: expected.at + readiness.GOOD_FOR - 1, free=lambda: PLENTY)
    assert kept(workspace) is one
    keep_ready(workspace, clock=lambda: expected.at + readiness.GOOD_FOR + 1, free=lambda: PLENTY)
    assert kept(workspace) is None and not one.alive
    keep_ready(workspace, free=lambda: PLENTY)
    assert kept(workspace) is None


def test_none_waits_while_memory_is_short(
    workspace: Workspace, tiny_model: Path, stand_in: Callable[[str], None], waits: Callable[[], Standby]
) -> None:
    stand_in(HONEST)
    expect_run(workspace, "sft", tiny_model)
    keep_ready(workspace, free=lambda: readiness.ENOUGH - 1)
    assert kept(workspace) is None
    one = waits()
    keep_ready(workspace, free=lambda: readiness.LEAST + 1)
    assert kept(workspace) is one
    keep_ready(workspace, free=lambda: readiness.LEAST - 1)
    assert kept(workspace) is None and not one.alive


def test_none_waits_beside_a_run_that_was_started_elsewhere(
    workspace: Workspace, tiny_model: Path, stand_in: Callable[[str], None], waits: Callable[[], Standby]
) -> None:
    stand_in(HONEST)
    one = waits()
    run = new_run(workspace, "Apple")
    keep_ready(workspace, free=lambda: PLENTY)
    assert kept(workspace) is None and not one.alive
    run.request_stop(keep=False)
    keep_ready(workspace, free=lambda: PLENTY)
    assert kept(workspace) is None, "what was expected before that run has been forgotten"


def test_one_that_cannot_make_its_imports_is_told_of_once_and_not_tried_over_and_over(
    workspace: Workspace,
    stand_in: Callable[[str], None],
    waits: Callable[..., Standby],
    caplog: pytest.LogCaptureFixture,
) -> None:
    stand_in("raise ImportError('No module named torch')")
    one = waits(ready=False)
    one.process.wait(60)
    for _ in range(3):
        keep_ready(workspace, free=lambda: PLENTY)
    assert kept(workspace) is None
    assert caplog.text.count("has ended") == 1 and "No module named torch" in caplog.text


def test_what_it_holds_is_counted_as_free_for_the_run_that_gets_it(
    workspace: Workspace, stand_in: Callable[[str], None], waits: Callable[[], Standby]
) -> None:
    stand_in("held = bytes(300_000_000).replace(bytes(1), b'x')\n" + HONEST)
    assert held_gb(workspace) == 0
    waits()
    assert 0.2 < held_gb(workspace) < 0.5


def test_it_can_be_switched_off(
    workspace: Workspace, tiny_model: Path, monkeypatch: pytest.MonkeyPatch, waits: Callable[..., Standby]
) -> None:
    monkeypatch.setenv(readiness.SWITCH, "0")
    expect_run(workspace, "sft", tiny_model)
    keep_ready(workspace, free=lambda: PLENTY)
    assert kept(workspace) is None

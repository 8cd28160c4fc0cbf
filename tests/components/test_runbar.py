"""The one timer behind all live views: what it does each second costs next to nothing."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from gradio.state_holder import SessionState

from components.app import build_app
from components.sizing import Sizes
from studio.chat.client import Chat
from studio.datasets.inspection import Inspector
from studio.datasets.xray import XRay
from studio.processes import identity
from studio.training.events import EventLog
from studio.training.run import Run
from studio.workspace import Workspace, write_json

Tick = Callable[[], list[Any]]


@pytest.fixture
def tick(workspace: Workspace) -> Iterator[Tick]:
    """The timer's handler, called as the page calls it: with what it answered before."""
    xray, chat, inspector, sizes = XRay(workspace), Chat(workspace), Inspector(workspace), Sizes(workspace)
    demo = build_app(workspace, xray, chat, inspector, sizes)
    timer = next(id for id, block in demo.blocks.items() if isinstance(block, gr.Timer) and block.active)
    handler = next(fn for fn in demo.fns.values() if (timer, "tick") in fn.targets)
    known = [""] * len(handler.inputs)
    state = SessionState(demo)  # what Gradio keeps for a browser tab

    def call() -> list[Any]:
        """What is new: nothing of what stayed the same."""
        told = handler.fn(*known)
        told = told if isinstance(told, list) else [told] * len(known)
        news = [value for value in told if not isinstance(value, dict)]
        known[:] = [old if isinstance(new, dict) else new for old, new in zip(known, told, strict=True)]
        return news

    def through_gradio() -> int:
        """The same by way of Gradio; the number of components that it keeps for the tab after that."""
        asyncio.run(demo.process_api(handler, list(known), state=state))
        return len(state.blocks_config.blocks) + len(state.config_values)

    call.through_gradio = through_gradio
    yield call
    for part in (xray, chat, inspector, sizes):
        part.close()


def a_run(workspace: Workspace, name: str, *kinds: str) -> Run:
    run = Run(workspace.runs / name)
    run.folder.mkdir()
    (run.folder / "recipe.toml").write_text(f'name = "{name}"\n[data]\nfile = "rows.csv"\n')
    log = EventLog(run.events)
    log.write("plan", steps=20, epochs=1, rows={"train": 40, "check": 4, "test": 4})
    for step in range(1, 11):
        log.write("step", step=step, epoch=step / 20, loss=1 / step)
    for kind in kinds:
        log.write(kind)
    return run


def test_a_tick_over_ended_runs_opens_none_of_their_files(
    workspace: Workspace, tick: Tick, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, ending in enumerate(["finished", "stopped", "discarded", "failed", "paused"]):
        words = {"message": "No.", "hint": ""} if ending == "failed" else {}
        run = a_run(workspace, f"run-{number}")
        EventLog(run.events).write(ending, **words)
        write_json(run.folder / "process.json", {"pid": 1, "created": 0.0})
        (run.folder / "export").mkdir()
        write_json(run.folder / "export" / "state.json", {"status": "ready", "same": 4, "asked": 4})
    tick()
    opened: list[Path] = []
    real = Path.open
    monkeypatch.setattr(Path, "open", lambda self, *more, **rest: (opened.append(self), real(self, *more, **rest))[1])
    assert tick() == []
    assert [path for path in opened if workspace.runs in path.parents] == []


def test_a_tick_reads_of_a_run_at_work_only_what_came_since(
    workspace: Workspace, tick: Tick, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = a_run(workspace, "one")
    (run.folder / "process.json").write_text(json.dumps(identity()))
    assert any("10</b> of 20" in str(value) for value in tick())
    from studio.training import following

    taken: list[int] = []
    real = following.take
    monkeypatch.setattr(following, "take", lambda view, event: (taken.append(event["step"]), real(view, event)))
    assert tick() == []
    EventLog(run.events).write("step", step=11, epoch=0.55, loss=0.1)
    assert any("11</b> of 20" in str(value) for value in tick())
    assert taken == [11]


def test_a_tab_that_stays_open_takes_no_more_memory(workspace: Workspace, tick: Tick) -> None:
    a_run(workspace, "one", "finished")
    first = tick.through_gradio()
    assert [tick.through_gradio() for _ in range(5)] == [first] * 5


def test_an_export_that_becomes_ready_is_news(workspace: Workspace, tick: Tick) -> None:
    run = a_run(workspace, "one", "finished")
    (run.folder / "export").mkdir()
    write_json(run.folder / "export" / "state.json", {"status": "working", "phase": "Packing"})
    tick()
    assert tick() == []
    write_json(run.folder / "export" / "state.json", {"status": "ready", "same": 4, "asked": 4})
    assert len(tick()) == 1

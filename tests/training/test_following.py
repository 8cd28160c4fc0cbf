"""Long runs are watched cheaply: nothing is read twice, summaries never lie, and memory stays small."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.processes import identity
from studio.training import catching_up, following, summary
from studio.training.curve import MOST
from studio.training.events import EventLog, figures
from studio.training.following import fold, glance
from studio.training.run import Run, overview
from studio.training.view import RunView
from studio.workspace import Workspace

PLAN = {"steps": 100_000, "epochs": 1, "rows": {"train": 40, "check": 4, "test": 4}}


def a_line(kind: str, **fields: object) -> bytes:
    return json.dumps({"at": 1_760_000_000.0, "kind": kind, **fields}).encode() + b"\n"


def a_step(step: int) -> bytes:
    speed = 100.0 + step % 7
    return a_line("step", step=step, epoch=0.1, loss=1 / step, learning_rate=1e-4, tokens_per_second=speed)


def a_run(workspace: Workspace, steps: int, *ending: bytes, name: str = "one") -> Path:
    folder = workspace.runs / name
    folder.mkdir()
    (folder / "recipe.toml").write_text('name = "One"\n')
    checks = a_line("check", step=steps // 2, loss=0.5) + a_line("check", step=steps, loss=0.7)
    body = b"".join(a_step(step) for step in range(1, steps + 1))
    (folder / "events.jsonl").write_bytes(
        a_line("phase", text="Loading") + a_line("plan", **PLAN) + body + checks + b"".join(ending)
    )
    return folder


FINISHED = a_line("finished", result={"steps": 1, "confusion": {}})


def new_server() -> None:
    """What a server that was started again knows: nothing."""
    following._followed.clear()
    following._glances.clear()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """The names of the files that are opened from now on, other than to be listed; told and forgotten when asked."""
    names: list[str] = []
    real = Path.open

    def counting(self: Path, *more: object, **options: object) -> object:
        names.append(self.name)
        return real(self, *more, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", counting)

    def told() -> list[str]:
        found = names[:]
        names.clear()
        return found

    return told


def same(one: RunView, other: RunView) -> bool:
    return one == other and {name: list(curve) for name, curve in one.series.items()} == other.series


def test_ended_runs_are_not_opened_again(workspace: Workspace, opened: Callable[[], list[str]]) -> None:
    for number in range(5):
        a_run(workspace, 20, FINISHED, name=f"run-{number}")
    assert [view.status for _, view in overview(workspace)] == ["finished"] * 5
    opened()
    overview(workspace)
    assert opened() == []
    new_server()
    assert [view.best_step for _, view in overview(workspace)] == [10] * 5
    assert sorted(set(opened())) == ["events.jsonl", "view.json"]  # two small pieces of the one, a line of the other
    overview(workspace)
    assert opened() == []


def test_a_restarted_server_takes_the_summary_and_not_the_log(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = a_run(workspace, 3000, FINISHED)
    before = fold(folder)
    new_server()
    monkeypatch.setattr(following, "take", lambda view, event: pytest.fail("the log was folded again"))
    assert same(fold(folder), before)
    assert glance(folder) == summary.at_a_glance(before)


def test_a_view_of_100_000_events_is_small(workspace: Workspace) -> None:
    view = fold(a_run(workspace, 100_000, FINISHED))
    assert all(len(curve) <= MOST for curve in view.series.values())
    assert (view.step, view.loss, view.best_step) == (100_000, 1e-5, 50_000)
    assert view.series["validation"] == [(50_000, 0.5), (100_000, 0.7)]
    assert (workspace.runs / "one" / "view.json").stat().st_size < 500_000


def test_of_many_ended_runs_only_the_last_ones_keep_their_curves_in_memory(workspace: Workspace) -> None:
    folders = [a_run(workspace, 5, FINISHED, name=f"run-{number}") for number in range(following.HELD + 5)]
    for folder in folders:
        fold(folder)
        glance(folder)
    assert len([folder for folder in folders if folder in following._followed]) <= following.HELD + 1
    assert all(following._glances[folder].facts.series == {} for folder in folders)
    assert fold(folders[0]).series["loss"][0] == (1, 1.0)


def test_runs_whose_folders_are_gone_are_forgotten(workspace: Workspace) -> None:
    folder = a_run(workspace, 5, FINISHED)
    fold(folder)
    overview(workspace)
    folder.rename(workspace.home / "gone")
    assert overview(workspace) == []
    assert folder not in following._glances and folder not in following._followed


Damage = Callable[[Path], object]


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-2000])


def without_curves(file: Path) -> None:
    file.write_bytes(file.read_bytes().split(b"\n")[0] + b"\n")


def of_another_edition(file: Path) -> None:
    file.write_text(file.read_text().replace(summary.EDITION, "0-abc").replace('"step": 200', '"step": 7'))


@pytest.mark.parametrize(
    "damage", [Path.unlink, cut, without_curves, of_another_edition, lambda file: file.write_bytes(b"\xff{")]
)
def test_a_damaged_summary_is_made_again(workspace: Workspace, damage: Damage) -> None:
    folder = a_run(workspace, 200, FINISHED)
    before = fold(folder)
    written = (folder / "view.json").read_bytes()
    damage(folder / "view.json")
    new_server()
    assert same(fold(folder), before)
    new_server()
    assert glance(folder) == summary.at_a_glance(before)
    assert (folder / "view.json").read_bytes() == written


def test_what_came_after_the_summary_is_folded_on_top_of_it(workspace: Workspace) -> None:
    folder = a_run(workspace, 50, a_line("paused"))
    assert fold(folder).status == "paused"
    new_server()
    log = EventLog(folder / "events.jsonl")
    log.write("asked", mode="continue")
    (folder / "process.json").write_text(json.dumps(identity()))
    log.write("resumed", step=40)
    log.write("step", step=41, epoch=0.2, loss=9.0)
    for view in (glance(folder), fold(folder)):
        assert (view.status, view.step, view.resumed_at, view.loss) == ("running", 41, 40, 9.0)
    assert [step for step, _ in fold(folder).series["loss"]] == [*range(1, 41), 41]
    assert fold(folder).best_step == 25
    log.write("finished", result={})
    whole = fold(folder)
    (folder / "view.json").unlink()
    new_server()
    again = fold(folder)
    assert {name: list(curve) for name, curve in whole.series.items()} == again.series
    assert (again.status, again.step, again.best_step) == (whole.status, whole.step, whole.best_step)


def test_a_summary_of_a_log_that_is_another_now_is_thrown_away(workspace: Workspace) -> None:
    folder = a_run(workspace, 300, FINISHED)
    fold(folder)
    log = folder / "events.jsonl"
    log.write_bytes(log.read_bytes()[:5000].rpartition(b"\n")[0] + b"\n" + a_line("failed", message="No.", hint=""))
    for _ in range(2):  # the one who knew it, and one who knows the summary only
        assert fold(folder).status == glance(folder).status == "failed"
        assert len(fold(folder).series["loss"]) < 100
        new_server()
    other = log.with_suffix(".other")
    other.write_bytes(a_line("phase", text="Another log") + b"".join(a_step(step) for step in range(1, 900)) + FINISHED)
    other.replace(log)
    for _ in range(2):
        assert fold(folder).step == glance(folder).step == 899
        new_server()


def test_a_run_at_work_is_summed_up_now_and_then(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, opened: Callable[[], list[str]]
) -> None:
    monkeypatch.setattr(following, "MUCH", 10_000)
    folder = a_run(workspace, 500)
    (folder / "process.json").write_text(json.dumps(identity()))
    assert fold(folder).status == "running"
    new_server()
    EventLog(folder / "events.jsonl").write("step", step=501, epoch=0.2, loss=9.0)
    taken: list[str] = []
    real = following.take
    monkeypatch.setattr(following, "take", lambda view, event: (taken.append(event["kind"]), real(view, event)))
    assert fold(folder).step == 501 and taken == ["step"]


def test_a_disk_that_takes_no_summary_disturbs_nobody(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = a_run(workspace, 20, FINISHED)
    (folder / "view.json").mkdir()  # nothing can be written under that name
    assert fold(folder).status == glance(folder).status == "finished"
    new_server()
    assert fold(folder).step == 20


def test_a_glance_at_a_long_log_is_hasty_until_somebody_has_read_it(
    workspace: Workspace, opened: Callable[[], list[str]]
) -> None:
    long_result = a_line("finished", result={"confusion": {"matrix": [[0] * 200] * 200}})
    folder = a_run(workspace, 8000, a_line("note", text="x" * 40_000), long_result)
    assert (folder / "events.jsonl").stat().st_size > following.MUCH
    view = glance(folder)
    assert (view.hasty, view.status, view.step, view.steps, view.best_step) == (True, "finished", 8000, 100_000, None)
    opened()
    assert glance(folder) is view
    assert "events.jsonl" not in opened()
    subprocess.run([sys.executable, "-m", "studio.training.catching_up", str(workspace.home)], check=True)
    view = glance(folder)
    assert (view.hasty, view.step, view.best_step) == (False, 8000, 4000)


def test_the_logs_that_nobody_has_read_are_read_once_in_another_program(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    monkeypatch.setattr(catching_up, "start_detached", lambda module, *home, log: started.append(module))
    folder = a_run(workspace, 8000, FINISHED)
    for _ in range(3):
        catching_up.catch_up(workspace, {run.folder for run, view in overview(workspace) if view.hasty})
    assert started == ["studio.training.catching_up"]
    Run(folder).view()
    assert not any(view.hasty for _, view in overview(workspace))


def test_a_dead_worker_is_found_at_a_glance_too(workspace: Workspace) -> None:
    folder = a_run(workspace, 8000)
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    (folder / "process.json").write_text(json.dumps(identity(process.pid)))
    assert (glance(folder).hasty, glance(folder).status) == (True, "running")
    process.kill()
    process.wait()
    assert glance(folder).status == "failed"
    assert fold(folder).status == "failed"


def test_the_time_that_a_dead_run_lay_about_is_not_counted_as_work(workspace: Workspace) -> None:
    folder = a_run(workspace, 20)
    EventLog(folder / "events.jsonl").write("asked", mode="continue")
    view = fold(folder)
    assert (view.status, view.worked) == ("waiting", 0.0)  # all its events are of one moment of a year ago


def test_the_time_at_which_a_worker_was_started_is_one_of_today(workspace: Workspace) -> None:
    folder = workspace.runs / "one"
    folder.mkdir()
    (folder / "process.json").write_text(json.dumps(identity()))
    view = fold(folder)
    assert view.started is not None and abs(view.started.timestamp() - time.time()) < 24 * 3600
    assert view.elapsed < 24 * 3600


def test_everybody_is_handed_the_same_view_until_something_happens(workspace: Workspace) -> None:
    folder = a_run(workspace, 30)
    (folder / "process.json").write_text(json.dumps(identity()))
    log, seen = EventLog(folder / "events.jsonl"), fold(folder)
    assert fold(folder) is seen and glance(folder) is glance(folder)
    log.write("step", step=31, epoch=0.2, loss=1.0)
    assert fold(folder) is not seen and seen.step == 30 and len(seen.series["loss"]) == 30


def test_many_threads_lose_and_double_nothing(workspace: Workspace) -> None:
    folder = a_run(workspace, 10)
    (folder / "process.json").write_text(json.dumps(identity()))
    log, wrong = EventLog(folder / "events.jsonl"), []

    def look() -> None:
        before = 0
        while before < 300:
            view = fold(folder)
            steps = [step for step, _ in view.series["loss"]]
            if steps != list(range(1, view.step + 1)) or view.step < before or glance(folder).step < view.step:
                wrong.append(steps)
                return
            before = view.step

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for step in range(11, 301):
        log.write("step", step=step, epoch=0.2, loss=1 / step)
    for thread in threads:
        thread.join(60)
    assert wrong == []


def test_the_figures_of_all_steps_are_there_for_whoever_counts_them(workspace: Workspace) -> None:
    folder = a_run(workspace, 5000, a_line("step", step=5001, epoch=1, loss=1, tokens_per_second=float("nan")))
    found = figures(folder / "events.jsonl", "tokens_per_second")
    assert found == [100.0 + step % 7 for step in range(1, 5001)]

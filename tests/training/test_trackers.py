"""Trackers: TensorBoard's files always, MLflow on a real server, the others where they are; none can end a run.

What is read back is read by the trackers' own programs.
"""

import os
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from studio.errors import StudioError
from studio.methods.adapt_settings import AdaptSettings
from studio.processes import is_alive, worker_environment
from studio.training import queue, worker
from studio.training.events import EventLog, read_events
from studio.training.queue import advance, go_on, submit
from studio.training.recipe import DataPart, Recipe, load_recipe, resolve
from studio.training.removal import delete_run, disk_use
from studio.training.run import Run, create_run
from studio.training.tracking import keys, part, post
from studio.training.tracking.part import TrackingPart, check_tracking, problems
from studio.training.tracking.post import Post
from studio.training.tracking.tracking import Tracking
from studio.workspace import Workspace
from tests.conftest import wait_until
from tests.training.queued import Sleepers

SECRET = "0123456789abcdef" * 3  # as long as a key is
Figures = dict[str, list[tuple[int, float]]]


class Measured:
    """In the place of the Reporter, as far as tracking looks at it."""

    def __init__(self, **measured: float) -> None:
        self.measured = measured


class State:
    def __init__(self, step: int) -> None:
        self.global_step = step


def in_tensorboard(run: Run) -> Figures:
    """What TensorBoard shows of a run."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    shown = EventAccumulator(str(run.folder / "tensorboard"), {"scalars": 0}).Reload()
    return {tag: [(one.step, one.value) for one in shown.Scalars(tag)] for tag in shown.Tags()["scalars"]}


def same(told: list[tuple[int, float]], curve: list[tuple[int, float]]) -> bool:
    """Whether each step was told once, and with the value that the run's own curve has."""
    return len(told) == len(curve) and dict(told) == pytest.approx(dict(curve), rel=1e-6)


def notes(run: Run) -> list[str]:
    found = [event["text"] for event in read_events(run.events)[0] if event["kind"] == "note"]
    return [text for text in found if "tracking failed" in text]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def with_tracking(recipe: Path, tables: str) -> Path:
    recipe.write_text(f"{recipe.read_text()}\n{tables}\n")
    return recipe


@pytest.fixture
def work(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Run]:
    """Does in this process what a worker does, without preparing a download at the end."""

    def train(recipe: Path) -> Run:
        run = create_run(workspace, resolve(workspace, load_recipe(recipe)))
        monkeypatch.setattr(sys, "argv", ["worker", str(run.folder)])
        monkeypatch.setattr("studio.export.bundle.start_export", lambda run: None)
        assert worker.main() == 0, run.view().error
        (run.folder / "process.json").unlink()
        return run

    return train


@pytest.fixture
def no_keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.delenv(keys.KEY, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    yield
    keys.forget()


def small_run(workspace: Workspace, tracking: TrackingPart | None = None) -> Run:
    recipe = Recipe(name="Small", tracking=tracking, data=DataPart())
    return create_run(workspace, recipe)


def tracked(run: Run, step: int | None = None) -> Tracking:
    return Tracking(run, run.recipe(), AdaptSettings(learning_rate=0.1), Measured(memory_gb=0.5), step)  # type: ignore[arg-type]


def tell(tracking: Tracking, steps: range) -> None:
    for step in steps:
        EventLog(tracking.run.events).write("step", step=step)
        tracking.on_log(None, State(step), None, logs={"loss": float(step)})  # type: ignore[arg-type]


# TensorBoard: always


def test_every_run_leaves_files_that_tensorboard_reads(
    work: Callable[[Path], Run], make_recipe: Callable[..., Path], workspace: Workspace
) -> None:
    run = work(make_recipe(max_steps=4))
    shown, view = in_tensorboard(run), run.view()
    assert [step for step, _ in shown["train/loss"]] == [1, 2, 3, 4]
    assert same(shown["train/loss"], view.series["loss"]) and same(shown["eval/loss"], view.series["validation"])
    for name in ("tokens_per_second", "memory_gb", "learning_rate", "grad_norm"):
        assert same(shown[f"train/{name}"], view.series[name]), name
    assert same(shown["test/loss_after"], [(view.result["kept_step"], view.result["test_loss_after"])])
    assert notes(run) == []
    files = sum(file.stat().st_size for file in (run.folder / "tensorboard").iterdir())
    whole = disk_use(run.folder)
    (run.folder / "tensorboard").rename(workspace.scratch / "aside")
    assert whole - disk_use(run.folder) >= files > 0
    (workspace.scratch / "aside").rename(run.folder / "tensorboard")
    delete_run(workspace, run.id)
    assert not run.folder.exists()


def test_after_a_crash_tensorboard_shows_every_step_once(workspace: Workspace) -> None:
    run = small_run(workspace)
    first = tracked(run)
    tell(first, range(1, 8))
    first.end("failed")
    again = tracked(run, step=4)  # the last point that had been saved
    tell(again, range(5, 11))
    again.end("finished")
    assert in_tensorboard(run)["train/loss"] == [(step, step) for step in range(1, 11)]


def test_a_full_disk_is_told_and_the_run_goes_on(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    import tensorboardX

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tensorboardX, "SummaryWriter", full)
    run = small_run(workspace)
    tracking = tracked(run)
    tell(tracking, range(1, 3))
    tracking.end("finished")
    assert notes(run) == [
        "TensorBoard files: tracking failed. [Errno 28] No space left on device. The run goes on without it."
    ]


# A tracker that fails, hangs or is slow


class Stubborn:
    """A tracker that does as it is told by the test, in the place of one that is switched on."""

    title, place, left_over, repeats = "Stubborn", "Its place", "", True

    def __init__(self, at: Callable[[int], None]) -> None:
        self.at, self.heard = at, []

    def begin(self) -> None: ...

    def log(self, step: int, figures: dict[str, float]) -> None:
        self.at(step)
        self.heard.append(step)

    def deliver(self, files: list[Path]) -> None: ...

    def end(self, ending: str) -> None: ...


def test_one_that_fails_in_the_middle_is_named_once_and_the_others_are_told_all(workspace: Workspace) -> None:
    def fails(step: int) -> None:
        if step == 3:
            raise ValueError(f"no, not with {SECRET}")

    run = small_run(workspace)
    os.environ[keys.KEY] = SECRET
    try:
        tracking = tracked(run)
        broken = Stubborn(fails)
        tracking.posts.append(Post(broken))  # type: ignore[arg-type]
        tell(tracking, range(1, 9))
        tracking.end("finished")
    finally:
        del os.environ[keys.KEY]
    assert broken.heard == [1, 2]
    assert notes(run) == ["Stubborn: tracking failed. no, not with [key]. The run goes on without it."]
    assert len(in_tensorboard(run)["train/loss"]) == 8


def test_one_that_hangs_holds_up_no_step_and_no_end(workspace: Workspace) -> None:
    let_go = threading.Event()
    run = small_run(workspace)
    tracking = tracked(run)
    tracking.posts.append(Post(Stubborn(lambda step: let_go.wait(60) and None)))  # type: ignore[arg-type]
    tracking.posts[-1].send("begin")
    tell(tracking, range(1, 50))  # comes back, though nothing of it has been taken
    tracking.end("finished", seconds=0.2)
    assert tracking.stuck
    assert notes(run) == [
        "Stubborn: tracking failed. Its place did not take everything within 0 s. The run goes on without it."
    ]
    let_go.set()


def test_one_that_is_far_behind_is_told_no_more(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post, "MOST_WAITING", 20)
    let_go = threading.Event()
    run = small_run(workspace)
    tracking = tracked(run)
    tracking.posts[:] = [Post(Stubborn(lambda step: let_go.wait(60) and None))]  # type: ignore[arg-type]
    tell(tracking, range(1, 50))
    let_go.set()
    tracking.end("finished")
    assert len(notes(run)) == 1 and "is too slow: it is 20 figures behind" in notes(run)[0]


def test_a_server_that_takes_the_call_and_never_answers(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        run = small_run(workspace, TrackingPart(mlflow={"server": address}))  # type: ignore[arg-type]
        tracking = tracked(run)
        tell(tracking, range(1, 6))
        tracking.end("finished", seconds=60)
    assert notes(run) == [
        f"MLflow: tracking failed. The server at {address} does not answer. The run goes on without it."
    ]


# MLflow on a real server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A real `mlflow server` on this computer: its address and its process."""
    folder = tmp_path_factory.mktemp("mlflow")
    address = f"http://127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", address.rpartition(":")[2]]
    command += ["--backend-store-uri", f"sqlite:///{folder}/runs.db", "--artifacts-destination", str(folder / "files")]
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "server.log").open("wb") as log:
        started = subprocess.Popen(
            [*command, "--workers", "1"],
            env=worker_environment() | quiet,
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def answers() -> bool:
        assert started.poll() is None, (folder / "server.log").read_text()
        try:
            return bool(urllib.request.urlopen(f"{address}/health", timeout=2).read())
        except OSError:
            return False

    wait_until(answers, 180, "the MLflow server")
    yield address, started
    end_all(started)


def end_all(started: "subprocess.Popen[bytes]") -> None:
    import psutil

    if psutil.pid_exists(started.pid) and started.poll() is None:
        family = psutil.Process(started.pid)
        for process in [*family.children(recursive=True), family]:
            process.kill()
    started.wait()


def on_server(address: str, run: Run) -> Any:
    """The run as the server knows it, and the client that asked."""
    import mlflow

    client = mlflow.MlflowClient(address)
    experiments = [one.experiment_id for one in client.search_experiments()]
    (found,) = client.search_runs(experiments, f"tags.`tunesmith.run` = '{run.id}'")
    return client, found


def steps_on_server(address: str, run: Run) -> list[int]:
    try:
        client, found = on_server(address, run)
    except ValueError:  # it has not heard of the run yet
        return []
    return [one.step for one in client.get_metric_history(found.info.run_id, "loss")]


@pytest.mark.slow
def test_an_mlflow_server_shows_a_run_that_was_paused_between(
    server: tuple[str, Any], workspace: Workspace, make_recipe: Callable[..., Path], tmp_path: Path
) -> None:
    address, _ = server
    recipe = with_tracking(
        make_recipe(max_steps=40, batch_size=2), f'[tracking.mlflow]\nserver = "{address}"\nexperiment = "Returns"'
    )
    run = submit(workspace, resolve(workspace, load_recipe(recipe)))
    wait_until(lambda: run.view().step >= 2 or run.view().error, 120, "the first steps")
    run.request_pause()
    wait_until(lambda: run.view().status == "paused" or run.view().error, 60, "the pause")
    _, found = on_server(address, run)
    assert (found.info.status, found.data.tags["tunesmith.ending"]) == ("KILLED", "paused")
    wait_until(lambda: not is_alive(run.process()), 30, "the worker to leave")
    go_on(run)
    wait_until(lambda: run.view().status == "finished" or run.view().error, 120, "the end")
    wait_until(lambda: not is_alive(run.process()), 60, "the worker to leave")
    assert notes(run) == []

    client, found = on_server(address, run)
    assert (found.info.status, found.data.tags["tunesmith.ending"]) == ("FINISHED", "finished")
    assert client.get_experiment(found.info.experiment_id).name == "Returns"
    settings = run.recipe().checked_settings().model_dump(mode="json", exclude_none=True)
    assert {name: str(value) for name, value in settings.items()}.items() <= found.data.params.items()
    assert (found.data.params["method"], found.data.params["model"]) == ("sft", "tiny")
    view = run.view()
    for ours, theirs in (("loss", "loss"), ("validation", "eval_loss"), ("tokens_per_second", "tokens_per_second")):
        told = [(one.step, one.value) for one in client.get_metric_history(found.info.run_id, theirs)]
        assert same(told, view.series[ours]), ours
    assert found.data.metrics["test_loss_after"] == pytest.approx(view.result["test_loss_after"])
    files = Path(client.download_artifacts(found.info.run_id, "", str(tmp_path)))
    for name in ("adapter_model.safetensors", "adapter_config.json"):
        assert (files / "adapter" / name).read_bytes() == (run.adapter / name).read_bytes()
    assert (files / "recipe.toml").read_text() == (run.folder / "recipe.toml").read_text()
    # Of this computer it knows neither a folder nor who works at it.
    known = f"{found.data.params} {found.data.tags} {found.info.user_id}"
    assert str(workspace.home) not in known and str(Path.home()) not in known and not found.info.user_id
    assert same(in_tensorboard(run)["train/loss"], view.series["loss"])


@pytest.mark.slow
def test_a_server_that_goes_away_in_the_middle(server: tuple[str, Any], workspace: Workspace) -> None:
    address, started = server
    run = small_run(workspace, TrackingPart(mlflow={"server": address}))  # type: ignore[arg-type]
    tracking = tracked(run)
    tell(tracking, range(1, 3))
    wait_until(lambda: steps_on_server(address, run) == [1, 2], 60, "the server to be told")
    end_all(started)
    tell(tracking, range(3, 6))
    tracking.end("finished", seconds=60)
    assert notes(run) == [
        f"MLflow: tracking failed. The server at {address} does not answer. The run goes on without it."
    ]
    assert len(in_tensorboard(run)["train/loss"]) == 5


# Weights & Biases and Trackio on this computer, MLflow's server down; and the key


@pytest.mark.slow
def test_the_others_are_told_and_the_key_is_nowhere(
    work: Callable[[Path], Run],
    workspace: Workspace,
    make_recipe: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = tmp_path / "person"
    for name, value in {
        keys.KEY: SECRET,
        "HOME": str(own),
        "TRACKIO_SPACE_ID": "somebody/elsewhere",
    }.items():
        monkeypatch.setenv(name, value)
    own.mkdir()
    gone = f"http://127.0.0.1:{free_port()}"
    run = work(
        with_tracking(
            make_recipe(max_steps=3),
            f'[tracking]\nmlflow = {{ server = "{gone}" }}\nwandb = {{ }}\ntrackio = {{ project = "shop" }}',
        )
    )
    assert run.view().status == "finished"
    assert notes(run) == [f"MLflow: tracking failed. The server at {gone} does not answer. The run goes on without it."]

    from trackio.sqlite_storage import SQLiteStorage

    (name,) = SQLiteStorage.get_runs("shop")
    told = [one["train/loss"] for one in SQLiteStorage.get_logs("shop", name) if "train/loss" in one]
    assert told == pytest.approx([value for _, value in run.view().series["loss"]], rel=1e-6)
    (kept,) = (run.folder / "tracking").rglob("*.wandb")
    written = kept.read_bytes()  # records of protobuf, their texts plain
    assert written.count(b"train/loss") >= 3 and b"eval/loss" in written and b"test/loss_after" in written
    assert b"learning_rate" in written and b"0.005" in written
    for folder in (workspace.home, own, Path(os.environ["TRACKIO_DIR"])):
        for file in folder.rglob("*"):
            assert not file.is_file() or SECRET.encode() not in file.read_bytes(), file


def test_a_typed_key_goes_to_the_worker_that_needs_it_and_to_no_other(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, no_keys: None
) -> None:
    given: list[dict[str, str]] = []

    def start(module: str, *arguments: str, log: Path, secrets: dict[str, str]) -> dict[str, Any]:
        given.append(secrets)
        return {"pid": 0, "created": 0}

    monkeypatch.setattr(queue, "start_detached", start)
    online, offline = (TrackingPart(wandb={"online": on}) for on in (True, False))  # type: ignore[arg-type]
    runs = [small_run(workspace, tracking) for tracking in (online, offline, None)]
    keys.hold(workspace, f" {SECRET}\n")
    for run in runs:
        queue.start(run)
    assert given == [{keys.KEY: SECRET}, {}, {}]
    monkeypatch.setenv(keys.KEY, SECRET)
    assert keys.KEY not in worker_environment()
    for file in workspace.home.rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes(), file


def test_a_worker_leaves_a_run_to_the_server_that_has_its_key(
    workspace: Workspace, workers: Sleepers, no_keys: None
) -> None:
    run = small_run(workspace, TrackingPart(wandb={"online": True}))  # type: ignore[arg-type]
    with FileLock(workspace.locks / "key.lock"):  # a server that lives and has been told a key
        assert advance(workspace) is None
    assert advance(workspace) == run  # nobody has it: the run begins, and says that tracking failed


def test_without_any_key_the_run_goes_on_and_says_so(workspace: Workspace, no_keys: None) -> None:
    run = small_run(workspace, TrackingPart(wandb={"online": True}))  # type: ignore[arg-type]
    tracking = tracked(run)
    tell(tracking, range(1, 3))
    tracking.end("finished", seconds=60)
    assert len(notes(run)) == 1 and notes(run)[0].startswith("Weights & Biases: tracking failed. No key is known")


# What cannot be


def test_a_recipe_never_holds_a_key(make_recipe: Callable[..., Path]) -> None:
    with pytest.raises(StudioError, match=r"not known: “tracking\.wandb\.key”"):
        load_recipe(with_tracking(make_recipe(), f'[tracking.wandb]\nkey = "{SECRET}"'))


def test_online_without_a_key_is_refused_at_the_field(no_keys: None, tmp_path: Path) -> None:
    asked = TrackingPart(wandb={"online": True})  # type: ignore[arg-type]
    with pytest.raises(StudioError, match="lets nobody in without a key") as refused:
        check_tracking(asked)
    assert refused.value.field == "wandb.key" and keys.KEY in refused.value.hint
    (tmp_path / "netrc").write_text("machine api.wandb.ai login user password x\n")  # as `wandb login` leaves it
    check_tracking(asked)


def test_a_tracker_without_its_package_is_refused_with_the_command(
    monkeypatch: pytest.MonkeyPatch, make_recipe: Callable[..., Path], workspace: Workspace
) -> None:
    monkeypatch.setattr(part.importlib.util, "find_spec", lambda name: None)
    asked = {"mlflow": {}, "wandb": {}, "trackio": {}}
    found = problems(TrackingPart.model_validate(asked))
    assert [problem.field for problem in found] == list(asked)
    for problem, package in zip(found, ("mlflow-skinny", "wandb", "trackio"), strict=True):
        assert f"{sys.executable} -m pip install {package}" in problem.hint
    with pytest.raises(StudioError, match="speaks to Trackio is not installed"):
        resolve(workspace, load_recipe(with_tracking(make_recipe(), "[tracking.trackio]")))


def test_a_folder_of_the_same_name_is_no_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "trackio_of_mine").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert not part.is_installed("trackio_of_mine")


@pytest.mark.parametrize("server", ["ftp://127.0.0.1", "127.0.0.1:5000", "http://", "http://[", "", "http://a:port"])
def test_what_is_no_address_is_refused(server: str) -> None:
    (found,) = problems(TrackingPart(mlflow={"server": server}))  # type: ignore[arg-type]
    assert found.field == "mlflow.server" and "is not the address" in found.message


def test_an_address_with_a_password_is_refused_without_repeating_it(workspace: Workspace) -> None:
    (found,) = problems(TrackingPart(mlflow={"server": f"http://me:{SECRET}@127.0.0.1:5000"}))  # type: ignore[arg-type]
    assert found.field == "mlflow.server" and SECRET not in found.text


@pytest.mark.parametrize("typed", ["", "   ", "two words"])
def test_what_is_no_key_is_refused(typed: str, workspace: Workspace, no_keys: None) -> None:
    with pytest.raises(StudioError, match="not a key"):
        keys.hold(workspace, typed)
    assert not keys.has_key()

"""Folding a run's events into what a person is shown. The page holds no state of its own."""

import math
import shutil
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from studio.processes import is_alive, last_line
from studio.training.events import Event, read_events
from studio.workspace import read_json

Points = list[tuple[int, float]]
SERIES = ("loss", "validation", "learning_rate", "grad_norm", "tokens_per_second", "memory_gb")
FINAL = ("finished", "stopped", "discarded", "failed")
NEARLY_NOTHING = 50_000_000  # bytes of free disk under which a silent death is put down to a full disk


@dataclass(frozen=True)
class Failure:
    message: str
    hint: str
    last_line: str = ""


@dataclass
class RunView:
    """A run at one moment.

    status: waiting, starting, running, stopping, or one of finished, stopped, discarded, failed.
    seconds_left: None while it is not known. series: (step, value) points for each name in SERIES, and for each metric
    of the method under “train/NAME” and “check/NAME”. metrics: what the method reports beside the loss, each {name,
    title, sentence, higher_is_better}. best: the figure by which the best point is kept, "loss" or a metric's name.
    parameters, trained_parameters: how many weights the model has, and how many of them are trained; 0 not known.
    result: test_loss_before, test_loss_after (nats per token), test_rows, test (metrics on the test rows, each {name,
    before, after}), few_shot (as in studio.evaluation.few_shot), adapter_mb, steps, seconds.
    """

    status: str = "waiting"
    version: int = 0
    phase: str = "Waiting for its turn"
    step: int = 0
    steps: int = 0
    epoch: float = 0.0
    epochs: float = 0.0
    rows: dict[str, int] = field(default_factory=dict)
    loss: float | None = None
    tokens_per_second: float | None = None
    memory_gb: float | None = None
    best_step: int | None = None
    best_loss: float | None = None
    best: str = "loss"
    best_value: float | None = None
    metrics: list[dict[str, Any]] = field(default_factory=list)
    parameters: int = 0
    trained_parameters: int = 0
    series: dict[str, Points] = field(default_factory=lambda: {name: [] for name in SERIES})
    log: list[tuple[datetime, str]] = field(default_factory=list)
    error: Failure | None = None
    result: dict[str, Any] = field(default_factory=dict)
    started: datetime | None = None
    training_since: datetime | None = None
    last_step_at: datetime | None = None
    ended: datetime | None = None

    @property
    def live(self) -> bool:
        return self.status in ("starting", "running", "stopping")

    @property
    def elapsed(self) -> float:
        """Seconds since the worker started, up to now or to its end."""
        if self.started is None:
            return 0.0
        return ((self.ended or datetime.now(UTC)) - self.started).total_seconds()

    @property
    def seconds_left(self) -> float | None:
        """From the pace so far, checks included; None before the second step and after the end."""
        if not self.live or not self.steps or self.step < 2 or not self.training_since or not self.last_step_at:
            return None
        pace = (self.last_step_at - self.training_since).total_seconds() / self.step
        since = (datetime.now(UTC) - self.last_step_at).total_seconds()
        return max(0.0, pace * (self.steps - self.step) - since)


@dataclass
class Cached:
    offset: int = 0
    view: RunView = field(default_factory=RunView)
    lock: threading.Lock = field(default_factory=threading.Lock)


_cache: dict[Path, Cached] = {}


def fold(folder: Path) -> RunView:
    """The view of a run folder. Only events that came since the last call are read."""
    cached = _cache.setdefault(folder, Cached())
    with cached.lock:
        events, cached.offset = read_events(folder / "events.jsonl", cached.offset)
        for event in events:
            take(cached.view, event)
        if cached.view.status not in FINAL:
            look_at_process(folder, cached.view)
        series = {name: list(points) for name, points in cached.view.series.items()}
        return replace(cached.view, series=series, log=list(cached.view.log))


def take(view: RunView, event: Event) -> None:
    """One event into the view. After its ending a run has no more to say."""
    if view.status in FINAL:
        return
    at = datetime.fromtimestamp(event["at"], UTC)
    view.version += 1
    kind = event["kind"]
    if kind == "phase":
        view.phase = event["text"]
        view.started = view.started or at
        view.log.append((at, event["text"]))
    elif kind == "plan":
        view.steps, view.epochs, view.rows = event["steps"], event["epochs"], event["rows"]
        view.metrics, view.best = event.get("metrics", []), event.get("best", "loss")
        view.parameters, view.trained_parameters = event.get("parameters", 0), event.get("trained_parameters", 0)
        view.log.append((at, f"Started with {view.rows['train']} rows, {view.steps} steps"))
        view.training_since = at
    elif kind == "step":
        take_step(view, event, at)
    elif kind == "check":
        take_check(view, event, at)
    elif kind == "note":
        view.log.append((at, event["text"]))
    elif kind in FINAL:
        view.status, view.ended = kind, at
        view.result = event.get("result", {})
        view.log.append((at, event.get("message") or ENDINGS[kind]))
        view.phase = ENDINGS[kind]
        if kind == "failed":
            view.error = Failure(event["message"], event.get("hint", ""), event.get("last_line", ""))


ENDINGS = {
    "finished": "Finished",
    "stopped": "Stopped and kept",
    "discarded": "Stopped, nothing kept",
    "failed": "Failed",
}


def take_step(view: RunView, event: Event, at: datetime) -> None:
    view.step, view.epoch, view.phase = event["step"], event["epoch"], "Training"
    view.last_step_at = at
    for name in ("loss", "learning_rate", "grad_norm", "tokens_per_second", "memory_gb"):
        value = event.get(name)
        if value is not None and math.isfinite(value):
            view.series[name].append((view.step, value))
    take_metrics(view, event, "train")
    view.loss = event.get("loss")
    view.tokens_per_second = event.get("tokens_per_second")
    view.memory_gb = event.get("memory_gb")


def take_check(view: RunView, event: Event, at: datetime) -> None:
    step, loss = event["step"], event.get("loss")
    take_metrics(view, event, "check")
    value = loss if view.best == "loss" else event.get("metrics", {}).get(view.best)
    if loss is not None and math.isfinite(loss):
        add_point(view.series["validation"], step, loss)
    if value is None or not math.isfinite(value):
        return
    higher = any(metric["higher_is_better"] for metric in view.metrics if metric["name"] == view.best)
    before = view.best_value
    best = step > 0 and (before is None or (value > before if higher else value < before))
    if best:
        view.best_step, view.best_value = step, value
        view.best_loss = value if view.best == "loss" else view.best_loss
    titles = [f"“{metric['title']}” on check rows" for metric in view.metrics if metric["name"] == view.best]
    title = titles[0] if titles else "check loss"
    where = "Before training" if step == 0 else f"Step {step}"
    view.log.append((at, f"{where}: {title} {value:.2f}" + (", best so far" if best else "")))


def take_metrics(view: RunView, event: Event, where: str) -> None:
    for name, value in event.get("metrics", {}).items():
        if value is not None and math.isfinite(value):
            add_point(view.series.setdefault(f"{where}/{name}", []), event["step"], value)


def add_point(points: Points, step: int, value: float) -> None:
    if points and points[-1][0] == step:  # the last step is checked once by plan and once at the end
        points.pop()
    points.append((step, value))


def look_at_process(folder: Path, view: RunView) -> None:
    """Whether the worker lives; a death without a last word becomes a failure with the log's last line."""
    who = read_json(folder / "process.json")
    before = view.status
    stop = (folder / "stop").exists()
    if who is None and view.started is not None:
        return  # the worker has spoken, and its starter is about to write down who it is
    if who is None:
        if stop:  # taken out of the queue before its turn came
            view.status, view.phase, view.version = "discarded", ENDINGS["discarded"], view.version + 1
        return
    if is_alive(who):
        view.status = "stopping" if stop else "running" if view.step or view.steps else "starting"
        view.started = view.started or datetime.fromtimestamp(who["created"], UTC)
    else:
        # Its last event may have been written between our reading and our looking.
        events, _ = read_events(folder / "events.jsonl")
        if events and events[-1]["kind"] in FINAL:
            return
        view.status = "failed"
        view.ended = last_sign_of_life(folder)
        view.error = death(folder, view)
        view.phase = ENDINGS["failed"]
        view.log.append((view.ended, view.error.message))
    if view.status != before:
        view.version += 1


def last_sign_of_life(folder: Path) -> datetime:
    written = [f.stat().st_mtime for f in (folder / "events.jsonl", folder / "process.json") if f.exists()]
    return datetime.fromtimestamp(max(written), UTC)


def death(folder: Path, view: RunView) -> Failure:
    words = last_line(folder / "output.log")
    if shutil.disk_usage(folder).free < NEARLY_NOTHING:
        return Failure(
            "The disk is full, and the training program could not go on.",
            "Free some space, then start the run again.",
            words,
        )
    where = f"at step {view.step} of {view.steps}" if view.step else "before its first step"
    return Failure(
        f"The training program ended without a word {where}: something on this computer stopped it.",
        "Most often the memory was not enough. Close other programs or pick “Low memory”, then start again.",
        words,
    )

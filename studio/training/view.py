"""Folding a run's events into what a person is shown, one by one: studio.training.following keeps up with a log."""

import math
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from studio.training.curve import Curve
from studio.training.curve import Points as Points
from studio.training.events import Event

SERIES = ("loss", "validation", "learning_rate", "grad_norm", "tokens_per_second", "memory_gb", "gpu_use")
FINAL = ("finished", "stopped", "discarded", "failed", "paused")
UNFINISHED = ("paused", "failed")  # endings after which it can still be thrown away


@dataclass(frozen=True)
class Failure:
    """cause: its kind, as in studio.training.failures. evidence: what shows that it was this, "" without any."""

    message: str
    hint: str
    last_line: str = ""
    cause: str = "unknown"
    evidence: str = ""


@dataclass
class RunView:
    """A run at one moment. Whoever is handed one leaves it as it is: others look at the same.

    status: waiting, starting, running, stopping, or one of finished, stopped, discarded, failed, paused.
    mode: how it was asked to go on after an ending, "continue" or "keep" (studio.training.queue.go_on); "" for a run
    that never ended before. resumed_at: the step from which it went on last, 0 when it began from the beginning.
    worked: seconds that it was at work before that.
    turns: how many workers have had the device for it. held_up: its worker is there and waits for the device, which
    somebody else uses; the phase says so. It still waits.
    expected: seconds that each phase before the first step took in earlier runs (studio.training.first_step).
    seconds_left: None while it is not known. series: (step, value) points for each name in SERIES, and for each metric
    of the method under “train/NAME” and “check/NAME”, the long ones shortened (studio.training.curve); at a glance
    (studio.training.following) there are none, and no log. hasty: only the ends of its log have been read so far, so
    that the best point is not known yet. metrics: what the method reports beside the loss, each {name,
    title, sentence, higher_is_better}. best: the figure by which the best point is kept, "loss" or a metric's name.
    parameters, trained_parameters: how many weights the model has, and how many of them are trained; 0 not known.
    result: test_loss_before, test_loss_after (nats per token), test_rows, test (metrics on the test rows, each {name,
    before, after}), few_shot (as in studio.evaluation.few_shot), adapter_mb, steps, seconds.
    """

    status: str = "waiting"
    version: int = 0
    hasty: bool = False
    phase: str = "Waiting for its turn"
    phase_since: datetime | None = None
    expected: dict[str, float] = field(default_factory=dict)
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
    series: dict[str, Curve] = field(default_factory=lambda: {name: Curve() for name in SERIES})
    log: list[tuple[datetime, str]] = field(default_factory=list)
    error: Failure | None = None
    result: dict[str, Any] = field(default_factory=dict)
    mode: str = ""
    resumed_at: int = 0
    worked: float = 0.0
    turns: int = 0
    held_up: bool = False
    as_ended: "RunView | None" = None  # what an ending had told before it was asked to go on
    started: datetime | None = None
    training_since: datetime | None = None
    last_step_at: datetime | None = None
    ended: datetime | None = None

    @property
    def live(self) -> bool:
        return self.status in ("starting", "running", "stopping")

    @property
    def elapsed(self) -> float:
        """Seconds that workers were at it, up to now or to its end."""
        if self.started is None:
            return self.worked
        return self.worked + ((self.ended or datetime.now(UTC)) - self.started).total_seconds()

    @property
    def seconds_left(self) -> float | None:
        """From the pace so far, checks included; None before the second step and after the end."""
        done = self.step - self.resumed_at
        if not self.live or not self.steps or done < 2 or not self.training_since or not self.last_step_at:
            return None
        pace = (self.last_step_at - self.training_since).total_seconds() / done
        since = (datetime.now(UTC) - self.last_step_at).total_seconds()
        return max(0.0, pace * (self.steps - self.step) - since)


def take(view: RunView, event: Event) -> None:
    """One event into the view. After its ending a run has no more to say, unless it goes on or is thrown away."""
    kind = event["kind"]
    thrown_away = kind == "discarded" and view.status in UNFINISHED
    if view.status in FINAL and kind != "asked" and not thrown_away:
        return
    at = datetime.fromtimestamp(event["at"], UTC)
    view.version += 1
    if kind == "asked":
        reopen(view, event, at)
    elif kind == "unasked":
        take_back(view)
        view.log.append((at, "Taken out of the queue"))
    elif kind == "busy":
        hold_up(view, event["text"], at)
    elif kind == "device":
        view.held_up, view.phase, view.started = False, "Starting", view.started or at
        view.turns += 1
        view.phase_since, view.expected = at, {}
    elif kind == "expected":
        view.expected = event["phases"]
    elif kind == "resumed":
        rewind(view, event["step"])
        view.log.append((at, f"Going on from step {event['step']}" if event["step"] else "Beginning once more"))
    elif kind == "phase":
        view.phase, view.phase_since = event["text"], at
        view.started = view.started or at
        view.log.append((at, event["text"]))
    elif kind == "plan":
        view.steps, view.epochs, view.rows = event["steps"], event["epochs"], event["rows"]
        view.metrics, view.best = event.get("metrics", []), event.get("best", "loss")
        view.parameters, view.trained_parameters = event.get("parameters", 0), event.get("trained_parameters", 0)
        if not view.resumed_at:
            view.log.append((at, f"Started with {view.rows['train']} rows, {view.steps} steps"))
        view.training_since = at
    elif kind == "step":
        take_step(view, event, at)
    elif kind == "check":
        take_check(view, event, at)
    elif kind in ("note", "fitted"):
        view.log.append((at, event["text"]))
    elif kind in FINAL:
        view.status, view.ended, view.error = kind, view.ended or at, None
        view.result = event.get("result", {})
        view.log.append((at, event.get("message") or ENDINGS[kind]))
        view.phase = ENDINGS[kind]
        if kind == "failed":
            names = ("message", "hint", "last_line", "cause", "evidence")
            view.error = Failure(**{name: event[name] for name in names if name in event})


def reopen(view: RunView, event: Event, at: datetime) -> None:
    """An ended run waits for its turn once more."""
    if view.ended is None:  # it died without a word, and only who looked at its process knew that
        view.ended = view.last_step_at or view.started
    view.as_ended = replace(view, series={}, log=[], as_ended=None)
    view.worked, view.mode = view.elapsed, event.get("mode", "continue")
    view.started = view.training_since = view.last_step_at = view.ended = view.error = None
    view.status, view.phase, view.result = "waiting", RunView.phase, {}
    view.log.append((at, WANTED[view.mode]))


def take_back(view: RunView) -> None:
    """As it was before it was asked to go on: it has lost nothing but its place."""
    for name in AS_ENDED if view.as_ended else ():
        setattr(view, name, getattr(view.as_ended, name))
    view.held_up = False


def hold_up(view: RunView, text: str, at: datetime) -> None:
    """Its worker waits for the device; text "": that worker was sent away, and the run waits without one."""
    if view.started and view.steps:  # it was at work before, and only its next worker waits
        view.worked += (at - view.started).total_seconds()
    view.held_up, view.phase, view.started = bool(text), text.rstrip(".") or RunView.phase, None
    if text:
        view.log.append((at, text))


def rewind(view: RunView, step: int) -> None:
    """Forget what was told of later steps: they are taken again."""
    view.resumed_at = view.step = step
    view.series = {name: curve.until(step) for name, curve in view.series.items()}
    view.loss = view.series["loss"][-1][1] if view.series["loss"] else None
    if view.best_step and view.best_step > step:
        view.best_step = view.best_value = view.best_loss = None
        watched = view.series["validation"] if view.best == "loss" else view.series.get(f"check/{view.best}", Curve())
        for at, value in watched:
            note_best(view, at, value)


AS_ENDED = (
    *("status", "phase", "error", "result", "mode", "worked"),
    *("started", "training_since", "last_step_at", "ended"),
)
WANTED = {"continue": "Asked to go on", "keep": "Asked to keep its best point"}
ENDINGS = {
    "finished": "Finished",
    "stopped": "Stopped and kept",
    "discarded": "Stopped, nothing kept",
    "failed": "Failed",
    "paused": "Paused",
}


def take_step(view: RunView, event: Event, at: datetime) -> None:
    view.step, view.epoch, view.phase = event["step"], event["epoch"], "Training"
    view.last_step_at = at
    for name in SERIES:  # all but the validation loss, which checks tell
        value = event.get(name)
        if value is not None and math.isfinite(value):
            view.series[name].add(view.step, value)
    take_metrics(view, event, "train")
    view.loss = event.get("loss")
    view.tokens_per_second = event.get("tokens_per_second")
    view.memory_gb = event.get("memory_gb")


def take_check(view: RunView, event: Event, at: datetime) -> None:
    step, loss = event["step"], event.get("loss")
    take_metrics(view, event, "check")
    value = loss if view.best == "loss" else event.get("metrics", {}).get(view.best)
    if loss is not None and math.isfinite(loss):
        view.series["validation"].add(step, loss)  # the last step is checked once by plan and once at the end
    if value is None or not math.isfinite(value):
        return
    best = note_best(view, step, value)
    titles = [f"“{metric['title']}” on check rows" for metric in view.metrics if metric["name"] == view.best]
    title = titles[0] if titles else "check loss"
    where = "Before training" if step == 0 else f"Step {step}"
    view.log.append((at, f"{where}: {title} {value:.2f}" + (", best so far" if best else "")))


def note_best(view: RunView, step: int, value: float) -> bool:
    """Whether this check is the best so far, which is then remembered. Before training there is nothing to keep."""
    higher = any(metric["higher_is_better"] for metric in view.metrics if metric["name"] == view.best)
    before = view.best_value
    if step == 0 or (before is not None and (value <= before if higher else value >= before)):
        return False
    view.best_step, view.best_value = step, value
    view.best_loss = value if view.best == "loss" else view.best_loss
    return True


def take_metrics(view: RunView, event: Event, where: str) -> None:
    for name, value in event.get("metrics", {}).items():
        if value is not None and math.isfinite(value):
            view.series.setdefault(f"{where}/{name}", Curve()).add(event["step"], value)

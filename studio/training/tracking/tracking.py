"""The Trainer's side of tracking: hands each figure on to the trackers, and says once when one of them failed."""

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from studio.methods import together
from studio.methods.adapt_settings import AdaptSettings
from studio.training.events import EventLog, in_pieces
from studio.training.recipe import Recipe
from studio.training.run import Run
from studio.training.tracking.part import TITLES
from studio.training.tracking.post import Post
from studio.training.tracking.trackers import Mlflow, TensorBoard, Told, Tracker, Trackio, Wandb

if TYPE_CHECKING:
    from studio.training.reporter import Reporter

PATIENCE = 15.0  # seconds for the last words to each tracker, while somebody waits for the run to end
PER_MB = 1.0  # seconds more for each megabyte of the result
KINDS: dict[str, Any] = {"mlflow": Mlflow, "wandb": Wandb, "trackio": Trackio}


class Tracking(TrainerCallback):
    """Added after the Reporter, whose measurements it hands on beside the Trainer's figures.

    step: from which the run goes on, None at its beginning.
    """

    def __init__(
        self, run: Run, recipe: Recipe, settings: AdaptSettings, reporter: "Reporter", step: int | None = None
    ) -> None:
        self.run, self.reporter, self.events = run, reporter, EventLog(run.events)
        self.known = told_before(run) if step is not None else -1
        told = trackers(run, recipe, settings, step) if together.is_first() else []  # of several processes one tells
        self.posts = [Post(tracker) for tracker in told]
        self.said: set[Post] = set()
        self.ended = False
        for post in self.posts:
            post.send("begin")

    @property
    def stuck(self) -> bool:
        """Whether one of them is still at it after the end, which may be for ever."""
        return any(post.stuck for post in self.posts)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **rest: Any,
    ) -> None:
        if not logs or not {"loss", "eval_loss"} & logs.keys():
            return  # of the judgements before and after training only the result is told
        figures = {name: float(value) for name, value in logs.items() if isinstance(value, int | float)}
        self.log(state.global_step, figures | (self.reporter.measured if "loss" in logs else {}))
        self.speak()

    def log(self, step: int, figures: dict[str, float]) -> None:
        for post in self.posts:
            if step > self.known or post.tracker.repeats:
                post.send("log", step, figures)

    def deliver(self, ending: str, result: dict[str, Any]) -> None:
        """The run's result, and that it has ended: figures to all, what it kept and its recipe to who keeps files."""
        kept, step = self.run.kept, result.get("kept_step", 0)
        figures = figures_of(result)
        for post in self.posts:
            if figures:
                post.send("log", step, figures)
            post.send("deliver", [file for file in (kept, self.run.folder / "recipe.toml") if file])
        size = sum(file.stat().st_size for file in kept.rglob("*") if file.is_file()) if kept else 0
        if any(isinstance(post.tracker, Mlflow) and not post.failed for post in self.posts):
            self.events.write("phase", text="Sending the result to MLflow")
        self.end(ending, PATIENCE + PER_MB * size / 1e6)

    def end(self, ending: str, seconds: float = PATIENCE) -> None:
        """The last word to all. Waits for them no longer than so many seconds each."""
        if self.ended:
            return
        self.ended = True
        for post in self.posts:
            post.send("end", ending)
        for post in self.posts:
            post.close(seconds)
        self.speak()

    def speak(self) -> None:
        """Say of each tracker once that it failed."""
        for post in self.posts:
            if post.failed and post not in self.said:
                self.said.add(post)
                self.events.write(
                    "note", text=f"{post.tracker.title}: tracking failed. {post.failed} The run goes on without it."
                )


def trackers(run: Run, recipe: Recipe, settings: AdaptSettings, step: int | None) -> list[Tracker]:
    """TensorBoard's files, and those that are switched on."""
    name = f"{recipe.name} {run.id.rpartition('-')[2]}"  # Trackio knows a run by its name alone
    told = Told(run.id, name, run.folder, parameters(recipe, settings), step is not None, step or 0)
    found: list[Tracker] = [TensorBoard(told)]
    for kind in TITLES:
        if recipe.tracking and (part := getattr(recipe.tracking, kind)):
            found.append(KINDS[kind](replace(told, project=getattr(part, "project", "")), part))
    return found


def parameters(recipe: Recipe, settings: AdaptSettings) -> dict[str, Any]:
    """What a run is made with: its settings by their names, and the rest of its recipe without texts and folders."""
    model = Path(recipe.model.name).name if Path(recipe.model.name).is_absolute() else recipe.model.name
    own = {"method": recipe.method.name, "model": model, "data": (recipe.data.fingerprint or "")[:12]}
    return own | settings.model_dump(mode="json", exclude_none=True)


def figures_of(result: dict[str, Any]) -> dict[str, float]:
    """ "test_loss_before", "test_loss_after", and the same of each metric."""
    found = {name: result.get(name) for name in ("test_loss_before", "test_loss_after")}
    for one in result.get("test") or []:
        found |= {f"test_{one['name']}_{when}": one.get(when) for when in ("before", "after")}
    return {name: float(value) for name, value in found.items() if value is not None and math.isfinite(value)}


def told_before(run: Run) -> int:
    """The last step that the run's earlier workers told of, −1 for none: trackers elsewhere need not hear it again."""
    told = (e["step"] for events, _ in in_pieces(run.events) for e in events if e["kind"] in ("step", "check"))
    return max(told, default=-1)

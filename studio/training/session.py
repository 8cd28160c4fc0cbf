"""One worker's time with a run, from its first step or from its last point to an end or a pause."""

import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from studio.datasets.versions import Version
from studio.methods import together
from studio.methods.spreading import devices_of
from studio.training import first_step
from studio.training.back_off import fitted
from studio.training.building import Built, build
from studio.training.checkpoints import Point, points
from studio.training.events import EventLog, figures
from studio.training.made_of import check_same, made_of
from studio.training.measured import measured_gb, note_down
from studio.training.outcome import keep, leave, show_examples, throw_away
from studio.training.provenance import differences, gathered, read_provenance, write_provenance
from studio.training.recipe import Recipe
from studio.training.run import Run, Stop
from studio.training.trials import PRUNED
from studio.workspace import read_json, write_json

if TYPE_CHECKING:
    from studio.methods.watched import Figures, Watched
    from studio.training.tracking.tracking import Tracking
    from studio.training.trial import Trial

BEFORE = "before.json"  # what the untrained model could do: once it is trained that cannot be asked any more


@dataclass
class Session:
    """point: where it goes on from, None at the beginning. mode: as in RunView. built: whether it came to training."""

    run: Run
    events: EventLog
    point: Point | None = None
    mode: str = ""
    device: str = "cpu"
    built: Built | None = None
    tracking: "Tracking | None" = None

    def say(self, sentence: str) -> None:
        self.events.write("phase", text=sentence)

    def train(self) -> None:
        """All of it, in the order in which a person watches it."""
        run, events = self.run, self.events
        recipe = run.recipe()
        settings = fitted(run, recipe.checked_settings())
        version = recipe.version(run.workspace)
        rows, devices = version.rows["train"], devices_of(settings)
        ready = "torch" in sys.modules
        kind = first_step.kind_of(recipe.model.name, recipe.method.name, rows, self.device, devices, ready)
        if not self.point and (phases := first_step.expected(run.workspace, kind)):
            events.write("expected", phases=phases)
        self.say("Loading the training libraries")
        from studio.training.filming import Filming
        from studio.training.point_keeper import PointKeeper
        from studio.training.reporter import Reporter  # torch and its friends take seconds
        from studio.training.tracking.tracking import Tracking

        if self.left():
            return
        built = build(run, recipe, version, settings, self.device, self.say)
        trainer = built.trainer
        made = made_of(recipe, built.job.folder, built.job.start)
        if self.point:
            check_same(self.point.made_of, made)
        if together.is_first():
            self.note_provenance(made, built.job.dtype)
        reporter = Reporter(run, trainer, built.method.metrics)
        trainer.add_callback(reporter)
        step = self.point.step if self.point else 0 if self.mode or run.view().turns > 1 else None
        self.tracking = Tracking(run, recipe, settings, reporter, step)
        trainer.add_callback(self.tracking)
        trainer.add_callback(Filming(run, trainer, version))  # after the Reporter, which tells of a check first
        trainer.add_callback(PointKeeper(run, trainer, made, self.point))
        trial = self.trial(recipe, trainer)
        self.built = built
        self.tell_plan(version)
        if self.left():
            return
        if not self.point:
            for sentence in (*recipe.notes, *trainer.notes, *self.note_on_checks(version)):
                events.write("note", text=sentence)
        before, shown = self.what_it_could(version)
        if self.left():
            return
        self.learn(version)
        if not self.point and together.is_first():
            first_step.note_down(run, kind)
        if trial and trial.ended:
            self.end_tracking("discarded")
            return throw_away(run, events, {PRUNED: trial.ended})
        memory = measured_gb(self.device)  # before it is judged and asked, which needs other memory
        steps, taken = trainer.args.max_steps, trainer.state.global_step
        if taken < steps and self.left():
            return
        self.note_early_end(taken, steps)
        result = keep(run, trainer, events, version, before, shown)
        paces = figures(run.events, "tokens_per_second")
        if together.count() == 1 and taken > (self.point.step if self.point else 0):  # what is known is of one device
            note_down(run.workspace, recipe.model.name, built, version.rows["validation"], paces, memory)
        result |= {"steps": taken, "seconds": round(run.glance().elapsed, 1), "dtype": built.job.dtype}
        if self.asked() == "discard":  # asked for while it was being judged
            self.end_tracking("discarded")
            return throw_away(run, events)
        early = taken < steps and not self.asked() and self.mode != "keep"
        ending = "finished" if taken >= steps or early else "stopped"
        self.tracking.deliver(ending, result)  # what it has to say of that is heard only before the run's last word
        leave(run, events, ending, result)

    def trial(self, recipe: Recipe, trainer: "Watched") -> "Trial | None":
        """What ends a run of a search early, where the search wants that."""
        if recipe.trial is None:
            return None
        from studio.training.trial import Trial

        trial = Trial(self.run, trainer)
        trainer.add_callback(trial)
        return trial

    def note_provenance(self, made: dict[str, Any], dtype: str) -> None:
        """Write down what it is made with; where it goes on with something else, say that."""
        then, now = read_provenance(self.run), gathered(self.run, made, dtype)
        if then is None or not self.point:
            write_provenance(self.run, now)
        elif changed := differences(then, now):
            words = f"It goes on with other things than it began with: {'; '.join(changed)}."
            self.events.write("note", text=f"{words} From here on its losses may differ in their last digits.")

    def left(self) -> bool:
        """Whether it was asked to pause or to throw all away, and that has been said."""
        asked = self.asked()
        if asked == "pause":
            self.end_tracking("paused")
            known = points(self.run.checkpoints)
            self.events.write("paused", step=known[-1].step if known else 0)
        elif asked == "discard" or (asked == "keep" and not (self.point or self.taken())):
            self.end_tracking("discarded")
            throw_away(self.run, self.events)
        else:
            return False
        return True

    def asked(self) -> Stop | None:
        """What a person has asked of the run; of several processes all hear the same."""
        return together.agreed(self.run.stop_requested())

    def end_tracking(self, ending: str) -> None:
        """The last word to the trackers, where it came to any."""
        if self.tracking:
            self.tracking.end(ending)

    def taken(self) -> int:
        """Steps taken so far, by this worker."""
        return int(self.built.trainer.state.global_step) if self.built else 0

    def tell_plan(self, version: Version) -> None:
        assert self.built
        trainer, settings = self.built.trainer, self.built.job.settings
        rows = {
            "train": len(trainer.train_dataset),
            "check": version.rows["validation"],
            "test": version.rows["test"],
        }
        steps = trainer.args.max_steps
        parameters = list(trainer.model.parameters())
        self.events.write(
            "plan",
            steps=steps,
            epochs=round(steps / -(-rows["train"] // settings.batch_size), 3),
            rows=rows,
            device=self.device,
            dtype=self.built.job.dtype,
            metrics=[asdict(metric) for metric in self.built.method.metrics],
            best=self.built.method.best if settings.keep_by == "own" else settings.keep_by,
            trained_parameters=sum(p.numel() for p in parameters if p.requires_grad),
            parameters=sum(p.numel() for p in parameters),
        )

    def note_on_checks(self, version: Version) -> list[str]:
        """That not all check rows are read at every check, where there are more."""
        assert self.built
        there, read = version.rows["validation"], len(self.built.trainer.eval_dataset or ())
        if read != self.built.job.settings.rows_checked(there) or read >= there:
            return []
        return [f"Each check reads {read} of the {there:,} check rows, always the same ones."]

    def what_it_could(self, version: Version) -> "tuple[Figures | None, dict[str, Any] | None]":
        """Figures of what this run began with on the test rows, where it will be gone after training; and with
        examples in its prompt. So its result says what it has added."""
        assert self.built
        trainer: Watched = self.built.trainer
        if not trainer.judged_first or trainer.test_dataset is None:
            return None, None
        known = together.agreed(read_json(self.run.folder / BEFORE))
        if isinstance(known, dict):
            return known["before"], known["shown"]
        earlier = self.built.earlier
        self.say(f"Testing “{earlier.name}”, from which it goes on" if earlier else "Testing the untrained model")
        before = trainer.judge_untuned(trainer.test_dataset)
        shown = show_examples(trainer, self.events, version)
        if together.is_first():
            write_json(self.run.folder / BEFORE, {"before": before, "shown": shown})
        return before, shown

    def learn(self, version: Version) -> None:
        """Train on from the point, if there is one, or only fetch the best point where no step is left or wanted."""
        assert self.built
        trainer = self.built.trainer
        if self.point is None:
            self.say("Checking the untrained model" if version.rows["validation"] else "Taking the first step")
            trainer.train()
            return
        from studio.training.going_back import fetch_best, train_on

        if self.mode == "keep" or self.point.step >= trainer.args.max_steps:
            fetch_best(trainer, self.run.checkpoints, self.point)
            return
        self.say(f"Going back to step {self.point.step}")
        train_on(trainer, self.point)

    def note_early_end(self, taken: int, steps: int) -> None:
        assert self.built
        patience = self.built.job.settings.patience
        if taken < steps and not self.asked() and self.mode != "keep":
            self.events.write(
                "note",
                text=f"{patience} checks without getting better: it ended early, at step {taken} of {steps}.",
            )

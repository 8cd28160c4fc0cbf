"""A run that is one of a search: what it tells of itself, and whether the search lets it go on."""

from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from studio.methods import find_method, together
from studio.search.study import hopeless
from studio.training.events import EventLog
from studio.training.run import Run
from studio.training.trials import known_before, read_search, reports_of

if TYPE_CHECKING:
    from studio.methods.watched import Watched


class Trial(TrainerCallback):
    """Asks at each check, after the Reporter has told of it, whether others were so much better that it may end.

    ended: the step at which the search ended it, 0 while it goes on.
    """

    def __init__(self, run: Run, trainer: "Watched") -> None:
        self.run, self.trainer, self.ended = run, trainer, 0
        self.recipe = run.recipe()
        assert self.recipe.trial
        self.search = read_search(run.workspace, self.recipe.trial.sweep)

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any) -> None:
        if self.ended or self.search is None or state.global_step >= state.max_steps or not state.global_step:
            return
        trial = self.recipe.trial
        assert trial
        params = {name: self.recipe.settings.get(name) for name in self.search.over}
        schema = find_method(self.recipe.method.name).settings
        known = known_before(self.run.workspace, trial, self.search)
        reports = reports_of(self.run.view())
        if together.agreed(hopeless(self.search, schema, known, params, reports, state.max_steps)):
            self.ended = state.global_step
            control.should_training_stop = True
            words = f"Ended by the search at step {self.ended} of {state.max_steps}: others were better at this point."
            EventLog(self.run.events).write("note", text=f"{words} Its curve stays, what it learned does not.")

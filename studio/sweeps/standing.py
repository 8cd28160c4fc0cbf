"""How a search stands: what became of each of its trials, as the page shows it."""

import json
from dataclasses import asdict, dataclass
from functools import lru_cache

from studio.methods import find_method
from studio.search.space import Params
from studio.search.study import Outcome, importances
from studio.sweeps.sweep import Sweep, list_sweeps
from studio.training.run import Run
from studio.training.trials import all_trials, outcome
from studio.training.view import RunView
from studio.workspace import Workspace

AT_WORK = ("starting", "running", "stopping")
ENDED = ("finished", "stopped", "discarded", "failed")


@dataclass(frozen=True)
class Trial:
    """number: from 0. run: None when it was deleted. params: None for each that is not known any more.

    state: waiting, running, paused, complete, pruned (ended early by the search) or failed; gone when it was deleted.
    value: of the figure by which trials are judged, at its best check so far. steps: taken, of: planned.
    """

    number: int
    params: Params
    state: str = "gone"
    run: Run | None = None
    value: float | None = None
    steps: int = 0
    of: int = 0


@dataclass(frozen=True)
class Standing:
    """best: number of the best trial that came to its end, None without any. judged: a run that tells by what figure
    they are judged; None while none has been looked at. shares: how much of the differences each setting accounts for,
    of 1; empty while too little is known."""

    trials: list[Trial]
    best: int | None
    judged: RunView | None
    shares: dict[str, float]

    @property
    def done(self) -> int:
        return sum(trial.state not in ("waiting", *AT_WORK, "paused") for trial in self.trials)

    @property
    def steps(self) -> tuple[int, int]:
        """Steps that the ended trials have taken, and that they would have taken without pruning."""
        ended = [trial for trial in self.trials if trial.state in ("complete", "pruned")]
        return sum(trial.steps for trial in ended), sum(trial.of for trial in ended)


def standing(sweep: Sweep) -> Standing:
    search, runs = sweep.search(), sweep.trials()
    trials: list[Trial] = []
    known: list[Outcome] = []
    judged: RunView | None = None
    for number in range(max(runs, default=-1) + 1):
        run = runs.get(number)
        found = outcome(run, search)
        if run is None:
            trials.append(Trial(number, found.params))
            continue
        view = run.glance()
        judged = judged or (view if found.reports else None)
        state = state_words(view, found)
        value = found.best(search.higher_is_better)
        trials.append(Trial(number, found.params, state, run, value, view.step, view.steps))
        if state in ("complete", "pruned"):
            known.append(found)
    sign = -1 if search.higher_is_better else 1
    whole = [trial for trial in trials if trial.state == "complete" and trial.value is not None]
    best = min(whole, key=lambda trial: sign * (trial.value or 0.0), default=None)
    return Standing(
        trials, best.number if best else None, judged, shares_of(sweep, json.dumps([asdict(one) for one in known]))
    )


def state_words(view: RunView, found: Outcome) -> str:
    if view.status in ENDED:
        return found.state
    return "running" if view.status in AT_WORK else view.status


@lru_cache(maxsize=16)
def shares_of(sweep: Sweep, known: str) -> dict[str, float]:
    """Takes some tenths of a second, and is worked out once for each trial that ends. known: outcomes as JSON."""
    outcomes = [Outcome(**one) for one in json.loads(known)]
    return importances(sweep.search(), find_method(sweep.recipe().method.name).settings, outcomes)


def stamp(workspace: Workspace) -> list[tuple[object, ...]]:
    """Another one when a search would be shown in another way; cheap enough for every tick."""
    sweeps = list_sweeps(workspace)
    runs = all_trials(workspace) if sweeps else {}
    return [(sweep.id, sweep.ended, *(told(run) for run in runs.get(sweep.id, {}).values())) for sweep in sweeps]


def told(run: Run) -> tuple[object, ...]:
    view = run.glance()
    return run.id, view.status, view.best_value, view.steps and 20 * view.step // view.steps

"""The next settings, and who is ended early, from all that is known of the trials so far. By Optuna.

Nothing of Optuna is kept: a study is made anew from the trials each time, which are few and are told in their order. So
there is no storage that a kill could harm, and a search goes on with the same choices that it would have made.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel

from studio.search.space import Params, Search, grid, is_whole, tidy

if TYPE_CHECKING:
    import optuna

STARTUP = 4  # trials at random before TPE learns from them: of Optuna's 10 a short search would be nothing but random
EARLIEST = 8  # the first look at who is hopeless is after this part of a trial's steps
LEAST_MEASURED = 4  # trials for each setting, below which nothing is said of what mattered
KEEP = 4  # of so many that come as far, the best one goes on, with ASHA (4 in Li et al. 2018, arXiv 1810.05934)
BRACKETS = 3  # the same with Hyperband, of whose brackets some look later and so need a smaller one

State = Literal["complete", "pruned", "failed"]


@dataclass(frozen=True)
class Outcome:
    """What became of a trial. reports: (step, figure) at each check after the first step."""

    params: Params
    reports: list[tuple[int, float]] = field(default_factory=list)
    state: State = "complete"

    def best(self, higher: bool) -> float | None:
        """The figure of its best point; None without any."""
        values = [value for _, value in self.reports]
        return (max if higher else min)(values) if values else None


def suggest(search: Search, schema: type[BaseModel], known: list[Outcome]) -> Params | None:
    """The settings of the next trial, after those that are known; None where a grid has no more."""
    if search.way == "grid":
        combinations = grid(search, schema)
        return combinations[len(known)] if len(known) < len(combinations) else None
    study, spread = replayed(search, schema, known, 0)
    drawn = study.ask(spread).params
    fields = schema.model_fields
    return {
        name: drawn[name] if wanted.values else tidy(drawn[name], wanted, is_whole(fields[name]))
        for name, wanted in search.over.items()
    }


def hopeless(
    search: Search, schema: type[BaseModel], known: list[Outcome], params: Params, reports: list[tuple[int, float]],
    steps: int,
) -> bool:  # fmt: skip
    """Whether the trial after those that are known should end at its last report. steps: how many it would take."""
    if search.pruning == "none" or not reports:
        return False
    study, spread = replayed(search, schema, known, steps)
    trial = asked(study, params, spread)
    for step, value in reports:
        trial.report(value, step)
        ended = trial.should_prune()
    return bool(ended)


def importances(search: Search, schema: type[BaseModel], known: list[Outcome]) -> dict[str, float]:
    """How much of the differences each setting accounts for, from 0 to 1; empty before there are enough trials.

    By fANOVA (Hutter et al. 2014), with scikit-learn's forests. Trials that were ended early count with what they had
    reached: that they were behind is what is asked.
    """
    measured = [one for one in known if one.reports and None not in one.params.values()]
    figures = [one.best(search.higher_is_better) or 0.0 for one in measured]
    if len(measured) < LEAST_MEASURED * len(search.over) or len(set(figures)) < 2 or len(search.over) < 2:
        return {}
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize" if search.higher_is_better else "minimize")
    spread = distributions(search, schema)
    for one, figure in zip(measured, figures, strict=True):
        study.add_trial(optuna.trial.create_trial(value=figure, params=one.params, distributions=spread))
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=search.seed)
    found = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return {name: float(share) for name, share in found.items()}


def replayed(search: Search, schema: type[BaseModel], known: list[Outcome], steps: int) -> "tuple[optuna.Study, Any]":
    """A study that has seen all that is known, in its order."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    number = len(known)  # each next choice has a seed of its own, or they would all be the same one
    sampler: optuna.samplers.BaseSampler = (
        optuna.samplers.TPESampler(seed=search.seed + number, n_startup_trials=STARTUP)
        if search.way == "tpe"
        else optuna.samplers.RandomSampler(seed=search.seed + number)
    )
    study = optuna.create_study(
        study_name="search",  # Hyperband sorts trials into brackets by it
        direction="maximize" if search.higher_is_better else "minimize",
        sampler=sampler,
        pruner=pruner(search, steps),
    )
    spread = distributions(search, schema)
    for one in known:
        if None in one.params.values():  # its run was deleted: only its number is known
            study.add_trial(optuna.trial.create_trial(state=optuna.trial.TrialState.FAIL))
            continue
        trial = asked(study, one.params, spread)
        for step, value in one.reports:
            trial.report(value, step)
            trial.should_prune()
        states = optuna.trial.TrialState
        best = one.best(search.higher_is_better)
        if one.state == "failed" or best is None:
            study.tell(trial, state=states.FAIL)
        elif one.state == "pruned":
            study.tell(trial, state=states.PRUNED)
        else:
            study.tell(trial, best)
    return study, spread


def asked(study: "optuna.Study", params: Params, spread: Any) -> "optuna.Trial":
    study.enqueue_trial(params)
    return study.ask(spread)


def pruner(search: Search, steps: int) -> "optuna.pruners.BasePruner":
    import optuna

    earliest = max(1, steps // EARLIEST)
    if search.pruning == "none" or not steps:
        return optuna.pruners.NopPruner()
    if search.pruning == "asha":
        return optuna.pruners.SuccessiveHalvingPruner(min_resource=earliest, reduction_factor=KEEP)
    return optuna.pruners.HyperbandPruner(min_resource=earliest, max_resource=steps, reduction_factor=BRACKETS)


def distributions(search: Search, schema: type[BaseModel]) -> "dict[str, optuna.distributions.BaseDistribution]":
    from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

    found: dict[str, BaseDistribution] = {}
    for name, wanted in search.over.items():
        if wanted.values:
            found[name] = CategoricalDistribution(wanted.values)
        elif is_whole(schema.model_fields[name]):
            found[name] = IntDistribution(int(wanted.low or 0), int(wanted.high or 0), log=wanted.log)
        else:
            found[name] = FloatDistribution(float(wanted.low or 0), float(wanted.high or 0), log=wanted.log)
    return found

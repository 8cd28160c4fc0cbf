"""Who asks for the next trial: any number of servers may, and one does. All that is known is in the folders."""

from filelock import FileLock, Timeout

from studio.errors import StudioError
from studio.methods import find_method
from studio.search.space import Search
from studio.search.study import suggest
from studio.sweeps.sweep import Sweep, create_sweep, full_recipe, list_sweeps, trial_recipe
from studio.training.queue import cancel, go_on, submit
from studio.training.recipe import Recipe
from studio.training.run import Run
from studio.training.view import RunView
from studio.workspace import Workspace

DEATHS = ("killed", "killed_for_memory", "computer_restarted")  # after these a trial goes on by itself
TURNS = 3  # workers of a trial that may die before it is given up
GIVE_UP = 3  # trials in a row that have failed


def start_sweep(workspace: Workspace, search: Search, recipe: Recipe) -> Sweep:
    """Begin a search with its first run. Raises StudioError, with the field that it is about, where it cannot be."""
    sweep = create_sweep(workspace, search, recipe)
    conduct(workspace)
    return sweep


def conduct(workspace: Workspace) -> None:
    """Let every search that has not ended take its next step, if it is due."""
    for sweep in list_sweeps(workspace):
        if sweep.ended:
            continue
        try:
            with FileLock(workspace.locks / f"sweep-{sweep.id}.lock", timeout=0):
                take_step(sweep)
        except Timeout:
            continue


def take_step(sweep: Sweep) -> None:
    """Under the search's lock: submit its next trial when the last one has ended, or end it."""
    search, runs = sweep.search(), sweep.trials()
    over_time = search.minutes is not None and sweep.minutes_used() >= search.minutes
    for run in runs.values():
        view = run.glance()
        if view.status == "failed" and may_go_on(view):
            go_on(run)
            return
        if view.status not in ("finished", "stopped", "discarded", "failed"):
            if over_time and not run.stop_requested():
                end_trial(run, view)
            return
    known = sweep.known()
    failed = [one.state == "failed" for one in known[-GIVE_UP:]]
    if over_time:
        return sweep.end(f"Its {search.minutes:g} minutes are over.")
    if search.runs is not None and len(known) >= search.runs:
        return sweep.end(f"All of its {search.runs} runs have ended.")
    if len(failed) == GIVE_UP and all(failed):
        return sweep.end(f"{GIVE_UP} runs in a row have failed. Live run says why.")
    params = suggest(search, find_method(sweep.recipe().method.name).settings, known)
    if params is None:
        return sweep.end(f"All {len(known)} combinations were tried.")
    try:
        submit(sweep.workspace, trial_recipe(sweep, len(known), params))
    except StudioError as error:
        sweep.end(f"The next run could not be made. {error.text}")


def may_go_on(view: RunView) -> bool:
    return bool(view.error and view.error.cause in DEATHS and view.turns < TURNS)


def end_trial(run: Run, view: RunView) -> None:
    """With what it has reached; one that has not begun leaves the queue."""
    if view.status == "waiting" and not view.turns:
        cancel(run)
    elif view.live:
        run.request_stop(keep=True)


def stop_sweep(sweep: Sweep) -> None:
    """End it now; a trial that is under way is kept as it is."""
    sweep.end("It was stopped.")
    for run in sweep.trials().values():
        end_trial(run, run.glance())


def train_best(sweep: Sweep) -> Run:
    """Submit the best settings over the whole length. Raises StudioError while there are none."""
    return submit(sweep.workspace, full_recipe(sweep))

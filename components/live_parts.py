"""The pieces of the Live run view as HTML."""

from datetime import UTC, datetime, timedelta

from components import earlier_choice, goal_choice
from components.html import badge, count, duration, escape, loss, notice, title
from components.live_metrics import figure, is_better, trained_share, watched, watched_title
from components.runs import name_of, stake, state_of, until_first_step
from studio.errors import StudioError
from studio.goals.success import outcome
from studio.methods import find_method
from studio.training.chain import Link, chain, earlier_run
from studio.training.run import Run, recipe_of
from studio.training.trials import PRUNED
from studio.training.view import RunView

EMPTY = '<div class="ts-empty"><p>Nothing is training. Pick a preset in Set up and start.</p></div>'


def head(run: Run, view: RunView) -> str:
    """Name, pass, begin and expected end; what is trained, how much of it, and on top of what."""
    facts = []
    if view.live and view.step:
        passes = max(1, -(-int(view.epochs * 100) // 100))
        facts.append(f"Pass {min(int(view.epoch) + 1, passes)} of {passes}")
    if view.started:
        facts.append(f"started {clock(view.started)}")
    if view.ended:
        facts.append(f"ended {clock(view.ended)} after {duration(view.elapsed)}")
    elif view.seconds_left is not None:
        facts.append(f"done at about {clock(datetime.now(UTC) + timedelta(seconds=view.seconds_left))}")
    elif view.live:
        facts.append(f"for {duration(view.elapsed)}")
        facts += until_first_step(view)
    words = ", ".join(facts) or "Not started yet"
    return (
        f'<div class="ts-page-head" data-run="{escape(run.id)}" data-stake="{escape(stake(view))}">'
        f"<h1>{escape(name_of(run))}</h1>"
        f'<p class="ts-lead">{escape(words[0].upper() + words[1:])}</p>{what(run, view)}</div>'
    )


def what(run: Run, view: RunView) -> str:
    """The method, how much of the model it trains, and the chain of trainings behind it."""
    recipe = recipe_of(run)
    facts = [method_title(recipe.method.name), trained_share(view)]
    chained = earlier_choice.words(links_of(run), name_of(run))
    return f'<p class="ts-help">{escape(", ".join(fact for fact in facts if fact))}</p>{chained}'


def method_title(name: str) -> str:
    """A run made by a later studio may name a method that this one does not know."""
    try:
        return find_method(name).title
    except StudioError:
        return name


def links_of(run: Run) -> list[Link]:
    """What stands behind a run. It hardly ever changes, and this is asked each second."""
    recipe = recipe_of(run)
    return chain(run.workspace, recipe) if recipe.model.start or earlier_run(run.workspace, recipe) else []


def status(view: RunView, coached: bool = False) -> str:
    """The verdict. It is spoken when it changes, so nothing in it may change with every step.

    coached: the coach speaks of how it learns, under the chart; then there is nothing to say here while it does.
    """
    if coached and view.status == "running":
        return ""
    kind, verdict, reason, figures = verdict_of(view)
    return notice(kind, verdict, reason, figures)


def verdict_of(view: RunView) -> tuple[str, str, str, list[tuple[str, str]]]:
    """Kind of panel, verdict, reason, and the figures that belong to it."""
    check, name = watched(view), watched_title(view)
    figures = []
    if view.best_step and view.best_value is not None:
        figures = [(f"{name} on check rows", f"{shown(view, check[0][1])} → {shown(view, view.best_value)}")]
    if view.held_up:
        return "info", "Waiting for the computer.", f"{view.phase}.", []
    if view.status == "waiting":
        return "info", "Waiting for its turn.", "It starts by itself when the run before it has ended.", []
    if view.status == "stopping":
        return "info", "Stopping.", "It finishes what it is at, a step or a check, and then ends.", []
    if view.result.get(PRUNED):
        return (
            "info",
            "Ended by the search.",
            "Others were better at this point. Its curve stays, what it learned does not.",
            [],
        )
    if view.status == "discarded":
        return "info", "Stopped.", "Nothing of it was kept, as you chose.", []
    if view.status in ("finished", "stopped"):
        return ended(view, figures)
    if not view.step:
        return "info", f"{view.phase}.", "The first step comes after that.", []
    return "info", "Training has begun.", first_words(view), []


def first_words(view: RunView) -> str:
    """Until the coach speaks."""
    if not view.rows.get("check"):
        return "There are no check rows: the loss on the rows it practises on is all there is to go by."
    return "The first check on rows it does not practise on comes soon."


def shown(view: RunView, value: float) -> str:
    """A value of the figure by which the best point is kept."""
    return loss(value) if view.best == "loss" else figure(value)


def ended(view: RunView, figures: list[tuple[str, str]]) -> tuple[str, str, str, list[tuple[str, str]]]:
    """The verdict on a run that kept something: on rows it never saw, if there are any."""
    verdict = f"{'Finished' if view.status == 'finished' else 'Stopped by you'} after {duration(view.elapsed)}."
    kept = f"The best point, step {view.best_step}, was kept." if view.best_step else "What it learned was kept."
    before, after = tested(view)
    if before is None or after is None:
        return "good", verdict, kept, figures
    rows = count(view.result.get("test_rows", 0), "test row")
    change = f"{shown(view, before)} → {shown(view, after)}"
    figures = [*figures, (f"{watched_title(view)} on {rows} it never saw", change)]
    if is_better(view, after, before):
        return "good", verdict, f"It got better on rows it never saw. {kept}", figures
    return (
        "warn",
        verdict,
        f"On rows it never saw it is no better than before. Try other settings or more rows. {kept}",
        figures,
    )


def held(run: Run, view: RunView) -> str:
    """What the person said success is, and what the test rows say to it; "" while it trains, or without any."""
    recipe = recipe_of(run)
    if recipe.success is None or view.status not in ("finished", "stopped"):
        return ""
    try:
        found = outcome(recipe.success, recipe.method.name, view.result)
    except StudioError:
        return ""  # a method of a later studio
    return goal_choice.held(found.reached, found.sentence, recipe.success)


def tested(view: RunView) -> tuple[float | None, float | None]:
    """Before and after on the test rows, of the figure by which the best point was kept."""
    if view.best == "loss":
        return view.result.get("test_loss_before"), view.result.get("test_loss_after")
    found = next((one for one in view.result.get("test") or [] if one["name"] == view.best), {})
    return found.get("before"), found.get("after")


def log(view: RunView) -> str:
    """What happened, the newest first."""
    entries = "".join(
        f'<li><time datetime="{at.isoformat()}">{at.astimezone():%H:%M:%S}</time><span>{escape(words)}</span></li>'
        for at, words in reversed(view.log)
    )
    entries = entries or "<li><span></span><span>Nothing yet.</span></li>"
    return (
        title("What happened")
        + '<div class="ts-log-box" tabindex="0" role="region" aria-label="What happened, newest first">'
        + f'<ul class="ts-log">{entries}</ul></div>'
    )


def state_badge(view: RunView) -> str:
    kind = {"finished": "good", "failed": "bad", "running": "info", "starting": "info", "stopping": "info",
            "paused": "info"}  # fmt: skip
    return badge(kind.get(view.status, "plain"), state_of(view))


def clock(moment: datetime) -> str:
    """ "14:36" today, "12 Nov 14:36" on another day, in this computer's time."""
    local = moment.astimezone()
    today = local.date() == datetime.now().astimezone().date()
    return f"{local:%H:%M}" if today else f"{local.day} {local:%b %H:%M}"

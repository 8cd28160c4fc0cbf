"""The pieces of the Live run view as HTML."""

from datetime import UTC, datetime, timedelta

from components import earlier_choice, goal_choice
from components.charts import small_curve, spread_words
from components.html import badge, count, duration, escape, gigabytes, loss, notice, small_number, title
from components.live_metrics import figure, higher_is_better, is_better, trained_share, watched, watched_title
from components.runs import STATES, recipe_of, stake
from studio.errors import StudioError
from studio.goals.success import outcome
from studio.methods import find_method
from studio.training.chain import Link, chain, earlier_run
from studio.training.run import Run
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
    words = ", ".join(facts) or "Not started yet"
    return (
        f'<div class="ts-page-head" data-run="{escape(run.id)}" data-stake="{escape(stake(view))}">'
        f"<h1>{escape(recipe_of(run).name)}</h1>"
        f'<p class="ts-lead">{escape(words[0].upper() + words[1:])}</p>{what(run, view)}</div>'
    )


def what(run: Run, view: RunView) -> str:
    """The method, how much of the model it trains, and the chain of trainings behind it."""
    recipe = recipe_of(run)
    facts = [method_title(recipe.method.name), trained_share(view)]
    chained = earlier_choice.words(links_of(run), recipe.name)
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


def status(view: RunView) -> str:
    """The verdict. It is spoken when it changes, so nothing in it may change with every step."""
    if view.status == "failed" and view.error:
        last = f'<p class="ts-help">The last line of its log: <code>{escape(view.error.last_line)}</code></p>'
        return notice("bad", view.error.message, view.error.hint) + (last if view.error.last_line else "")
    kind, verdict, reason, figures = verdict_of(view)
    return notice(kind, verdict, reason, figures)


def verdict_of(view: RunView) -> tuple[str, str, str, list[tuple[str, str]]]:
    """Kind of panel, verdict, reason, and the figures that belong to it."""
    check, name = watched(view), watched_title(view)
    figures = []
    if view.best_step and view.best_value is not None:
        figures = [(f"{name} on check rows", f"{shown(view, check[0][1])} → {shown(view, view.best_value)}")]
    if view.status == "waiting":
        return "info", "Waiting for its turn.", "It starts by itself when the run before it has ended.", []
    if view.status == "stopping":
        return "info", "Stopping.", "It finishes what it is at, a step or a check, and then ends.", []
    if view.status == "discarded":
        return "info", "Stopped.", "Nothing of it was kept, as you chose.", []
    if view.status in ("finished", "stopped"):
        return ended(view, figures)
    if not view.step:
        return "info", f"{view.phase}.", "The first step comes after that.", []
    if len(check) < 2:
        return (
            "info",
            "Training has begun.",
            "The first check on rows it does not practise on comes soon.",
            [],
        )
    if view.best_value is None or not is_better(view, view.best_value, check[0][1]):
        reason = (
            f"On rows it does not practise on it is still no better than before training ({shown(view, check[0][1])})."
        )
        return "warn", "No better than before so far.", reason, figures
    if view.best_step == check[-1][0]:
        reason = "It also gets better on rows it does not practise on, so it is not memorising. Let it run."
        return "info", "It is learning.", reason, figures
    reason = f"{best_in_words(view)} at step {view.best_step}. “Stop and keep” keeps that point."
    return "info", "No better at the last check.", reason, figures


def shown(view: RunView, value: float) -> str:
    """A value of the figure by which the best point is kept."""
    return loss(value) if view.best == "loss" else figure(value)


def best_in_words(view: RunView) -> str:
    if view.best == "loss":
        return "The check loss was lowest"
    return f"“{watched_title(view)}” on check rows was {'highest' if higher_is_better(view, view.best) else 'lowest'}"


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


def numbers(view: RunView) -> str:
    """Four cards of how the training runs: value, unit, curve, and what to make of it."""
    series = view.series
    speeds = [value for _, value in series["tokens_per_second"]]
    cards = [
        ("Learning rate", "learning_rate", small_number, "", "size of correction, falls as planned"),
        ("Gradient norm", "grad_norm", lambda v: f"{v:.2f}", "", "how hard it pulls; calm is good"),
        (
            "Speed",
            "tokens_per_second",
            lambda v: f"{v:,.0f}",
            "tokens per second",
            spread_words(speeds[1:], "so far"),
        ),
        ("Memory", "memory_gb", gigabytes, "", "used by the training program"),
    ]
    drawn = []
    for name, key, figure_of, unit, remark in cards:
        points = series[key]
        value = figure_of(points[-1][1]) if points else "none yet"
        words = f"{name}: {value} {unit}".strip()
        drawn.append(
            f'<div class="ts-small-card"><h3>{name}</h3><p><b>{value}</b> <span class="ts-help">{unit}</span></p>'
            f'{small_curve(points, view.steps, words)}<p class="ts-help">{escape(remark)}</p></div>'
        )
    return f'<div class="ts-grid ts-g4">{"".join(drawn)}</div>'


def state_badge(view: RunView) -> str:
    kind = {"finished": "good", "failed": "bad", "running": "info", "starting": "info", "stopping": "info"}
    return badge(kind.get(view.status, "plain"), STATES[view.status])


def clock(moment: datetime) -> str:
    """ "14:36" today, "12 Nov 14:36" on another day, in this computer's time."""
    local = moment.astimezone()
    today = local.date() == datetime.now().astimezone().date()
    return f"{local:%H:%M}" if today else f"{local.day} {local:%b %H:%M}"

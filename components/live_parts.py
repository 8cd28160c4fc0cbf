"""The pieces of the Live run view as HTML."""

from datetime import UTC, datetime, timedelta

from components.charts import small_curve, spread_words
from components.html import badge, count, duration, escape, gigabytes, loss, notice, small_number, title
from components.runs import STATES, recipe_of, stake
from studio.training.run import Run
from studio.training.view import RunView

EMPTY = '<div class="ts-empty"><p>Nothing is training. Pick a preset in Set up and start.</p></div>'


def head(run: Run, view: RunView) -> str:
    """Name, pass, begin and expected end."""
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
        f'<p class="ts-lead">{escape(words[0].upper() + words[1:])}</p></div>'
    )


def status(view: RunView) -> str:
    """The verdict. It is spoken when it changes, so nothing in it may change with every step."""
    if view.status == "failed" and view.error:
        last = f'<p class="ts-help">The last line of its log: <code>{escape(view.error.last_line)}</code></p>'
        return notice("bad", view.error.message, view.error.hint) + (last if view.error.last_line else "")
    kind, verdict, reason, figures = verdict_of(view)
    return notice(kind, verdict, reason, figures)


def verdict_of(view: RunView) -> tuple[str, str, str, list[tuple[str, str]]]:
    """Kind of panel, verdict, reason, and the figures that belong to it."""
    check = view.series["validation"]
    figures = [("Loss on check rows", f"{check[0][1]:.2f} → {view.best_loss:.2f}")] if view.best_step else []
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
    if view.best_loss is None or view.best_loss >= check[0][1]:
        reason = f"On rows it does not practise on it is still no better than before training ({check[0][1]:.2f})."
        return "warn", "No better than before so far.", reason, figures
    if view.best_step == check[-1][0]:
        reason = "It also gets better on rows it does not practise on, so it is not memorising. Let it run."
        return "info", "It is learning.", reason, figures
    reason = f"The check loss was lowest at step {view.best_step}. “Stop and keep” keeps that point."
    return "info", "No better at the last check.", reason, figures


def ended(view: RunView, figures: list[tuple[str, str]]) -> tuple[str, str, str, list[tuple[str, str]]]:
    """The verdict on a run that kept something: on rows it never saw, if there are any."""
    verdict = f"{'Finished' if view.status == 'finished' else 'Stopped by you'} after {duration(view.elapsed)}."
    kept = f"The best point, step {view.best_step}, was kept." if view.best_step else "What it learned was kept."
    before, after = view.result.get("test_loss_before"), view.result.get("test_loss_after")
    if before is None or after is None:
        return "good", verdict, kept, figures
    rows = count(view.result.get("test_rows", 0), "test row")
    figures = [*figures, (f"Loss on {rows} it never saw", f"{loss(before)} → {loss(after)}")]
    if after < before:
        return "good", verdict, f"It got better on rows it never saw. {kept}", figures
    return (
        "warn",
        verdict,
        f"On rows it never saw it is no better than before. Try other settings or more rows. {kept}",
        figures,
    )


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
    """Four cards: value, unit, curve, and what to make of it."""
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
    for name, key, figure, unit, remark in cards:
        points = series[key]
        value = figure(points[-1][1]) if points else "none yet"
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

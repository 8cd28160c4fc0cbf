"""The figure by which a run is judged, in words, and what its test rows said in a table at its end."""

from typing import Any

from components.html import count, escape, title
from studio.training.view import Points, RunView

MOST_CONFUSED = 12  # pairs of groups that are named


def watched(view: RunView) -> Points:
    """The check values of the figure by which the best point is kept, the loss or a metric."""
    return view.series["validation"] if view.best == "loss" else view.series.get(f"check/{view.best}", [])


def watched_title(view: RunView) -> str:
    """ "Loss", or what the metric is called."""
    return next((str(metric["title"]) for metric in view.metrics if metric["name"] == view.best), "Loss")


def higher_is_better(view: RunView, name: str) -> bool:
    return any(metric.get("higher_is_better") for metric in view.metrics if metric["name"] == name)


def is_better(view: RunView, value: float, than: float) -> bool:
    """Of the figure by which the best point is kept."""
    return value > than if higher_is_better(view, view.best) else value < than


def figure(value: float | None) -> str:
    """A metric of any size: "0.934", "18.4", "1,234"; "not measured" for None."""
    if value is None:
        return "not measured"
    if abs(value) >= 100:
        return f"{value:,.0f}".replace("-", "\N{MINUS SIGN}")
    return (f"{value:.1f}" if abs(value) >= 10 else f"{value:.3f}").replace("-", "\N{MINUS SIGN}")


def trained_share(view: RunView) -> str:
    """ "0.7 % of the model is trained (0.9 million of 135 million weights)"; "" while it is not known."""
    if not view.parameters or not view.trained_parameters:
        return ""
    share = 100 * view.trained_parameters / view.parameters
    if view.trained_parameters == view.parameters:
        return f"all of the model is trained ({weights(view.parameters)} weights)"
    percent = f"{share:.1f}" if share >= 0.1 else f"{share:.2g}" if share >= 0.001 else "less than 0.001"
    numbers = f"{weights(view.trained_parameters)} of {weights(view.parameters)} weights"
    return f"{percent} % of the model is trained ({numbers})"


def weights(number: int) -> str:
    """ "135 million", "0.7 million", "31,000"."""
    if number < 100_000:
        return f"{number:,}"
    return f"{number / 1e6:,.0f} million" if number >= 10_000_000 else f"{number / 1e6:.1f} million"


def at_the_end(view: RunView) -> str:
    """What the test rows said: each figure before and after, with examples in the prompt, and what is mixed up."""
    result = view.result
    parts = [measured(view), few_shot(result.get("few_shot") or {}), confused(result.get("confusion") or {})]
    drawn = "".join(f'<div class="ts-card-part">{part}</div>' for part in parts if part)
    return f'<div class="ts-end">{drawn}</div>' if drawn else ""


def measured(view: RunView) -> str:
    """The table of the loss and the metrics on rows that it never saw; "" without test rows."""
    result = view.result
    known = {metric["name"]: metric for metric in view.metrics}
    lines = []
    if result.get("test_loss_after") is not None:
        before = result.get("test_loss_before")
        lines.append(("Loss", figure(before), figure(result["test_loss_after"])))
    for one in result.get("test") or []:
        name = str(known.get(one["name"], {}).get("title", one["name"]))
        lines.append((name, figure(one.get("before")), figure(one.get("after"))))
    if not lines:
        return ""
    rows = count(result.get("test_rows", 0), "test row")
    baseline = result.get("baseline")
    note = (
        f'<p class="ts-help ts-gap-top">What “Before” stands for: {escape(baseline)}</p>'
        if isinstance(baseline, str) and baseline
        else ""
    )
    return title(f"On {rows} it never saw") + numbers(("Figure", "Before", "After"), lines) + note


def numbers(heads: tuple[str, ...], lines: list[tuple[str, ...]]) -> str:
    """A small table: a name in front, then figures."""
    head = "".join(f'<th scope="col"{" class=ts-n" if at else ""}>{escape(one)}</th>' for at, one in enumerate(heads))
    body = ""
    for name, *figures in lines:
        cells = "".join(f'<td class="ts-n">{escape(one)}</td>' for one in figures)
        body += f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>'
    return f'<table class="ts-numbers"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def few_shot(found: dict[str, Any]) -> str:
    """The untrained model with examples in its prompt, beside the tuned one: the baseline to beat. Losses."""
    if found.get("loss") is None:
        return ""
    shots = count(int(found.get("shots", 0)), "example")
    lines = [
        ("The untrained model, asked as it is", found.get("base")),
        (f"The untrained model with {shots} in its prompt", found["loss"]),
        ("The tuned model, asked as it is", found.get("tuned")),
    ]
    rows = f" The same {count(int(found['rows']), 'test row')} for all." if found.get("rows") else ""
    heading = title("Would examples in the prompt have done it?", f"Loss, lower is better.{rows}")
    shown = [(name, figure(value)) for name, value in lines if value is not None]
    return heading + numbers(("Who was asked", "Loss"), shown)


def confused(found: dict[str, Any]) -> str:
    """The pairs of groups that are mixed up most often, in words; rows of the matrix are what is right."""
    labels, matrix = found.get("labels") or [], found.get("matrix") or []
    pairs = [
        (int(number), labels[right], labels[taken])
        for right, row in enumerate(matrix)
        for taken, number in enumerate(row)
        if right != taken and number
    ]
    if not labels:
        return ""
    heading = title("What it mixes up", "On the test rows, the most frequent first.")
    if not pairs:
        return heading + '<p class="ts-help">Nothing: every test row went into its own group.</p>'
    pairs.sort(key=lambda pair: -pair[0])
    lines = "".join(
        f"<li>{escape(right)} <span class=ts-help>taken for</span> {escape(taken)}: <b>{count(number, 'time')}</b></li>"
        for number, right, taken in pairs[:MOST_CONFUSED]
    )
    left = sum(number for number, *_ in pairs[MOST_CONFUSED:])
    rest = f'<p class="ts-help">And {count(left, "mistake")} more.</p>' if left else ""
    return f'{heading}<ul class="ts-confused">{lines}</ul>{rest}'

"""The two panes of a run that predicts: what the base can do, and the groups, the number or the mark."""

from typing import Any

from components.compare_words import KINDS, kind_of
from components.html import bar, count, escape
from components.icons import icon
from components.runs import recipe_of
from studio.chat.client import Answers
from studio.training.run import Run
from studio.training.view import RunView

SHOWN = 5  # groups with a bar each
# For each kind of result: what the base lacks, the figure on the test rows that tells most, and how it reads.
LACKS = {
    "groups": "The base model has no groups of its own.",
    "number": "The base model estimates no numbers of its own.",
    "score": "The base model gives no marks of its own.",
}
TELLING = {"groups": ("accuracy", "exact_match"), "number": ("mae",), "score": ("accuracy",)}


def without(run: Run) -> str:
    """What can be had without training, from the run's own result; nothing is made up. HTML."""
    kind, view = kind_of(run), run.view()
    lacks = f'<p class="ts-said">{escape(LACKS[kind])}</p>'
    figure = telling(view, TELLING[kind])
    if figure is None:
        return lacks + '<p class="ts-help ts-gap-top">There were no test rows to measure a plain guess with.</p>'
    first = "That guess"
    before, after = (worth(kind, value) for value in (figure["before"], figure["after"]))
    rows = count(int(view.result.get("test_rows", 0)), "test pair" if kind == "score" else "test row")
    if kind == "score":
        guess, before = "The guess to beat: tossing a coin between two answers.", worth(kind, 0.5)
    elif view.result.get("baseline"):
        baseline = str(view.result["baseline"])
        guess = f"The guess to beat: {baseline[0].lower()}{baseline[1:]}"
    else:
        lacks, guess, first = "", "What the run began with has been trained on this before.", "Before this run"
    return (
        f'{lacks}<p class="ts-help ts-gap-top">{escape(guess)}</p>'
        f'<dl class="ts-figures ts-gap-top"><div><dt>{first}</dt><dd>{before}</dd></div>'
        f"<div><dt>Tuned</dt><dd>{after}</dd></div></dl>"
        f'<p class="ts-help ts-gap-top">{meaning(kind, figure["name"])}, on {rows} that took no part in training.</p>'
    )


def telling(view: RunView, names: tuple[str, ...]) -> dict[str, Any] | None:
    """The first of these figures that was measured on the test rows before and after."""
    found = {figure["name"]: figure for figure in view.result.get("test", [])}
    return next((found[name] for name in names if name in found and found[name]["before"] is not None), None)


def worth(kind: str, value: float) -> str:
    return f"{value:.3g} off" if kind == "number" else f"{100 * value:.0f} % right"


def meaning(kind: str, name: str) -> str:
    if kind == "number":
        return "Mean distance from the true number"
    if kind == "score":
        return "Share of pairs in which the better answer got the higher mark"
    return "Share of texts whose groups were all right" if name == "exact_match" else "Share of texts sorted right"


def said(run: Run, answers: Answers | None, names: list[str]) -> str:
    """What the tuned model predicts. names: of the answers that were given marks. HTML."""
    if answers is None or answers.predictions is None:
        return f'<p class="ts-help">{escape(KINDS[kind_of(run)].waiting)}</p>'
    found = answers.predictions
    if "score" in found[0]:
        return marks([one["score"] for one in found], names)
    first = found[0]
    if "number" in first:
        mapping = recipe_of(run).data.mapping
        column = mapping.columns.get("number", "") if mapping else ""
        unit = f"As in your column “{column}”." if column else "In the unit of your file."
        return f'<p class="ts-big-n">{number(first["number"])}</p><p class="ts-help">{escape(unit)}</p>'
    return groups(first)


def groups(found: dict[str, Any]) -> str:
    """The chosen group or groups, and a bar for each of the likeliest."""
    scores: dict[str, float] = found["scores"]
    chosen = [found["label"]] if "label" in found else found["labels"]
    shown = list(scores.items())[: max(SHOWN, len(chosen))]
    head = ", ".join(chosen) or f"No group reaches {percent(found.get('threshold', 0.5))}"
    bars = "".join(one_bar(name, score, name in chosen) for name, score in shown)
    rest = len(scores) - len(shown)
    more = ""
    if rest:
        left = sum(list(scores.values())[len(shown) :])
        share = f" share{'s' if rest == 1 else ''} the other {percent(left)}"
        share = share if "label" in found else f" {'is' if rest == 1 else 'are'} less likely"
        more = f'<p class="ts-help">{count(rest, "more group")}{share}.</p>'
    return f'<p class="ts-chosen">{escape(head)}</p><ul class="ts-guesses">{bars}</ul>{more}'


def one_bar(name: str, score: float, chosen: bool) -> str:
    sign = icon("check", "s") if chosen else ""
    return (
        f"<li{' class=ts-on' if chosen else ''}><span>{sign}{escape(name)}</span><span>{percent(score)}</span>"
        f"{bar(score, f'{name}: {percent(score)}')}</li>"
    )


def marks(scores: list[float], names: list[str]) -> str:
    """The mark of the answer; beside it that of the other answer of a pair, where there is one."""
    if len(scores) == 1:
        return f'<p class="ts-big-n">{scores[0]:+.2f}</p><p class="ts-help">The mark of this answer.</p>'
    parts = zip(names, scores, strict=True)
    figures = "".join(f"<div><dt>{escape(name)}</dt><dd>{score:+.2f}</dd></div>" for name, score in parts)
    alike = scores[0] > scores[1]
    verdict = "It prefers the same answer as your file." if alike else "It prefers the other answer than your file."
    return f'<dl class="ts-figures">{figures}</dl><p class="ts-help ts-gap-top">{verdict}</p>'


def percent(share: float) -> str:
    """ "92 %", "0.4 %"; never a round 0 or 100 that is none."""
    if 0 < share < 0.0005:
        return "under 0.1 %"
    if 0.9995 < share < 1:
        return "over 99.9 %"
    return f"{100 * share:.1f} %" if share < 0.1 or share > 0.99 else f"{100 * share:.0f} %"


def number(value: float) -> str:
    """A number as it may stand in a file: four digits that count, thousands set apart."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def spoken(answers: Answers) -> str:
    """One sentence for screen readers."""
    if answers.predictions is None:
        return answers.phase
    first = answers.predictions[0]
    if "label" in first:
        return f"The prediction is ready: {first['label']}, {percent(first['scores'][first['label']])}."
    if "labels" in first:
        return f"The prediction is ready: {', '.join(first['labels']) or 'no group'}."
    return f"The prediction is ready: {number(first.get('number', first.get('score', 0.0)))}."

"""A small card for each figure of a run: its value now, its curve, and what to make of it. Pressed, it shows it big."""

from components.charts import small_curve, spread_words, stretches
from components.figures import Figure, figures_of
from components.html import escape
from studio.training.run import Run
from studio.training.view import Points, RunView

CARD_POINTS = 100  # a card is some 200 pixels wide


def cards(run: Run, view: RunView, chosen: str) -> str:
    """Cards of all figures that have been measured; "" before that. chosen: the key of the one that is shown big."""
    drawn = "".join(card(run, view, one, one.key == chosen) for one in figures_of(view))
    return f'<div class="ts-figure-cards">{drawn}</div>' if drawn else ""


def card(run: Run, view: RunView, one: Figure, chosen: bool) -> str:
    """Value and curve on the check rows, with that of the training rows in the background where there is one."""
    training, check = view.series.get(one.training, []), view.series.get(one.check, [])
    leading, name = (check, one.check) if check else (training, one.training)
    if not leading:
        return ""
    first, now = one.in_words(leading[0][1]), one.in_words(leading[-1][1])
    where = ("check rows" if check else "training rows") if one.check else one.unit if one.unit not in now else ""
    change = f"was {first}" if one.check and first != now else ""
    beside = ", ".join(part for part in (where, change) if part)
    spoken = f"{one.title}: {now}" + (f", {beside}" if beside else "")
    behind = thinned(run, one.training, training) if check else []
    curve = small_curve(thinned(run, name, leading), view.steps, spoken, beside=behind)
    return (
        f'<div class="ts-small-card{" ts-shown-big" if chosen else ""}"><h3><button type="button" data-figure='
        f'"{escape(one.key)}" aria-pressed="{"true" if chosen else "false"}">{escape(one.title)}</button></h3>'
        f'<p><b>{escape(now)}</b> <span class="ts-help">{escape(beside)}</span></p>{curve}'
        f'<p class="ts-help">{escape(remark(one, run, training))}</p></div>'
    )


def thinned(run: Run, name: str, points: Points) -> Points:
    return stretches(run.folder, name, CARD_POINTS).follow(points)[0]


def remark(one: Figure, run: Run, points: Points) -> str:
    """For the speed how far it spreads, without the first step, which warms up; for others what they mean."""
    if one.key != "tokens_per_second":
        return one.sentence
    return spread_words([value for _, value in thinned(run, one.training, points)[1:]], "so far") or one.sentence

"""Pictures of a search: a line for each run across the settings to its figure, and how much each setting mattered."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from components.html import bar, count, escape
from components.search_words import Words
from studio.search.space import Search, Value
from studio.search.study import LEAST_MEASURED
from studio.sweeps.standing import Standing, Trial

WIDTH, HEIGHT = 1000, 300
ROOM = 110  # pixels between two axes at least, for their titles
Place = Callable[[Value], float]


@dataclass(frozen=True)
class Axis:
    """place: where a value stands, from 0 at the foot to 1 at the top. ends: what is written there."""

    title: str
    place: Place
    ends: tuple[str, str]


def parallel(search: Search, now: Standing, words: Words, figure: str) -> str:
    """Parallel coordinates. figure: title of what the runs are judged by."""
    measured = [trial for trial in now.trials if trial.value is not None and None not in trial.params.values()]
    if not measured:
        return '<p class="ts-help">A line for each run appears here with its first check.</p>'
    values = [trial.value for trial in measured if trial.value is not None]
    axes = {name: axis_of(search, name, words) for name in search.over}
    better = "higher" if search.higher_is_better else "lower"
    last = linear(f"{figure} ({better} is better)", [*values])
    step = WIDTH / len(axes)
    drawn = "".join(
        line(
            trial, [*(axes[name].place(trial.params[name]) for name in axes), last.place(trial.value or 0.0)], step, now
        )
        for trial in sorted(measured, key=lambda trial: trial.number == now.best)
    )
    rules = "".join(f'<path class="ts-axis" d="M{n * step:.0f} 0V{HEIGHT}"/>' for n in range(len(axes) + 1))
    heads = "".join(
        f'<li style="left:{100 * n / len(axes):.2f}%"><b>{escape(axis.title)}</b><span>{escape(axis.ends[1])}</span>'
        f"<i></i><span>{escape(axis.ends[0])}</span></li>"
        for n, axis in enumerate([*axes.values(), last])
    )
    return (
        '<div class="ts-scroll" tabindex="0" role="region" aria-label="The runs as lines">'
        f'<figure class="ts-parallel" style="min-width:{ROOM * len(axes)}px">'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(sentence(now, measured, words, figure))}">{rules}{drawn}</svg>'
        f'<ul class="ts-parallel-axes" aria-hidden="true">{heads}</ul></figure></div>{LEGEND}'
    )


LEGEND = (
    '<ul class="ts-plain ts-parallel-legend"><li class="ts-is-best">the best run</li><li>to its end, or under way</li>'
    '<li class="ts-is-pruned">ended early</li></ul>'
)


def axis_of(search: Search, name: str, words: Words) -> Axis:
    wanted, title = search.over[name], words.titles[name]
    if wanted.values:
        order = list(wanted.values)
        most = max(1, len(order) - 1)
        return Axis(
            title,
            lambda value: order.index(value) / most if value in order else 0.5,
            (words.value(name, order[0]), words.value(name, order[-1])),
        )
    low, high = float(wanted.low or 0), float(wanted.high or 1)
    ends = (words.value(name, low), words.value(name, high))
    if wanted.log:
        span = math.log(high / low)
        return Axis(title, lambda value: math.log(float(value) / low) / span, ends)
    return Axis(title, lambda value: (float(value) - low) / (high - low), ends)


def linear(title: str, values: list[float]) -> Axis:
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    return Axis(title, lambda value: (float(value) - low) / span, (f"{low:.4g}", f"{high:.4g}"))


def line(trial: Trial, places: list[float], step: float, now: Standing) -> str:
    kind = "ts-is-best" if trial.number == now.best else "ts-is-pruned" if trial.state == "pruned" else ""
    points = "L".join(f"{n * step:.1f} {HEIGHT * (1 - min(max(place, 0), 1)):.1f}" for n, place in enumerate(places))
    return (
        f'<path class="{kind}" data-trial="{trial.number}" d="M{points}"><title>Run {trial.number + 1}</title></path>'
    )


def sentence(now: Standing, measured: list[Trial], words: Words, figure: str) -> str:
    """What the lines say, for those who do not see them; the table below has each."""
    said = f"{count(len(measured), 'run')} across {', '.join(words.titles.values())}, to {figure}."
    best = next((trial for trial in measured if trial.number == now.best), None)
    if best is None:
        return f"{said} None has come to its end yet."
    return f"{said} The best is run {best.number + 1}: {words.settings(best.params)}, with {best.value:.4g}."


def shares(now: Standing, titles: dict[str, str]) -> str:
    """How much of the differences between the runs each setting accounts for, as bars, the largest first."""
    if len(titles) < 2:
        return '<p class="ts-help">Only one setting is searched, so all that differs is its doing, or chance.</p>'
    if not now.shares:
        least = LEAST_MEASURED * len(titles)
        return (
            f'<p class="ts-help">Each setting’s share is shown here after {least} runs that came out differently.</p>'
        )
    lines = "".join(
        f"<li><span>{escape(titles[name])}</span>{bar(share, f'{titles[name]}: {share:.0%} of the differences')}"
        f"<b>{share:.0%}</b></li>"
        for name, share in sorted(now.shares.items(), key=lambda pair: -pair[1])
    )
    few = " With so few runs these are rough." if now.done < 20 else ""
    return (
        f'<ul class="ts-plain ts-shares">{lines}</ul><p class="ts-help">The share of the differences between the runs '
        f"that each setting accounts for (fANOVA).{few}</p>"
    )

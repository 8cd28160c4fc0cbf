"""What a search shows: how it stands, and its runs in a table."""

from components.html import count, escape, notice
from components.live_metrics import watched_title
from components.live_parts import shown
from components.search_words import Words, words_of
from studio.methods import find_method
from studio.search.space import Search
from studio.sweeps.standing import Standing, Trial, standing
from studio.sweeps.sweep import Sweep

STATES = {
    "waiting": "waiting",
    "running": "under way",
    "paused": "paused",
    "complete": "to its end",
    "pruned": "ended early",
    "failed": "failed",
    "gone": "deleted",
}
EMPTY = (
    '<div class="ts-empty"><p>No searches yet. One is begun in Set up, under “Not sure of the settings? Search for '
    "good ones”.</p></div>"
)
LUCK = (
    "The best of many has also been the luckiest on the same check rows: expect a little less on new ones. Train it "
    "fully, and its report tells on test rows, by which nothing was chosen."
)


def figure_of(now: Standing) -> str:
    return watched_title(now.judged) if now.judged else "Loss"


def heading(sweep: Sweep, now: Standing, words: Words) -> str:
    """Name and verdict, and what the question before deleting needs to know."""
    recipe, search = sweep.recipe(), sweep.search()
    method = find_method(recipe.method.name).title
    lost = (
        "Its runs can stay in History, or go with it. What a run on which others stand has learned stays in any case."
    )
    return (
        f'<div data-delete="{escape(sweep.id)}" data-name="{escape(recipe.name)}" data-lost="{escape(lost)}">'
        f"<h2>{escape(recipe.name)}</h2><p class=ts-help>{escape(method)}. Searched: "
        f"{escape(', '.join(words.titles.values()))}.</p></div>{verdict(sweep, search, now, words)}"
    )


def verdict(sweep: Sweep, search: Search, now: Standing, words: Words) -> str:
    """Where it stands, in a sentence that changes only when a run has begun or ended."""
    best = next((trial for trial in now.trials if trial.number == now.best), None)
    figures = [("Best so far" if not sweep.ended else "Best", best_words(best, now, words))] if best else []
    saved = saving(now)
    if saved:
        figures.append(("Saved by ending early", saved))
    if not sweep.ended:
        of = f" of {search.runs}" if search.runs and search.way != "grid" else ""
        under = next((trial for trial in now.trials if trial.state in ("running", "waiting", "paused")), None)
        doing = f"Run {under.number + 1} is {STATES[under.state]}." if under else "The next run is about to be chosen."
        return notice("info", f"Searching: {now.done}{of} runs have ended.", doing, figures)
    if best is None:
        return notice("warn", sweep.ended, "No run came to its end, so none is the best.", figures)
    return notice("good", sweep.ended, LUCK, figures)


def best_words(best: Trial, now: Standing, words: Words) -> str:
    return f"{words.settings(best.params)} ({figure_of(now)} {value_of(best, now)})"


def value_of(trial: Trial, now: Standing) -> str:
    return "" if trial.value is None or now.judged is None else shown(now.judged, trial.value)


def saving(now: Standing) -> str:
    """ "41 % of the steps", "" where no run was ended early."""
    taken, planned = now.steps
    return f"{1 - taken / planned:.0%} of the steps" if taken < planned else ""


def trials(now: Standing, words: Words) -> str:
    """Every run as a line, the newest first; its name opens it in Live run."""
    if not now.trials:
        return '<p class="ts-help">The first run is about to begin.</p>'
    heads = ["Run", *words.titles.values(), figure_of(now), "Steps", "State"]
    head = "".join(f"<th scope=col>{escape(one)}</th>" for one in heads)
    body = "".join(line(trial, now, words) for trial in reversed(now.trials))
    return (
        '<div class="ts-scroll ts-trials" tabindex="0" role="region" aria-label="Runs of this search">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def line(trial: Trial, now: Standing, words: Words) -> str:
    number = f"Run {trial.number + 1}"
    name = (
        f'<button type="button" class="ts-link" data-run="{escape(trial.run.id)}">{number}</button>'
        if trial.run
        else number
    )
    best = ' <span class="ts-tag">best</span>' if trial.number == now.best else ""
    settings = [words.value(name, trial.params.get(name)) for name in words.titles]
    steps = f"{trial.steps:,} of {trial.of:,}" if trial.of else ""
    cells = [*settings, value_of(trial, now), steps, STATES[trial.state]]
    rest = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f"<tr{' class=ts-sel' if best else ''}><th scope=row>{name}{best}</th>{rest}</tr>"


def news(sweep: Sweep) -> dict[str, str]:
    """That it has ended, for the page's title, the strip and the notification."""
    now, recipe = standing(sweep), sweep.recipe()
    best = next((trial for trial in now.trials if trial.number == now.best), None)
    told = f" The best has {best_words(best, now, words_of(sweep))}." if best else ""
    return {"title": f"Search ended · {recipe.name}", "words": f"{sweep.ended}{told}"}


def list_of(sweeps: list[Sweep], on_show: str) -> str:
    """The other searches to choose from; "" where there is only one."""
    if len(sweeps) < 2:
        return ""
    buttons = "".join(
        f'<li><button type="button" data-run="{escape(sweep.id)}"{" aria-current=true" if sweep.id == on_show else ""}>'
        f"<b>{escape(sweep.recipe().name)}</b><span class=ts-help>{escape(said(sweep))}</span></button></li>"
        for sweep in sweeps
    )
    return f'<ul class="ts-plain ts-search-list" aria-label="Searches">{buttons}</ul>'


def said(sweep: Sweep) -> str:
    return f"{sweep.began:%d %b %H:%M}, {count(len(sweep.trials()), 'run')}, {'ended' if sweep.ended else 'goes on'}"

"""The table of all runs: what each is, what came out of it, and what the search and the filters ask for."""

from components.html import count, duration, escape
from components.icons import icon
from components.live_metrics import watched_title
from components.live_parts import clock, method_title, shown, state_badge, tested
from components.runs import STATES, digest, name_of, recipe_of
from studio.goals.catalogue import list_goals
from studio.training.chain import earlier_run, title_of
from studio.training.recipe import Recipe
from studio.training.run import Run
from studio.training.settings_differences import data_title, run_title
from studio.training.view import RunView

Pairs = list[tuple[Run, RunView]]
EMPTY = '<div class="ts-empty"><p>No runs yet. The first one appears here as soon as you start it in Set up.</p></div>'
MOST_TICKED = 8
# assets/js/history.js hides the rows that do not match; it is drawn once, so that a search outlives a new table.
TOOLS = f"""
<div class="ts-run-tools"><label class="ts-search">{icon("search", "s")}
<input type="search" placeholder="Search runs" aria-label="Search runs by name, tag, note, model or data"></label>
<label>Tag <select data-filter="tags"><option value="">any</option></select></label>
<label>State <select data-filter="state"><option value="">any</option></select></label>
<label class="ts-away"><input type="checkbox" data-archived> <span>Show archived</span></label></div>
<p class="ts-help ts-run-count" role="status"></p>
"""
HEADS = ("Run", "Data", "Model and method", "Result", "Took", "State")


def draw(runs: Pairs, on_show: str) -> str:
    """All runs, the newest first."""
    if not runs:
        return EMPTY
    heads = "".join(f'<th scope="col" role="columnheader">{escape(head)}</th>' for head in HEADS)
    rows = "".join(row(run, view, run.id == on_show) for run, view in runs)
    # The roles are those of the elements; said again, because as cards on a phone they would lose them.
    return (
        '<div class="ts-runs" tabindex="0" role="region" aria-label="Your runs"><table role="table">'
        f'<thead role="rowgroup"><tr role="row"><th role="columnheader"><span class="ts-sr">Compare</span></th>{heads}'
        f'</tr></thead><tbody role="rowgroup">{rows}</tbody></table></div>'
    )


def stamp(runs: Pairs, on_show: str) -> str:
    """A short text that is another one when the table would be. What changes with every step is not in it."""
    return digest([(on_show,), *((run.id, view.status, run.about, view.best_value) for run, view in runs)])


def row(run: Run, view: RunView, on_show: bool) -> str:
    recipe, about, name = recipe_of(run), run.about, name_of(run)
    data, model = data_title(run.workspace, recipe), model_words(run, recipe)
    method, goal = method_title(recipe.method.name), goal_title(recipe.goal)
    words = " ".join([name, *about.tags, about.note, data, model, method, goal]).lower()
    tags = "".join(f'<span class="ts-tag">{escape(tag)}</span>' for tag in about.tags)
    marks = "".join(
        f'<span class="ts-help">{said}</span>'
        for said in (on_show and "on show", about.archived and "archived")
        if said
    )
    version = (
        f'<span class="ts-mono ts-help">{escape(recipe.data.fingerprint[:8])}</span>' if recipe.data.fingerprint else ""
    )
    cells = (
        f'<button type="button" class="ts-link ts-run-name" data-run="{escape(run.id)}"'
        f"{' aria-current=true' if on_show else ''}>{escape(name)}</button>"
        + (f'<span class="ts-help">{escape(goal)}</span>' if goal else "")
        + (f'<span class="ts-tags">{tags}{marks}</span>' if tags or marks else ""),
        f"{escape(data)}{version}",
        f'{escape(model)}<span class="ts-help">{escape(method)}</span>',
        result_words(view),
        f'<span class="ts-nowrap">{took(view)}</span>',
        f'{state_badge(view)}<span class="ts-help ts-nowrap">{clock_of(view)}</span>',
    )
    drawn = "".join(f'<td role="cell" data-label="{head}">{cell}</td>' for head, cell in zip(HEADS, cells, strict=True))
    return (
        f'<tr role="row" data-id="{escape(run.id)}" data-words="{escape(words)}" data-state="{escape(view.status)}" '
        f'data-said="{escape(STATES[view.status])}" data-tags="{escape("|".join(about.tags))}"'
        f"{' data-away' if about.archived else ''}{' class=ts-sel' if on_show else ''}>"
        f'<td role="cell" class="ts-tick"><input type="checkbox" aria-label="Compare {escape(name)}"></td>{drawn}</tr>'
    )


def model_words(run: Run, recipe: Recipe) -> str:
    """ "SmolLM2", or "Returns helper, trained further" for what goes on from an earlier run."""
    earlier = earlier_run(run.workspace, recipe)
    if earlier:
        return f"{run_title(run.workspace, earlier)}, trained further"
    return title_of(run.workspace, recipe.model.name)


def goal_title(name: str) -> str:
    return next((goal.title for goal in list_goals() if goal.name == name), name)


def result_words(view: RunView) -> str:
    """The figure by which the best point was kept: before and after on the test rows, else the best on check rows."""
    name = escape(watched_title(view))
    before, after = tested(view)
    if after is not None:
        change = f"{shown(view, before)} → {shown(view, after)}" if before is not None else shown(view, after)
        rows = count(view.result.get("test_rows", 0), "test row")
        return f'<b class="ts-nowrap">{change}</b><span class="ts-help">{name}, {rows}</span>'
    if view.best_value is not None:
        return f'<b>{shown(view, view.best_value)}</b><span class="ts-help">{name}, best on check rows</span>'
    return "none yet" if view.live or view.status == "waiting" else "none"


def took(view: RunView) -> str:
    """Of a run that goes on, nothing that would change with each second."""
    if view.status == "waiting" and not view.worked:
        return "not started"
    return "still going" if view.live or view.status == "waiting" else duration(view.elapsed)


def clock_of(view: RunView) -> str:
    return clock(view.started) if view.started else "not started"

"""One run of History in words: what it was, where it comes from, and what deleting it would mean."""

from components.history_table import clock_of, goal_title, model_words, result_words, took
from components.html import escape, megabytes, title
from components.live_parts import links_of, method_title, state_badge
from components.runs import name_of, recipe_of
from studio.errors import StudioError
from studio.training.chain import title_of
from studio.training.lineage import named_runs, users
from studio.training.provenance import DECISIVE, read_provenance
from studio.training.removal import Removal
from studio.training.run import Run, load_run
from studio.training.settings_differences import data_title
from studio.training.view import RunView


def draw(run: Run, view: RunView, found: Removal) -> str:
    """Heading, facts and lineage; in its data what the question before deleting says."""
    recipe, name = recipe_of(run), name_of(run)
    facts = [
        ("Goal", escape(goal_title(recipe.goal) or "none")),
        ("Data", data_words(run)),
        ("Model", escape(model_words(run, recipe))),
        ("Method", escape(method_title(recipe.method.name))),
        ("Result", result_words(view)),
        ("Started", clock_of(view)),
        ("Took", took(view)),
        ("On disk", megabytes(found.bytes / 1e6)),
    ]
    if name != recipe.name:
        facts.insert(0, ("Began as", escape(recipe.name)))
    drawn = "".join(f"<div><dt>{what}</dt><dd>{said}</dd></div>" for what, said in facts)
    return (
        f'<div data-delete="{escape(run.id)}" data-name="{escape(name)}" data-lost="{escape(lost(view, found))}">'
        f'<div class="ts-row ts-gap8 ts-run-head">{title(name)}{state_badge(view)}</div>'
        f'<dl class="ts-run-facts">{drawn}</dl>{made_with(run)}{lineage(run)}</div>'
    )


def data_words(run: Run) -> str:
    recipe = recipe_of(run)
    version = (
        f", version <span class=ts-mono>{escape(recipe.data.fingerprint[:8])}</span>" if recipe.data.fingerprint else ""
    )
    return f"{escape(data_title(run.workspace, recipe))}{version}"


def made_with(run: Run) -> str:
    """The libraries that decide about its figures, and behind them all that there were; "" where nobody knows."""
    found = read_provenance(run)
    if found is None:
        return ""
    hardware, versions = found["hardware"], found["libraries"]
    decisive = ", ".join(f"{name} {versions[name]}" for name in DECISIVE[:4] if name in versions)
    facts = [
        f"{hardware['device']}, {hardware['threads']} threads, {found['dtype']}, seed {found['seed']}.",
        f"Model {found['model_revision'] or found['model'] or 'in a folder'}, its files {found['model_files'][:12]}.",
        f"Python {found['python']} on {found['system']}.",
        ", ".join(f"{name} {version}" for name, version in versions.items()) + ".",
    ]
    told = "".join(f"<p>{escape(fact)}</p>" for fact in facts)
    return f'<details class="ts-made-with"><summary>Made with {escape(decisive)}</summary>{told}</details>'


def lineage(run: Run) -> str:
    """From the model at the beginning to this run, each run with its rows; then which others stand on it."""
    links = links_of(run)
    begin = links[0].title if links else title_of(run.workspace, recipe_of(run).model.name)
    steps = [f"<li>{escape(begin)}</li>"]
    for link in links[1:]:
        steps.append(f"<li>{node(load_run(run.workspace, link.run)) if link.run else escape(link.title)}</li>")
    here = f'<li aria-current="true"><b>{escape(name_of(run))}</b> <span class="ts-help">{data_words(run)}</span></li>'
    behind = {link.run for link in links}
    helped = [(id, how) for id, how in named_runs(run.workspace, recipe_of(run)).items() if id not in behind]
    before = "".join(f"<li>{by_id(run, id)} <span class=ts-help>It {escape(how)}.</span></li>" for id, how in helped)
    after = "".join(
        f"<li>{node(use.run)} <span class=ts-help>It {escape(use.how)}.</span></li>"
        for use in users(run.workspace, run)
    )
    return (
        '<nav aria-label="Where it comes from"><h3>Where it comes from</h3>'
        f'<ol class="ts-lineage">{"".join(steps)}{here}</ol>'
        + (f'<h3>Others that it needs</h3><ul class="ts-plain">{before}</ul>' if before else "")
        + (f'<h3>What stands on it</h3><ul class="ts-plain">{after}</ul>' if after else "")
        + "</nav>"
    )


def node(run: Run) -> str:
    """A run that can be gone to, and the rows that it learned from."""
    link = f'<button type="button" class="ts-link" data-run="{escape(run.id)}">{escape(name_of(run))}</button>'
    return f'{link} <span class="ts-help">{data_words(run)}</span>'


def by_id(run: Run, id: str) -> str:
    try:
        return node(load_run(run.workspace, id))
    except StudioError:
        return "A run that is no longer here."


def lost(view: RunView, found: Removal) -> str:
    """What is gone when the run is deleted, for the question before that."""
    learned = {
        "waiting": "It has not started yet, so nothing that was learned is lost.",
        "discarded": "Nothing of it was kept; its curves and its log are lost.",
        "failed": "It did not end well: its saved points, its curves and its log are lost, and it cannot go on.",
        "paused": "It is paused: its saved points, its curves and its log are lost, and it cannot go on.",
    }.get(view.status, "What it learned, its curves, its test results and everything that was packed from it are lost.")
    rows = (
        " No other run learned from the same version of the rows; the data stays, and that version may be cleared away."
        if found.data_alone
        else " The data stays."
    )
    return f"{learned}{rows} This frees {megabytes(found.bytes / 1e6)} and cannot be undone."

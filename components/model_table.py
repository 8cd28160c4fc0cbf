"""The models as a table: what each is, where it is, what its licence permits, and whether it fits this computer."""

from collections.abc import Callable

from components.download_view import state_cell
from components.html import badge, bar, escape, megabytes
from components.icons import icon
from studio.goals.catalogue import Goal
from studio.models.catalogue import Model
from studio.models.fit import Fit
from studio.models.starter import STARTER
from studio.models.states import Listing, State

Fits = Callable[[Model], Fit | None]

# assets/js/models.js hides the rows that do not match; it is drawn once, so that a search outlives a new table.
TOOLS = f"""
<div class="ts-model-tools"><label class="ts-search">{icon("search", "s")}
<input type="search" placeholder="Search models" aria-label="Search models"></label>
<div class="ts-filters" role="group" aria-label="Show only">
<button type="button" data-show="goal" aria-pressed="true">For this goal</button>
<button type="button" data-show="fits" aria-pressed="false">Fits this computer</button>
<button type="button" data-show="here" aria-pressed="false">Already here</button>
<button type="button" data-show="business" aria-pressed="false">Free for business</button>
</div></div><p class="ts-help ts-none" role="status"></p>
"""
HEADS = ("Model", "Download", "Licence", "State", "Will it fit?")
BUSINESS = {"yes": "business use allowed", "conditions": "read before business use", "no": "not for business"}
SIGNS = {"fits well": "good", "tight": "warn", "too big": "bad"}
TITLES = {"fits well": "Fits well", "tight": "Tight", "too big": "Too big"}


def table(listing: Listing, chosen: str, goal: Goal | None, fits: Fits) -> str:
    """All models, each with what the filters ask for; those that suit the goal first."""
    ordered = sorted(listing.models, key=lambda pair: not suits(pair[0], goal))
    reachable = not listing.offline
    lines = "".join(line(model, state, chosen, goal, fits(model), reachable) for model, state in ordered)
    heads = "".join(f"<th scope=col>{head}</th>" for head in HEADS)
    offline = f'<p class="ts-help">{escape(listing.offline)}</p>' if listing.offline else ""
    return (
        f'{offline}<div class="ts-models" tabindex="0" role="region" aria-label="Models"><table role="radiogroup">'
        f"<thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></div>"
    )


def suits(model: Model, goal: Goal | None) -> bool:
    """Whether a goal can do something with a model; one that is not of the catalogue is always offered."""
    if goal is None or not model.family:
        return True
    return model.family in goal.families and (not model.form or model.form in goal.forms)


def line(model: Model, state: State, chosen: str, goal: Goal | None, fit: Fit | None, reachable: bool = True) -> str:
    marks = {
        "goal": suits(model, goal) or model.name == chosen,
        "here": model.on_disk,
        "business": model.business == "yes",
        "fits": fit is not None and fit.fits,
    }
    words = f"{model.title} {model.sentence} {model.languages} {model.licence} {model.family} {model.form}".lower()
    advice = ' <span class="ts-made">Recommended to start with</span>' if model.name == STARTER else ""
    permits = f'<span class="ts-what">{BUSINESS.get(model.business, "")}</span>'
    return (
        f'<tr data-words="{escape(words)}" data-is="{" ".join(name for name, on in marks.items() if on)}">'
        f'<td><label><input type="radio" name="model" value="{escape(model.name)}"'
        f"{' checked' if model.name == chosen else ''}><span><b>{escape(model.title)}</b>{advice}"
        f'<span class="ts-what">{escape(model.sentence)}</span></span></label></td>'
        f"<td>{escape(megabytes(model.download_mb) if model.download_mb else 'none')}</td>"
        f"<td>{escape(model.licence or 'not known')}{permits}</td>"
        f"<td>{state_cell(model, state, reachable)}</td><td>{fit_cell(fit)}</td></tr>"
    )


def fit_cell(fit: Fit | None) -> str:
    if fit is None:
        return '<span class="ts-what">not known yet</span>'
    kind = SIGNS[fit.verdict]
    shown = bar(fit.needed / max(fit.free, 0.1), fit.reason, {"good": "", "warn": "warn", "bad": "bad"}[kind])
    words = f"{fit.needed:.1f} of {fit.free:.1f} GB free"
    words = words if fit.fits else f"needs {fit.needed:.1f} GB, {fit.free:.1f} are free"
    return (
        f'<div class="ts-fit-cell">{badge(kind, TITLES[fit.verdict])}{shown}</div><span class="ts-what">{words}</span>'
    )

"""Which methods suit the rows and the model that are chosen, and the cards from which one is taken."""

from dataclasses import dataclass

from components.html import escape
from studio.datasets.rows import KINDS
from studio.errors import StudioError
from studio.methods import METHODS, Method
from studio.methods.checks import check_family
from studio.models.catalogue import Model
from studio.models.family import FAMILIES, family_of

FIRST = next(iter(METHODS))
LIMITED = 3  # so many reasons are listed openly; more are folded


@dataclass(frozen=True)
class Situation:
    """kind: of the chosen rows (rows.KINDS), "" without any. family: of the model, "" while it is not known."""

    kind: str
    family: str
    model: Model

    @classmethod
    def of(cls, kind: str, model: Model) -> "Situation":
        known = family_of(model.folder)
        return cls(kind, known.family if known else model.family, model)


def refusal(method: Method, now: Situation) -> StudioError | None:
    """Why a method is nothing for these rows or this model; None when it suits, as far as is known."""
    try:
        if now.kind:
            method.check_kind(now.kind)
        if now.family:
            check_family(method, now.family, now.model)
    except StudioError as error:
        return error
    return None


def suiting(now: Situation) -> list[Method]:
    return [method for method in METHODS.values() if refusal(method, now) is None]


def suggested(now: Situation) -> Method | None:
    """The first method made for this kind of rows (it names that kind first), else the first that suits, if any."""
    fitting = suiting(now)
    return next((method for method in fitting if method.kinds[0] == now.kind), fitting[0] if fitting else None)


def settle(wanted: str, now: Situation) -> tuple[Method, str]:
    """The method to use, and a sentence where it is not the one that the person wanted ("" for none in particular)."""
    best = suggested(now)
    if wanted not in METHODS:
        return best or METHODS[FIRST], ""
    why = refusal(METHODS[wanted], now)
    if why is None:
        return METHODS[wanted], ""
    if best is None:
        return METHODS[wanted], f"{why.message} {why.hint}"
    return best, f"{why.message} “{best.title}” is chosen instead; your choice returns when it suits again."


def cards(chosen: Method, now: Situation) -> str:
    """The methods that suit as radio buttons under their headings, and below them the others, with the reason."""
    fitting = suiting(now)
    best = suggested(now) if now.kind else None
    groups: dict[str, list[Method]] = {}
    for method in fitting:
        groups.setdefault(method.group, []).append(method)
    drawn = "".join(
        f'<fieldset class="ts-span{min(len(methods), 3)}"><legend>{escape(group)}</legend><div class="ts-choices">'
        f"{''.join(card(method, method is chosen, method is best) for method in methods)}</div></fieldset>"
        for group, methods in groups.items()
    )
    if not fitting:
        drawn = '<p class="ts-help">No method suits both these rows and this model. Choose another model above.</p>'
    return f'<div role="radiogroup" aria-label="Method" class="ts-methods">{drawn}</div>{others(fitting, now)}'


def card(method: Method, chosen: bool, best: bool) -> str:
    mark = '<span class="ts-made">Made for these rows</span>' if best else ""
    return (
        f'<label><input type="radio" name="method" value="{escape(method.name)}"{" checked" if chosen else ""}>'
        f"<span><b>{escape(method.title)}</b> {mark}"
        f'<span class="ts-what">{escape(method.sentence)}</span></span></label>'
    )


def others(fitting: list[Method], now: Situation) -> str:
    """The methods that do not suit, in one line each."""
    left = [method for method in METHODS.values() if method not in fitting]
    if not left:
        return ""
    lines = "".join(f"<li><b>{escape(m.title)}</b> {escape(reason(m, now))}</li>" for m in left)
    number = f"{len(left)} other {'method' if len(left) == 1 else 'methods'}, not for "
    number += "these rows" if all(now.kind and now.kind not in m.kinds for m in left) else "these rows or this model"
    opened = " open" if len(left) <= LIMITED else ""
    return f'<details class="ts-others"{opened}><summary>{number}</summary><ul>{lines}</ul></details>'


def reason(method: Method, now: Situation) -> str:
    """ "Learns from plain text. Trains a model that writes (a decoder)." of what does not fit."""
    words = []
    if now.kind and now.kind not in method.kinds:
        words.append(f"Learns from {listed([KINDS[kind].title.lower() for kind in method.kinds])}.")
    if now.family and now.family not in method.families:
        words.append(f"Trains {listed([FAMILIES[family] for family in method.families])}.")
    return " ".join(words)


def listed(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else names[0]

"""The goals as cards, what is proposed for the chosen one, and where on its way a person is."""

from components.html import badge, escape
from components.icons import icon
from studio.goals.catalogue import Goal, list_goals
from studio.goals.proposal import Proposal
from studio.goals.success import Success

# Each part of the way with the tab where it takes place.
WAY = (
    ("success", "Say what success is", "model"),
    ("choose", "Choose", "model"),
    ("tune", "Tune", "train"),
    ("judge", "Judge", "compare"),
    ("use", "Use", "export"),
)
SUCCESS_HELP = "The run is held to it: at its end it says whether this was reached, with the number."


def cards(chosen: Goal | None, kind: str) -> str:
    """The goals as radio buttons. kind: of the rows there are, "" without any."""
    drawn = "".join(card(goal, goal is chosen, kind) for goal in list_goals())
    return f'<div role="radiogroup" aria-label="Goal" class="ts-choices ts-goals">{drawn}</div>'


def card(goal: Goal, chosen: bool, kind: str) -> str:
    fits = f' <span class="ts-yes">{icon("check", "s")}you have them</span>' if kind in goal.kinds else ""
    return (
        f'<label><input type="radio" name="goal" value="{escape(goal.name)}"{" checked" if chosen else ""}>'
        f'<span><b>{escape(goal.title)}</b><span class="ts-what">{escape(goal.sentence)}</span>'
        f'<span class="ts-what ts-needs">Needs: {escape(goal.needs)}{fits}</span></span></label>'
    )


def advice(goal: Goal | None, found: Proposal | None, rows: int) -> str:
    """What is proposed and why, and what speaks against training at all."""
    if goal is None or found is None:
        return ""
    start = f"For {rows:,} training rows" if rows else "For this goal"
    model = f"take {found.model.title} and " if found.model else ""
    verdict = f"{start} {model}“{found.method.title}”."
    better = ""
    if found.better:
        better = f"{found.better.title} would do it better, and has to be downloaded first."
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in (*found.reasons, better) if reason)
    cautions = "".join(f"<p>{escape(caution)}</p>" for caution in found.cautions)
    return (
        f'<div class="ts-coach ts-info ts-advice">{icon("fork", "l")}<div><p><b>{escape(verdict)}</b></p>'
        f'<ul>{reasons}</ul><div class="ts-cautions">{cautions}</div></div></div>'
    )


def success_choices(goal: Goal | None, method: str) -> list[tuple[str, str]]:
    """The ways to measure success, for the drop-down; none without a goal."""
    return [(one.title, str(number)) for number, one in enumerate(goal.successes(method))] if goal else []


def success_of(goal: Goal | None, method: str, chosen: str, value: float | None) -> Success | None:
    """What was chosen, with the value that it has to reach; None where nothing was."""
    offered = goal.successes(method) if goal else []
    if not chosen.isdigit() or int(chosen) >= len(offered):
        return None
    one = offered[int(chosen)]
    return one.model_copy(update={"value": value}) if one.against == "value" and value is not None else one


def way(stage: str) -> str:
    """The way from saying what success is to using the result, with the part that a person is at."""
    at = [name for name, _, _ in WAY].index(stage)
    lines = ""
    for number, (_, title, tab) in enumerate(WAY):
        done, here = number < at, ' aria-current="step"' if number == at else ""
        sign = icon("check", "s") if done else f"<i>{number + 1}</i>"
        lines += f'<li{here}><button type="button" data-go="{tab}">{sign}{escape(title)}</button></li>'
    return f'<nav aria-label="The way from goal to use"><ol class="ts-path">{lines}</ol></nav>'


def held(reached: bool | None, sentence: str, success: Success) -> str:
    """What the person said success is, and what the run says to that."""
    kind, word = {True: ("good", "Reached"), False: ("warn", "Not reached"), None: ("plain", "Not known")}[reached]
    asked = f"<b>Success, as you said:</b> {escape(success.title or success.metric)}"
    return f'<div class="ts-held"><p>{asked} {badge(kind, word)}</p><p class="ts-help">{escape(sentence)}</p></div>'

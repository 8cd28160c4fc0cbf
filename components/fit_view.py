"""Whether a run fits the memory: the verdict, a bar of its parts, what a test found, what would make it fit."""

from typing import Any

import gradio as gr

from components.html import badge, duration, escape, notice, title
from components.model_table import SIGNS, TITLES
from studio.models.fit import Fit, gigabytes
from studio.models.memory.parts import WORDS
from studio.training.fit_test import Outcome
from studio.training.make_fit import Plan

# Parts that have no colour of their own among the curves: the calm ones.
COLOURS = {
    "weights": "p1",
    "adapter": "p2",
    "gradients": "warn",
    "optimiser": "p3",
    "activations": "p0",
    "loss": "p4",
    "overhead": "line",
}
BROKEN = "How much memory it needs could not be worked out. “Test the fit” measures it instead."
UNTOLD = "How this model is built, and so what memory it needs, is known once it has been downloaded."
AN_ESTIMATE = "An estimate. The test trains a few real steps on your longest rows, and measures."
TEST = "Test the fit"
LEAST = 0.005  # of the whole: what is less is not drawn


def draw(
    fit: Fit | None, plan: Plan | None, untold: bool = False, test: Outcome | None = None, broken: bool = False
) -> str:
    """The upper part of the panel beside the settings. untold: only the model's download will tell. broken: the
    memory could not be worked out."""
    if fit is None:
        waiting = UNTOLD if untold else BROKEN if broken else "How much memory it needs is being worked out."
        return title("Will it fit?", waiting) + tested(test)
    share = fit.free / max(fit.needed, 0.01)
    lines = "".join(
        f'<li><span class="ts-key" style="background:var(--ts-{COLOURS[name]})"></span>'
        f"<span>{escape(WORDS[name])}</span><b>{gigabytes(size)}</b></li>"
        for name, size in fit.parts.items()
        if size / fit.needed >= LEAST
    )
    filled = "".join(
        f'<i style="width:{100 * size / max(fit.needed, fit.free):.2f}%;background:var(--ts-{COLOURS[name]})"></i>'
        for name, size in fit.parts.items()
    )
    mark = f'<span class="ts-limit" style="left:{min(100, 100 * share):.1f}%"></span>' if share < 1 else ""
    words = f"{gigabytes(fit.needed)} needed, {gigabytes(fit.free)} free"
    return (
        f'<div class="ts-headline-2">{title("Will it fit?")}{badge(SIGNS[fit.verdict], TITLES[fit.verdict])}</div>'
        f'<p><span class="ts-big-n">{gigabytes(fit.needed)}</span> '
        f'<span class="ts-help">of {gigabytes(fit.free)} that are free</span></p>'
        f'<div class="ts-parts-bar" role="img" aria-label="{escape(words)}">{filled}{mark}</div>'
        f'<ul class="ts-parts">{lines}</ul><p class="ts-help">{escape(fit.reason)}</p>{tested(test)}'
        f"{offered(fit, plan)}"
    )


def tested(test: Outcome | None) -> str:
    """How far a test of just this run is, or what it found."""
    if test is None:
        return f'<p class="ts-help">{AN_ESTIMATE}</p>'
    if test.state == "running":
        return (
            '<p class="ts-help" role="status"><span class="ts-breathe"></span>Testing with your longest rows: '
            f"{escape(test.phase[:1].lower() + test.phase[1:])}.</p>"
        )
    if test.state == "failed":
        return notice("bad", "The test failed.", " ".join(test.error))
    found = [("at most", gigabytes(test.memory_gb)), ("tokens per second", f"{test.tokens_per_second:,.0f}")]
    if test.estimated_gb:
        found.append(("had been estimated", gigabytes(test.estimated_gb)))
    longest = f" The longest has {test.tokens:,} tokens." if test.tokens else ""
    return notice("good", "Tested on this computer.", f"A few real steps on your longest rows.{longest}", found)


def test_button(test: Outcome | None, seconds: float | None, ready: bool) -> Any:
    """Begins a test, and stops it. seconds: how long one takes, None where that is not known."""
    if test and test.state == "running":
        return gr.Button("Stop the test", interactive=True)
    words = TEST if seconds is None else f"{TEST} ({duration(max(10, round(seconds, -1)))})"
    return gr.Button(words, interactive=ready)


def offered(fit: Fit, plan: Plan | None) -> str:
    """What “Make it fit” would change; "" while nothing has to be."""
    if fit.fits:
        return ""
    if plan is None:
        return '<p class="ts-help">What would make it fit is being worked out.</p>'
    changes = "".join(
        f"<li>{escape(one.sentence)} <span class=ts-help>{escape(one.cost)}</span></li>" for one in plan.changes
    )
    return f'<div class="ts-offer"><b>Make it fit</b><ul>{changes}</ul><p>{escape(plan.sentence)}</p></div>'


def made(plan: Plan) -> str:
    """What “Make it fit” has changed."""
    changes = "".join(f"<li>{escape(one.sentence)}</li>" for one in plan.changes)
    return f'<div class="ts-offer" role="status"><b>Changed for you</b><ul>{changes}</ul></div>'

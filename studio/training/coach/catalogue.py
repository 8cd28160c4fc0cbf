"""All rules in the order of their weight, and what the coach says of a run."""

from collections.abc import Callable

from studio.training.coach.diverging import diverging
from studio.training.coach.finding import Finding
from studio.training.coach.flat import flat
from studio.training.coach.floor import floor
from studio.training.coach.given import Given
from studio.training.coach.learning import learning
from studio.training.coach.noisy import noisy
from studio.training.coach.nothing_trained import nothing_trained
from studio.training.coach.overfitting import overfitting
from studio.training.coach.reading import Reading, read
from studio.training.coach.too_high import too_high
from studio.training.coach.too_low import too_low
from studio.training.view import RunView

MOST = 2  # findings at once
SPEAKS = ("running", "finished", "stopped")

# Each is silent where a weightier one that means the same has spoken.
RULES: tuple[tuple[Callable[[Reading], Finding | None], tuple[str, ...]], ...] = (
    (nothing_trained, ()),
    (diverging, ("nothing_trained",)),
    (too_high, ("nothing_trained", "diverging")),
    (overfitting, ("diverging", "too_high")),
    (too_low, ("nothing_trained", "too_high")),
    (noisy, ("nothing_trained", "diverging", "too_high", "too_low")),
    (floor, ("nothing_trained", "diverging", "too_high")),
    (flat, ("nothing_trained", "diverging", "too_high", "too_low", "noisy", "overfitting", "floor")),
)


def advise(view: RunView, given: Given | None = None) -> list[Finding]:
    """At most two findings, the weightiest first; [] while there is nothing to say, and for a run that has failed.

    When nothing is wrong it says how the run stands. Between its moments (studio.training.coach.reading) it says the
    same. Of a run that has ended it says only what to do better.
    """
    if view.status not in SPEAKS:
        return []
    reading = read(view, given or Given())
    said: list[Finding] = []
    for rule, silenced_by in RULES:
        if any(finding.kind in silenced_by for finding in said):
            continue
        if finding := rule(reading):
            said.append(finding)
    if not said and (finding := learning(reading)):
        said.append(finding)
    return said[:MOST]

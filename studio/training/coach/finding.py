"""What the coach has to say: one finding, and the button that goes with it."""

from dataclasses import dataclass, field
from typing import Literal

Tone = Literal["info", "warn", "bad"]


@dataclass(frozen=True)
class Action:
    """what: end the run with what is best so far, or also start it again with these other `settings`."""

    what: Literal["stop_and_keep", "start_again"]
    settings: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """verdict: in three words; sentence: what was seen, with its numbers; advice: what to do.

    kind: what it is, the name of its rule's module. facts: the numbers that it rests on, by their names, as shown.
    """

    kind: str
    verdict: str
    sentence: str
    advice: str
    facts: dict[str, str]
    action: Action | None = None
    tone: Tone = "warn"


def number(value: float) -> str:
    """A loss or a metric: "2.31", "0.041", "1,204"."""
    size = abs(value)
    if value == 0 or size >= 1000:
        text = f"{value:,.0f}"
    elif size >= 0.1:
        text = f"{value:.2f}"
    else:
        text = f"{float(f'{value:.2g}'):.12f}".rstrip("0")
    return text.replace("-", "\N{MINUS SIGN}")


def rate(value: float) -> str:
    """A learning rate: "0.1", "0.00002"."""
    return f"{float(f'{value:.2g}'):.12f}".rstrip("0").rstrip(".")


def percent(share: float) -> str:
    """ "12 %", "0.4 %"."""
    size = abs(100 * share)
    return (f"{100 * share:.0f} %" if size >= 1 else f"{100 * share:.1f} %").replace("-", "\N{MINUS SIGN}")

"""Personal data and secrets in the texts: addresses, numbers and keys that a model could repeat to strangers."""

from collections import Counter
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from studio.datasets.health.check import Check, Data, Found, Mended, in_rows, quote
from studio.datasets.health.passages import (
    begin_near,
    behind_name,
    change_found,
    cut_before,
    found_at,
    paragraph_end,
    passages,
    row_name,
)
from studio.datasets.personal.replace import masked, replacer
from studio.datasets.personal.scan import scan
from studio.datasets.personal.span import KINDS, Kind, Span

NAMES: dict[Kind, tuple[str, str]] = {
    "e-mail": ("e-mail address", "e-mail addresses"),
    "phone": ("phone number", "phone numbers"),
    "card": ("card number", "card numbers"),
    "iban": ("IBAN", "IBANs"),
    "ip": ("IP address", "IP addresses"),
    "key": ("key or password", "keys or passwords"),
}


class Options(BaseModel):
    """What the fix does."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    replace_with: Literal["placeholders", "made-up values"] = Field(
        default="placeholders",
        description="A word in brackets, such as [e-mail], or a value that is plainly made up; the same value always "
        "becomes the same made-up one.",
    )
    kinds: tuple[Kind, ...] = Field(default=KINDS, min_length=1, description="What is replaced.")
    seed: int = Field(default=0, ge=0, lt=2**32, description="Another number gives other made-up values.")


def find(data: Data) -> Found | None:
    positions: list[int] = []
    examples: list[str] = []
    counts: Counter[Kind] = Counter()
    for position, text in enumerate(passages(data, calls=True)):
        spans = scan(text)
        if not spans:
            continue
        positions.append(position)
        counts.update(span.kind for span in spans)
        if len(examples) < 3:
            examples.append(f"{row_name(data, position)}: {quote(show(text, spans))}")
    named = [f"{count:,} {NAMES[kind][count > 1]}" for kind, count in counts.most_common()]
    return found_at(positions, examples, f"{in_rows(data, len(positions))}: {', '.join(named)}")


def show(text: str, spans: list[Span]) -> str:
    """The words around the first value, with every value half hidden."""
    at = begin_near(text, spans[0].start)
    last = paragraph_end(text, spans[0].end)
    shown = "…" if cut_before(text, at) else ""
    for span in spans:
        if span.start < last:
            shown += text[at : span.start] + masked(span)
            at = span.end
    return shown + text[at:last][:100]


def mend(data: Data, found: Found, options: Any) -> Mended:
    chosen = options or Options()
    seed = chosen.seed if chosen.replace_with == "made-up values" else None
    change = replacer(chosen.kinds, seed)

    def change_argument(name: str, text: str) -> str:
        before = behind_name(name)
        changed = change(before + text)
        return changed[len(before) :] if changed.startswith(before) else change(text)

    return change_found(data, found, change, change_argument)


CHECK = Check(
    name="personal_data",
    title="Personal data and keys",
    why="A model can repeat addresses, numbers and passwords that it learned to anybody who asks.",
    severity="serious",
    find=find,
    fix="Replace with [e-mail], [phone] …",
    mend=mend,
    safe=True,
    options=Options,
)

"""The steps that bring, make and weigh rows, each in a few plain words: for comparisons and for the data card."""

from studio.datasets.augment import Augmentation
from studio.datasets.augment.step import Frames, WordChanges
from studio.datasets.dividing import SeparateTest
from studio.datasets.health.language_names import NAMES
from studio.datasets.weights import Weights

WAYS = {"rewrites": "Rewrites by a model", "words": "Slips of the pen", "templates": "Greetings and thanks"}
SLIPS = {
    "typing": "typing mistakes",
    "casual": "small letters and missing marks",
    "fillers": "left out words that add nothing",
    "swaps": "swapped words",
}
NAMED = 20  # values that are written out


def weighed(weights: Weights | None) -> str:
    """“faq.csv × 2, tickets.csv × 0.5 (by the column “source”)”."""
    if weights is None:
        return "none: every row counts once"
    return f"{times(weights)} (by the column “{weights.column}”)"


def times(weights: Weights) -> str:
    """“faq.csv × 2, tickets.csv × 0.5”."""
    said = [f"{name} × {weight:g}" for name, weight in weights.values.items()]
    more = f" and {len(said) - NAMED:,} more" if len(said) > NAMED else ""
    return ", ".join(said[:NAMED]) + more if said else "every row × 1"


def tested(separate: SeparateTest | None) -> str:
    """“exam (1f0c9a)”: the name of the file, and what tells it from others of that name."""
    if separate is None:
        return "none: rows of the file itself"
    name, _, key = separate.dataset.rpartition("-")
    return f"{name} ({key[:6]})" if name else separate.dataset


def made(step: Augmentation | None) -> str:
    """“slips of the pen, greetings and thanks; at most 2 out of each row, and 100 in all”."""
    if step is None:
        return "none"
    ways = [title[:1].lower() + title[1:] for name, title in WAYS.items() if getattr(step, name)]
    most = f"at most {step.per_row} out of each row" + (f", and {step.at_most:,} in all" if step.at_most else "")
    return f"{', '.join(ways) or 'in no way yet'}; {most}"


def slips(words: WordChanges | None) -> str:
    """“typing mistakes, swapped words; at most 2 in a row”."""
    if words is None:
        return "off"
    kinds = [said for name, said in SLIPS.items() if getattr(words, name)]
    return f"{', '.join(kinds)}; at most {words.changes} in a row" if kinds else "none chosen"


def frames(templates: Frames | None) -> str:
    """“English, German”: the languages whose rows get greetings and thanks."""
    return "off" if templates is None else ", ".join(NAMES[code] for code in templates.languages)


def rewrites(names: list[str]) -> str:
    """“2 files (1f0c9a, 77ab01)”: each by the beginning of its SHA-256."""
    if not names:
        return "off"
    return f"{'1 file' if len(names) == 1 else f'{len(names)} files'} ({', '.join(name[:6] for name in names)})"

"""The written parts of the Data tab: what was found, how a row is read, how the rows are divided."""

from datetime import datetime

import orjson

from components.html import count, escape
from components.icons import icon
from studio.datasets.answers import Answers
from studio.datasets.shapes import Guess, Mapping, roles_of
from studio.datasets.shapes.label_columns import names_of
from studio.datasets.splits import what_it_proves
from studio.datasets.store import Dataset, Facts, Sample
from studio.datasets.templates import fields_of
from studio.datasets.versions import Version
from studio.errors import StudioError

EMPTY = '<div class="ts-empty"><p><b>No data yet.</b> Drop a file above, or try the sample.</p></div>'
NO_DATASETS = '<p class="ts-help">None yet. What you bring is kept here.</p>'
DROP_HELP = (
    "CSV, Excel, JSON, JSONL, Parquet, Word, PDF, HTML, Markdown or plain text, or a zip of them. "
    "The file stays on this computer and is never changed."
)
PREPARING_ROWS = '<p class="ts-help" role="status"><span class="ts-breathe"></span>Preparing all rows.</p>'
FEW = 12  # rows below which none are set aside, see studio/datasets/splits.py
CELL = 160  # characters; the X-ray shows all of them
SPLITS = (
    ("train", "Training", "The model practises on these."),
    (
        "validation",
        "Check",
        "Looked at during training, to see when it stops getting better. Also called validation.",
    ),
    ("test", "Test", "Untouched until the end. They show whether the training helped."),
)


def size(size_bytes: int) -> str:
    """A file size in the unit that reads best: "46 kB", "1.2 MB"."""
    if size_bytes < 1000:
        return count(size_bytes, "byte")
    if size_bytes < 1_000_000:
        return f"{size_bytes / 1000:.0f} kB"
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes < 1e9 else f"{size_bytes / 1e9:.1f} GB"


def when(added: datetime, now: datetime | None = None) -> str:
    """A moment as people say it: "today 14:12", "12 November", "3 March 2025"."""
    added = added.astimezone()
    now = (now or datetime.now(added.tzinfo)).astimezone()
    if added.date() == now.date():
        return f"today {added:%H:%M}"
    return f"{added.day} {added:%B}" if added.year == now.year else f"{added.day} {added:%B %Y}"


def problem(error: StudioError) -> str:
    """An error as a panel that stays on the page until the trouble is mended."""
    hint = f"<p>{escape(error.hint)}</p>" if error.hint else ""
    said = f"<p><b>{escape(error.message)}</b></p>{hint}"
    return f'<div class="ts-problem" role="alert">{icon("warn")}<div>{said}</div></div>'


def sample_line(sample: Sample) -> str:
    return f'<p class="ts-help">{escape(sample.sentence)}</p>'


def dataset_choice(dataset: Dataset) -> tuple[str, str]:
    """Label and value of one choice in the list of datasets; the label's first line is the name."""
    sheet = f", {dataset.facts.sheet}" if dataset.facts.sheet else ""
    return f"{dataset.name}{sheet}\n{count(dataset.facts.rows, 'row')}, added {when(dataset.added)}", dataset.id


def found(dataset: Dataset) -> str:
    return f'<h2>What we found in <span class="ts-file">{escape(dataset.name)}</span></h2>'


def facts(found: Facts) -> str:
    values = [
        ("Format", found.format),
        ("Rows", f"{found.rows:,}"),
        ("Columns", f"{len(found.columns):,}"),
        ("Text encoding", found.encoding),
        ("Size", size(found.bytes)),
    ]
    cells = "".join(f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in values if value)
    notes = "".join(f"<li>{icon('info', 's')}<span>{escape(note)}</span></li>" for note in found.notes)
    return f'<dl class="ts-figures">{cells}</dl>' + (f'<ul class="ts-notes">{notes}</ul>' if notes else "")


def cell(text: str) -> str:
    """A cell of the first rows: a conversation as its turns, and whatever is long shortened."""
    if text[:2] == "[{" or text[:1] == "{":
        try:
            known = orjson.loads(text)
        except orjson.JSONDecodeError:
            known = []
        turns = known if isinstance(known, list) else [known]
        said = [
            f"{turn.get('role', turn.get('from'))}: {turn.get('content', turn.get('value'))}"
            for turn in turns
            if isinstance(turn, dict) and {"role", "from"} & set(turn)
        ]
        text = "\n".join(" ".join(line.split()) for line in said) or text
    return text if len(text) <= CELL else text[:CELL].rstrip() + "…"


def certainty(mapping: Mapping, guess: Guess | None) -> str:
    """How sure the guess is and why; once changed, that the choice is the person's own."""
    if guess is None or (mapping.shape, mapping.columns) != (guess.mapping.shape, guess.mapping.columns):
        return f'<p class="ts-sure ts-t-acc">{icon("check", "s")}<span><b>your choice</b></span></p>'
    tone, sign, word = ("good", "check", "sure") if guess.sure else ("warn", "info", "likely")
    return (
        f'<p class="ts-sure ts-t-{tone}">{icon(sign, "s")}<span><b>{word}</b> '
        f'<span class="ts-reason">{escape(guess.reason)}</span></span></p>'
    )


def unused(columns: list[str], mapping: Mapping) -> str:
    """The columns that no role names, alone, by a path, in a list or in a template."""
    used = {mapping.group}
    for role in roles_of(mapping.shape):
        value = mapping.columns.get(role.name, "")
        used |= {value, value.split(".")[0].split("[")[0]}
        used |= set(names_of(value)) if role.widget == "columns" else set()
        used |= set(fields_of(value)) if role.widget == "template" and value not in columns else set()
    left = [f'<span class="ts-mono">{escape(column)}</span>' for column in columns if column not in used]
    return f'<p class="ts-help">Not used: {", ".join(left[:30])}</p>' if left else ""


def split(version: Version) -> str:
    """The bar of training, check and test rows, each with its count and one sentence."""
    total = sum(version.rows.values())
    shown = [(key, name, text, version.rows[key]) for key, name, text in SPLITS]
    if version.steps.separate_test:
        shown[-1] = (
            "test",
            "Test",
            "All rows of the other file, as they are. No fix touches them.",
            version.rows["test"],
        )
    words = ", ".join(f"{rows:,} {name.lower()}" for _, name, _, rows in shown)
    bars = "".join(
        f'<div class="ts-part-{key}" style="flex:{rows} 1 0">{bar_label(name, rows, total)}</div>'
        for key, name, _, rows in shown
        if rows
    )
    legend = "".join(
        f'<li><span class="ts-key ts-part-{key}"></span><div><b>{name}, {rows_of(version, rows)} '
        f'({percent(rows, total)})</b><p class="ts-help">{text if rows else none_of(version, name)}</p></div></li>'
        for key, name, text, rows in shown
    )
    proof = (
        f'<p class="ts-help">{what_it_proves(version.rows["test"], version.kind)}</p>' if version.rows["test"] else ""
    )
    return (
        f'<div class="ts-split" role="img" aria-label="{words} rows">{bars}</div>'
        f'<ul class="ts-split-legend">{legend}</ul>{proof}{left_out(version)}'
    )


def bar_label(name: str, rows: int, total: int) -> str:
    """The count, with its name where the bar is wide enough for it."""
    return f"{rows:,}" if rows / total < 0.15 else f"{rows:,} {name.lower()}"


def percent(rows: int, total: int) -> str:
    """A share that says 0% or 100% only where it is none or all."""
    share = round(100 * rows / total)
    return "over 99%" if share == 100 and rows < total else "under 1%" if share == 0 and rows else f"{share}%"


def none_of(version: Version, name: str) -> str:
    """Why a part has no rows."""
    plan, few = version.steps.split, sum(version.rows.values()) < FEW
    asked = plan.test if name == "Test" else plan.validation
    if asked == 0:
        return f"None were asked for, so there is no {name.lower()} figure."
    if few:
        return f"Too few rows to set any aside, so there is no {name.lower()} figure for this data."
    return f"The rows belong together too closely to set some aside, so there is no {name.lower()} figure."


def left_out(version: Version) -> str:
    if not version.left_out:
        return ""
    reasons = ", ".join(f"{number:,} ({escape(reason)})" for number, reason in version.left_out)
    total = sum(number for number, _ in version.left_out)
    return (
        f'<p class="ts-left-out">{icon("info", "s")}<span><b>{count(total, "row")} left out:</b> {reasons}. '
        "Your file is not changed.</span></p>"
    )


def ready(version: Version) -> str:
    return f"<b>{rows_of(version, sum(version.rows.values()))} ready.</b> You can come back and change any of this."


def rows_of(version: Version, number: int) -> str:
    """ "120 rows"; of plain text, whose long rows are cut, "574 pieces"."""
    return count(number, "piece" if version.kind == "text" else "row")


def answers(found: Answers | None) -> str:
    """What is to be told from the texts: how many groups and how large they are, or which numbers."""
    if found is None:
        return ""
    if found.least is not None:
        numbers = f"from {found.least:g} to {found.most:g}; half of them are at most {found.median:g}"
        return f'<p class="ts-help">The numbers go {numbers}.</p>'
    named = [f"“{escape(name)}” has {count(size, 'row')}" for name, size in (found.largest, found.smallest)]
    what = "combinations of groups" if found.several else "groups"
    return f'<p class="ts-help">{found.groups:,} {what}: {", ".join(named)}.</p>'

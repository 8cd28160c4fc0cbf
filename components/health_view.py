"""The written part of Data health: findings with their switches, the score with its sums, what became of the rows."""

import re
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Literal, get_args, get_origin

from components.html import count, escape
from components.icons import icon
from studio.datasets.fixing import Done, Fix
from studio.datasets.health import CHECKS
from studio.datasets.health.report import Finding
from studio.datasets.health.score import score, verdict
from studio.datasets.inspection import Preview
from studio.datasets.versions import Version
from studio.errors import StudioError

SIGNS = {"serious": ("x", "ts-t-bad"), "warning": ("warn", "ts-t-warn"), "note": ("info", "ts-t-acc")}
ORDER = {"serious": 0, "warning": 1, "note": 2}
TONES = {"Good": "good", "Fair": "warn", "Needs work": "bad"}


@dataclass
class Stage:
    """The checks done so far on the rows as some steps leave them, by name."""

    found: dict[str, Finding | None] = field(default_factory=dict)
    done: bool = False
    trouble: str = ""

    @property
    def findings(self) -> list[Finding]:
        return [finding for finding in list(self.found.values()) if finding]

    @property
    def score(self) -> int:
        return score([finding.takes for finding in self.findings])


@dataclass
class Report:
    """What is known so far. `after` is None while no fix is on; `total` is the number of checks of each stage."""

    total: int
    before: Stage
    after: Stage | None

    @property
    def stages(self) -> list[Stage]:
        return [self.before, self.after] if self.after else [self.before]

    @property
    def done(self) -> bool:
        return all(stage.done or stage.trouble for stage in self.stages)

    @property
    def whole(self) -> bool:
        """Whether every check has been made: only then is there a score."""
        return all(stage.done for stage in self.stages)

    @property
    def findings(self) -> list[Finding]:
        """What was found before the fixes, the worst first; what could not be computed at the end."""
        return sorted(self.before.findings, key=lambda f: (bool(f.unknown), ORDER[f.severity], -f.takes, -f.affected))


def draw(report: Report, version: Version, on: dict[str, Fix], previews: dict[str, Preview | StudioError]) -> str:
    """The whole section. `on`: the fixes that are switched on, by name; `previews`: by name, those asked for."""
    done = {one.name: one for one in version.fixed}
    known = [finding for finding in report.findings if not finding.unknown]
    lines = "".join(line(finding, on.get(finding.name), done.get(finding.name), previews) for finding in known)
    if not lines and report.whole and not report.findings:
        lines = '<li class="ts-fine"><p><b>Nothing found.</b> Every check came back clean.</p></li>'
    return (
        f'<div class="ts-health"><div class="ts-card"><ul class="ts-finds">{lines}</ul>{progress(report)}'
        f'{uncomputed(report)}</div><div class="ts-stack">{score_card(report)}{rows_card(version)}</div></div>'
    )


def line(finding: Finding, on: Fix | None, done: Done | None, previews: dict[str, Preview | StudioError]) -> str:
    """One finding: sign, what, one example, and behind a fold why it matters and more of it."""
    sign, tone = SIGNS[finding.severity]
    name, first = escape(finding.name), finding.examples[:1]
    more = "".join(f"<li>{escape(example)}</li>" for example in finding.examples[1:])
    example = f'<p class="ts-help">{escape(first[0])}</p>' if first else ""
    takes = f" Takes {finding.takes:g} point{'' if finding.takes == 1 else 's'}." if finding.takes else ""
    show = f'<button type="button" class="ts-link" data-show="{name}">Show its rows</button>'
    before_after = (
        f'<button type="button" class="ts-link" data-preview="{name}">Show before and after</button>'
        if finding.fix
        else ""
    )
    return (
        f'<li class="ts-find"><span class="{tone}">{icon(sign)}</span><div><b>{escape(finding.title)}</b> '
        f'<span class="ts-subtle">· {escape(finding.count)}</span>{example}'
        f"<details><summary>Why it matters</summary><p>{escape(finding.why)}{takes}</p>"
        f"{f'<ul>{more}</ul>' if more else ''}<p>{show} {before_after}</p></details>{drawn(previews.get(finding.name))}"
        f"</div>{switch(finding, on, done)}</li>"
    )


def switch(finding: Finding, on: Fix | None, done: Done | None) -> str:
    """What the fix does, the ways in which it can, and its switch."""
    if not finding.fix:
        return '<div class="ts-fix"><span class="ts-subtle">Only you can mend this.</span></div>'
    effect = ""
    if on and done:
        explained = f". {done.explain(finding.affected)}".removesuffix(". ")
        effect = f'<br><span class="ts-subtle">{escape(effect_of(done) + explained)}</span>'
    if on and any(on.options.get(name) != told for name, told in finding.options.items()):
        effect += '<br><span class="ts-t-warn">Other rows are meant now: switch it off and on again.</span>'
    return (
        f'<div class="ts-fix"><span>{escape(finding.fix)}{effect}{ways(finding, on)}</span>'
        f'<input type="checkbox" role="switch" class="ts-switch" data-fix="{escape(finding.name)}" '
        f'aria-label="Fix this: {escape(finding.title)}"{" checked" if on else ""}></div>'
    )


def ways(finding: Finding, on: Fix | None) -> str:
    """A list for each setting of the fix that is one word out of a few."""
    check = next(check for check in CHECKS if check.name == finding.name)
    drawn = ""
    for name, field_ in (check.options.model_fields if check.options else {}).items():
        if get_origin(field_.annotation) is not Literal:
            continue
        chosen = on.options.get(name, field_.default) if on else field_.default
        items = "".join(
            f'<option value="{escape(way)}"{" selected" if way == chosen else ""}>{escape(way)}</option>'
            for way in get_args(field_.annotation)
        )
        label = f"{finding.title}: {name.replace('_', ' ')}"
        drawn += f'<select class="ts-way" data-option="{escape(name)}" aria-label="{escape(label)}">{items}</select>'
    return drawn


def effect_of(done: Done) -> str:
    parts = [f"−{count(done.removed, 'row')}"] if done.removed else []
    parts += [f"{count(done.changed, 'row')} changed"] if done.changed else []
    return ", ".join(parts) or "nothing left to do"


def drawn(preview: Preview | StudioError | None) -> str:
    """A few rows before and after a fix, or why there are none."""
    if preview is None:
        return ""
    if isinstance(preview, StudioError):
        return f'<p class="ts-help" role="alert">{escape(preview.text)}</p>'
    lines = []
    for row in preview.rows:
        left, right = ("", "") if row.after is None else differences(row.before, row.after)
        cells = (left, right) if row.after is not None else (escape(row.before), "<i>left out</i>")
        lines.append(f"<tr><th scope=row>{row.row:,}</th><td>{cells[0]}</td><td>{cells[1]}</td></tr>")
    heads = "".join(f"<th scope=col>{head}</th>" for head in ("Row", "Before", "After"))
    return f'<table class="ts-before-after"><thead><tr>{heads}</tr></thead><tbody>{"".join(lines)}</tbody></table>'


def differences(before: str, after: str) -> tuple[str, str]:
    """Both texts as HTML with the words marked in which they differ."""
    words = [re.findall(r"\s+|\w+|[^\w\s]", text) for text in (before, after)]
    left, right = "", ""
    for what, a, b, c, d in SequenceMatcher(None, *words, autojunk=False).get_opcodes():
        was, now = escape("".join(words[0][a:b])), escape("".join(words[1][c:d]))
        left += was if what == "equal" or not was else f"<mark>{was}</mark>"
        right += now if what == "equal" or not now else f"<mark>{now}</mark>"
    return left, right


def progress(report: Report) -> str:
    """How far the checks are, or why they could not be made."""
    trouble = next((stage.trouble for stage in report.stages if stage.trouble), "")
    if trouble:
        return f'<p class="ts-help" role="alert">{escape(trouble)}</p>'
    if report.done:
        return ""
    made = sum(len(stage.found) for stage in report.stages)
    of = report.total * len(report.stages)
    return f'<p class="ts-help ts-busy">Looking through all rows: {made} of {of} checks done.</p>'


def uncomputed(report: Report) -> str:
    """The checks that could not tell, each with its reason."""
    unknown = [finding for finding in report.findings if finding.unknown]
    if not unknown:
        return ""
    items = "".join(f"<li><b>{escape(f.title)}</b>: {escape(f.unknown)}</li>" for f in unknown)
    title = f"{count(len(unknown), 'check')} could not be made"
    return f'<details class="ts-unknown"><summary>{title}</summary><ul>{items}</ul></details>'


def score_card(report: Report) -> str:
    """The score, before and after the fixes, and the sum behind it."""
    if not report.whole:
        return '<div class="ts-card ts-score"><p class="ts-help">The score comes when all checks are done.</p></div>'
    last = report.after or report.before
    taken = [finding for finding in last.findings if finding.takes]
    first, now = report.before.score, last.score
    word = verdict(now)
    came = f", up from {first}" if report.after is not None and now > first else ""
    sums = "".join(f"<li><span>{escape(f.title)}</span><span>−{f.takes:g}</span></li>" for f in taken)
    sums = f"<li><span>A clean dataset</span><span>100</span></li>{sums}<li><b>Score</b><b>{now}</b></li>"
    tone = TONES[word]
    return (
        f'<div class="ts-card ts-score">{ring(now, first, tone)}<p><b class="ts-t-{tone}">{word}</b>{came}</p>'
        f"<details><summary>How it is counted</summary><ul class=ts-sums>{sums}</ul></details></div>"
    )


def ring(now: int, first: int, tone: str) -> str:
    """The score as a ring, `first` as a tick on it."""
    around = 358.1  # the circle's length
    label = f"Health score {now} of 100" + (f", {first} before the fixes" if first != now else "")
    tick = f'<path d="M66 3v13" transform="rotate({3.6 * first} 66 66)" class="ts-tick"/>' if first != now else ""
    arc = f'class="ts-ring ts-{tone}" stroke-dasharray="{around * now / 100:.1f} {around}"'
    return (
        f'<svg viewBox="0 0 132 132" width="132" height="132" role="img" aria-label="{label}">'
        f'<circle cx="66" cy="66" r="57" class="ts-ring"/>'
        f'<circle cx="66" cy="66" r="57" {arc} transform="rotate(-90 66 66)"/>{tick}'
        f'<text x="66" y="73" class="ts-n">{now}</text><text x="66" y="93" class="ts-of">of 100</text></svg>'
    )


def rows_card(version: Version) -> str:
    """How many rows the file gave and how many are left, and where the others went."""
    ready = sum(version.rows.values())
    gone = [(reason[:1].upper() + reason[1:], number) for number, reason in version.left_out]
    gone += [(one.title, one.removed) for one in version.fixed if one.removed]
    lines = "".join(f"<li><span>{escape(name)}</span><span>−{number:,}</span></li>" for name, number in gone)
    total = sum(number for _, number in gone)
    lines += f"<li><b>Left out</b><b>{total:,}</b></li>" if gone else ""
    title = "Pieces" if version.kind == "text" else "Rows"
    changed = sum(one.changed for one in version.fixed)
    note = f'<p class="ts-help">{count(changed, "text")} changed by fixes.</p>' if changed else ""
    if version.kind == "text":
        note += '<p class="ts-help">Long rows are cut into pieces at the ends of sentences, and these are counted.</p>'
    if version.steps.weights:
        note += '<p class="ts-help">Rows are counted as often as they are trained on, as their weights say.</p>'
    return (
        f'<div class="ts-card"><h3>{title}</h3><p class="ts-rows-now"><span>{ready + total:,}</span>{icon("right")}'
        f"<b>{ready:,}</b></p><ul class=ts-sums>{lines}</ul>{note}</div>"
    )

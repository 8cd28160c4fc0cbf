"""The data card: where the rows of a version come from, what was done to them, and how to check that they are these."""

from studio.datasets.augment.rewrites import stored
from studio.datasets.rows import KINDS
from studio.datasets.step_words import WAYS, frames, made, slips, times
from studio.datasets.store import Dataset, beside
from studio.datasets.versions import SPLITS, Version
from studio.errors import StudioError

GONE = "no longer on this computer"


def data_card(dataset: Dataset, version: Version) -> str:
    """The card as Markdown. What it names but is gone, such as a test file, it says so of."""
    mapping = version.steps.mapping
    columns = ", ".join(f"{role}: {code(name)}" for role, name in mapping.columns.items())
    lines = [
        ("File", f"{dataset.name}, SHA-256 {code(dataset.hash)}"),
        *origin(dataset),
        ("Rows of the file", f"{dataset.facts.rows:,}"),
        *((f"Rows for {split}", f"{version.rows[split]:,}") for split in SPLITS),
        ("Read as", f"{mapping.shape} ({columns})"),
        ("Split by seed", f"{version.steps.split.seed}"),
        *test_file(dataset, version),
        *weights(version),
        *made_rows(version),
        *rewrites(dataset, version),
        ("SHA-256 of the rows", code(version.fingerprint)),
    ]
    return "\n".join(
        [
            f"# {' '.join(dataset.name.split())}",
            "",
            f"{KINDS[version.kind].title}. Made with Tunesmith on {version.made:%Y-%m-%d}.",
            "",
            "| | |",
            "|---|---|",
            *(f"| {cell(title)} | {cell(value)} |" for title, value in lines),
            "",
            "## What was done",
            "",
            *(done(version) or ["Nothing: the rows are as they came."]),
            "",
        ]
    )


def origin(dataset: Dataset) -> list[tuple[str, str]]:
    """Where on the Hugging Face hub the file comes from, if it does."""
    found = dataset.facts.origin
    if found is None:
        return []
    place = f"{found.hub}, configuration {found.configuration}, split {found.split}, commit {code(found.revision)}"
    return [("From the Hugging Face hub", place), ("Licence", found.licence or "not named on its page")]


def test_file(dataset: Dataset, version: Version) -> list[tuple[str, str]]:
    """The file of its own that the test rows come from, if they do."""
    separate = version.steps.separate_test
    if separate is None:
        return []
    title = "Test rows from a file of their own"
    try:
        file = beside(dataset, separate.dataset)
    except StudioError:
        return [(title, f"{code(separate.dataset)}, {GONE}")]
    return [(title, f"{file.name}, {file.facts.rows:,} rows, SHA-256 {code(file.hash)}")]


def weights(version: Version) -> list[tuple[str, str]]:
    """What counts more or less in training."""
    weighed = version.steps.weights
    return [(f"Training rows weighed by {code(weighed.column)}", times(weighed))] if weighed else []


def made_rows(version: Version) -> list[tuple[str, str]]:
    """How many training rows were made out of others, in all and by each way, and how the ways are set."""
    step = version.steps.augment
    if step is None:
        return []
    lines = [("Training rows made out of others", f"{version.made_rows:,} ({made(step)}; seed {step.seed})")]
    settings = {"words": slips(step.words), "templates": f"in {frames(step.templates)}", "rewrites": "see below"}
    for way, title in WAYS.items():
        if getattr(step, way):
            # A version of an older studio did not count them apart.
            count = (
                f"{version.made_by.get(way, 0):,} rows" if version.made_by or not version.made_rows else "not counted"
            )
            lines.append((f"of these by {title[:1].lower()}{title[1:]}", f"{count} ({settings[way]})"))
    return lines


def rewrites(dataset: Dataset, version: Version) -> list[tuple[str, str]]:
    """How each file of rewrites was made, and how many of a model's texts held up."""
    lines = []
    for number, name in enumerate(version.steps.augment.rewrites if version.steps.augment else [], 1):
        title = f"Rewrites, file {number}"
        try:
            found = stored(dataset.folder, name)
        except StudioError:
            lines.append((title, f"SHA-256 {code(name)}, {GONE} or changed"))
            continue
        by = found.origin
        way = f"translated to {by.through} and back" if by.through else "in other words"
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in found.dropped.most_common())
        lines.append(
            (
                title,
                f"{way}, by {by.model}, seed {by.seed}, temperature {by.temperature:g}; {found.asked:,} questions "
                f"asked, {found.kept:,} rewrites kept, {found.dropped.total():,} dropped"
                f"{f' ({reasons})' if reasons else ''}; SHA-256 {code(name)}",
            )
        )
    return lines


def done(version: Version) -> list[str]:
    """What was left out, changed by hand, mended, made and weighed, as list entries."""
    gone = [f"- {count} rows left out: {reason}" for count, reason in version.left_out]
    by_hand = [f"- {len(version.steps.edits)} rows changed by hand"] if version.steps.edits else []
    fixed = [f"- {one.title}: {one.removed} rows taken out, {one.changed} changed" for one in version.fixed]
    made_out = [f"- {version.made_rows:,} rows made out of others, to learn from only"] if version.made_rows else []
    weighed = ["- Training rows repeated or left out by their weights"] if version.steps.weights else []
    return gone + by_hand + fixed + made_out + weighed


def code(text: str) -> str:
    return f"`{text}`"


def cell(text: str) -> str:
    """A text in one cell of a Markdown table, which a bar or the end of a line would end."""
    return " ".join(text.split()).replace("|", "\\|")

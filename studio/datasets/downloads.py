"""A version to take away: as CSV, JSON Lines or Parquet, with a data card that says what it is."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipFile

import pandas

from studio.datasets.rows import KINDS, unpack
from studio.datasets.store import Dataset
from studio.datasets.versions import SPLITS, Version
from studio.workspace import speaking_of_disk

FORMATS = ("csv", "jsonl", "parquet")
# A spreadsheet takes a cell that begins like this for a formula, and carries it out (OWASP, "CSV Injection").
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def download(dataset: Dataset, version: Version, format: str, folder: Path) -> Path:
    """Write NAME.zip into `folder`: the rows as CSV, JSON Lines or Parquet, and the data card. Returns its path."""
    stem = f"{Path(dataset.name).stem}-{version.folder.name[:6]}"
    target = folder / f"{stem}-{format}.zip"
    with speaking_of_disk(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder) as building:
            path = write(version, format, Path(building) / f"{stem}.{format}")
            with ZipFile(Path(building) / "packed", "w", ZIP_DEFLATED) as archive:
                archive.write(path, path.name)
                archive.writestr(f"{stem}-card.md", data_card(dataset, version))
            (Path(building) / "packed").replace(target)
    return target


def write(version: Version, format: str, path: Path) -> Path:
    """The rows in one of FORMATS."""
    frame = pandas.read_parquet(version.parquet)
    if format == "parquet":
        frame.to_parquet(path, index=False)
    elif format == "jsonl":
        with path.open("w", encoding="utf-8") as file:
            for record in records(frame):
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
    else:
        spreadsheet(version).to_csv(path, index=False, encoding="utf-8-sig")
    return path


def records(frame: pandas.DataFrame) -> list[dict[str, object]]:
    """Rows in the field's usual names: messages, tools, chosen, rejected, text, label, and the split."""
    nested = ("messages", "tools", "chosen", "rejected")
    found = []
    for row in frame.to_dict("records"):
        record: dict[str, object] = {name: unpack(str(row[name])) for name in nested if row[name]}
        record |= {name: row[name] for name in ("text", "label") if row[name]}
        found.append({**record, "split": row["split"]})
    return found


def spreadsheet(version: Version) -> pandas.DataFrame:
    """Plain texts, a row each, safe to open in a spreadsheet: what could be a formula gets an apostrophe in front."""
    parts = []
    for split in SPLITS:
        texts = version.texts(split)
        parts.append(texts.assign(split=split))
    frame = pandas.concat(parts).sort_values("row", kind="stable")
    for column in ("prompt", "reply"):
        frame[column] = [f"'{text}" if text.startswith(FORMULA_SIGNS) else text for text in frame[column]]
    return frame[["row", "split", "prompt", "reply"]]


def test_file(version: Version) -> list[str]:
    """The test file as a line of the card's table."""
    separate = version.steps.separate_test
    return [f"| Test rows from a file of their own | `{separate.dataset}` |"] if separate else []


def weights(version: Version) -> list[str]:
    """What counts more or less in training, as a line of the card's table."""
    weighed = version.steps.weights
    if weighed is None:
        return []
    # A bar would end the cell.
    values = ", ".join(f"{name} × {weight:g}".replace("|", "\\|") for name, weight in weighed.values.items())
    return [f"| Training rows weighed by `{weighed.column}` | {values} |"]


def data_card(dataset: Dataset, version: Version) -> str:
    """Markdown: where the rows come from, what was done to them, and how to check that they are these."""
    mapping = version.steps.mapping
    columns = ", ".join(f"{role}: `{name}`" for role, name in mapping.columns.items())
    done = [f"- {one.title}: {one.removed} rows taken out, {one.changed} changed" for one in version.fixed]
    gone = [f"- {count} rows left out: {reason}" for count, reason in version.left_out]
    by_hand = [f"- {len(version.steps.edits)} rows changed by hand"] if version.steps.edits else []
    return "\n".join(
        [
            f"# {dataset.name}",
            "",
            f"{KINDS[version.kind].title}. Made with Tunesmith on {version.made:%Y-%m-%d}.",
            "",
            "| | |",
            "|---|---|",
            f"| File | {dataset.name}, SHA-256 `{dataset.hash}` |",
            f"| Rows of the file | {dataset.facts.rows:,} |",
            *(f"| Rows for {split} | {version.rows[split]:,} |" for split in SPLITS),
            f"| Read as | {mapping.shape} ({columns}) |",
            f"| Split by seed | {version.steps.split.seed} |",
            *test_file(version),
            *weights(version),
            f"| SHA-256 of the rows | `{version.fingerprint}` |",
            "",
            "## What was done",
            "",
            *(gone + by_hand + done or ["Nothing: the rows are as they came."]),
            "",
        ]
    )

"""A version to take away: as CSV, JSON Lines or Parquet, with a data card that says what it is."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipFile

import numpy
import pandas

from studio.datasets.data_card import data_card
from studio.datasets.rows import plain_texts, unpack
from studio.datasets.splits import AUGMENTED
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
    if format == "parquet":
        rows_of(version).to_parquet(path, index=False)
    elif format == "jsonl":
        with path.open("w", encoding="utf-8") as file:
            for record in records(rows_of(version)):
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
    else:
        spreadsheet(version).to_csv(path, index=False, encoding="utf-8-sig")
    return path


def records(frame: pandas.DataFrame) -> list[dict[str, object]]:
    """Rows in the field's usual names: messages, tools, chosen, rejected, text, label, and the split.

    frame: as `rows_of` gives it. One that was made out of another has `made`: true.
    """
    nested = ("messages", "tools", "chosen", "rejected")
    found = []
    for row in frame.to_dict("records"):
        record: dict[str, object] = {name: unpack(str(row[name])) for name in nested if row[name]}
        record |= {name: row[name] for name in ("text", "label") if row[name]}
        found.append({**record, "split": row["split"], **({"made": True} if row["made"] else {})})
    return found


def rows_of(version: Version) -> pandas.DataFrame:
    """All rows in the columns of rows.py, with `split`, and `made`: whether it was made out of another row."""
    frame = pandas.read_parquet(version.parquet)
    return frame.assign(made=frame["group"].str.startswith(AUGMENTED).to_numpy(dtype=bool))


def spreadsheet(version: Version) -> pandas.DataFrame:
    """Plain texts, a row each, safe to open in a spreadsheet: what could be a formula gets an apostrophe in front.

    Where rows were made out of others, a column `made` says “yes” for these.
    """
    rows = rows_of(version)
    frame = pandas.concat([rows[["row", "split", "made"]], plain_texts(rows, version.kind)], axis=1)
    order = pandas.Categorical(frame["split"], SPLITS).codes
    frame = frame.iloc[numpy.lexsort((order, frame["row"]))]
    for column in ("prompt", "reply"):
        frame[column] = [f"'{text}" if text.startswith(FORMULA_SIGNS) else text for text in frame[column]]
    frame["made"] = numpy.where(frame["made"], "yes", "")
    return frame[["row", "split", *(["made"] if version.made_rows else []), "prompt", "reply"]]

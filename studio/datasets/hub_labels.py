"""Numbers that stand for names, as the datasets library stores labels, are spelled out: people read names."""

from pathlib import Path
from typing import Any

import orjson


def named_values(features: Any) -> dict[str, list[str]]:
    """Columns of numbers, or of lists of numbers, that stand for names, as the datasets library stores labels."""
    found = {}
    for column, feature in (features or {}).items():
        inner = getattr(feature, "feature", feature)
        names = getattr(inner, "names", None)
        if names:
            found[str(column)] = [str(each) for each in names]
    return found


def named_in_parquet(path: Path) -> dict[str, list[str]]:
    """The names that the datasets library writes into a Parquet file; the dataset's page need not repeat them."""
    import pyarrow.parquet

    try:
        stored = orjson.loads((pyarrow.parquet.read_schema(path).metadata or {}).get(b"huggingface", b"{}"))
        features = stored["info"]["features"]
        found = {column: feature.get("feature", feature).get("names") for column, feature in features.items()}
    except (ValueError, KeyError, AttributeError, TypeError):
        return {}
    return {column: [str(name) for name in names] for column, names in found.items() if isinstance(names, list)}


def spelled(cell: str, names: list[str]) -> str:
    """The name for a number, or the names for a list of them; -1, the library's word for “not known”, is nothing."""
    if cell[:1] == "[":
        try:
            numbers = orjson.loads(cell)
        except ValueError:
            return cell
        if all(type(number) is int and 0 <= number < len(names) for number in numbers):
            return orjson.dumps([names[number] for number in numbers]).decode()
        return cell
    if cell.isascii() and cell.isdigit() and int(cell) < len(names):
        return names[int(cell)]
    return "" if cell == "-1" else cell

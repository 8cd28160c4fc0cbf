"""The groups and numbers of a version: what they are, whether they can be learned, and the rows as token ids."""

from collections import Counter
from typing import TYPE_CHECKING, Any

import pandas

from studio.datasets.health.labels import has_several, label_lists
from studio.datasets.versions import SPLITS, Version
from studio.errors import StudioError

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase

NAMED = 3  # groups that a sentence names before it counts the rest


def groups_of(version: Version) -> list[str]:
    """The names of the groups among the training rows, in the order of the alphabet."""
    return sorted({name for names in label_lists(version.frame("train")) for name in names})


def numbers_of(frame: pandas.DataFrame) -> list[float]:
    """The numbers of these rows, in the file's own unit."""
    return [float(label) for label in frame["label"]]


def text_rows(
    tokenizer: "PreTrainedTokenizerBase", frame: pandas.DataFrame, max_length: int, labels: list[Any]
) -> "Dataset":
    """The texts of a frame of rows as input_ids (lists of int, at most `max_length`), and `labels` beside them.

    Plain text with the marks that the tokenizer puts around any text, no chat format: nobody is talking.
    """
    from datasets import Dataset

    texts = list(frame["text"])
    ids = tokenizer(texts, truncation=True, max_length=max_length, padding=False)["input_ids"] if texts else []
    return Dataset.from_dict({"input_ids": ids, "labels": labels})


def check_groups(version: Version, several: bool) -> None:
    """Raises StudioError when the groups cannot be learned and tested. several: a text may have any number of them."""
    frames = {split: version.frame(split) for split in SPLITS}
    lists = any(has_several(label) for frame in frames.values() for label in frame["label"])
    if lists and not several:
        raise StudioError(
            "These texts can belong to several groups at once, and this method gives each of them exactly one.",
            "Choose “Sort into several groups” in Model.",
        )
    if several and not lists:
        raise StudioError(
            "Each of these texts has exactly one group.",
            "Choose “Sort into groups” in Model, or say in Data which sign stands between several labels.",
        )
    found = {split: Counter(name for names in label_lists(frame) for name in names) for split, frame in frames.items()}
    check_enough(found["train"], several)
    check_once(pandas.concat(frames.values()))
    unseen = sorted({name for split in ("validation", "test") for name in found[split]} - set(found["train"]))
    if unseen:
        raise StudioError(
            f"{listed(unseen)} {'is' if len(unseen) == 1 else 'are'} among the rows to check or test with, and never "
            "among those to learn from.",
            "Let every split have the same mix of labels (in Data, under Split), add rows of "
            f"{'this group' if len(unseen) == 1 else 'these groups'}, or leave them out.",
        )


def check_enough(train: Counter[str], several: bool) -> None:
    if not train:
        raise StudioError(
            "No text to learn from has a group.", "Choose another column with groups in Data, or more rows."
        )
    if len(train) == 1 and not several:
        raise StudioError(
            f"All texts to learn from belong to one group, {listed(list(train))}, so there is nothing to tell apart.",
            "Add texts of another group, or choose another column in Data.",
        )


def check_once(rows: pandas.DataFrame) -> None:
    """Raises StudioError for groups that only one row of the file has; copies made of it do not count."""
    rows = rows.drop_duplicates(["row", "label"])
    seen: dict[str, set[int]] = {}
    for number, names in zip(rows["row"], label_lists(rows), strict=True):
        for name in names:
            seen.setdefault(name, set()).add(int(number))
    once = sorted(name for name, numbers in seen.items() if len(numbers) == 1)
    if once:
        one = len(once) == 1
        raise StudioError(
            f"{listed(once)} {'has' if one else 'have'} a single text{'' if one else ' each'}, which cannot be both "
            "learned and tested.",
            f"In Data, add texts of {'this group' if one else 'these groups'}, give the text another group, or leave "
            "it out.",
        )


def check_numbers(version: Version) -> None:
    """Raises StudioError when all numbers to learn from are the same."""
    different = set(numbers_of(version.frame("train")))
    if len(different) == 1:
        raise StudioError(
            f"All texts to learn from have the same number, {different.pop():g}, so there is nothing to estimate.",
            "Choose another column with numbers in Data, or add rows with other numbers.",
        )


def listed(names: list[str]) -> str:
    """Groups in a sentence: “a”, “b” and “c”; of many the first few, and how many more there are."""
    shown = [f"“{name}”" for name in names[:NAMED]]
    if len(names) > NAMED:
        return f"{', '.join(shown)} and {len(names) - NAMED:,} more groups"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)

"""What is to be told from the texts of a version, in a few figures: the groups with their sizes, or the numbers."""

import pandas
from pydantic import BaseModel

LONGEST = 200  # characters of a group's name


class Answers(BaseModel):
    """Of labels how many groups there are, with the largest and the smallest; of numbers the range and the middle.

    Rows of every split are counted, with those made out of others and repeats by weight; sizes are in rows. several:
    the groups are combinations of labels, as JSON lists.
    """

    groups: int = 0
    several: bool = False
    largest: tuple[str, int] = ("", 0)
    smallest: tuple[str, int] = ("", 0)
    least: float | None = None
    median: float | None = None
    most: float | None = None


def answers_of(labels: pandas.Series, kind: str) -> Answers | None:
    """labels: the column of that name of all rows. None for kinds of rows without groups or numbers."""
    if kind == "number":
        numbers = pandas.to_numeric(labels, errors="coerce").dropna()
        if numbers.empty:
            return None
        return Answers(least=float(numbers.min()), median=float(numbers.median()), most=float(numbers.max()))
    sizes = labels[labels != ""].value_counts() if kind == "label" else pandas.Series(dtype="int64")
    if sizes.empty:
        return None
    names = sizes.index.astype(str)
    return Answers(
        groups=len(sizes),
        several=names[0].startswith("["),
        largest=(names[0][:LONGEST], int(sizes.iloc[0])),
        smallest=(names[-1][:LONGEST], int(sizes.iloc[-1])),
    )

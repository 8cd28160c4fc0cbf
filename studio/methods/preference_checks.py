"""What can be told of preferences before a run: whether there is anything in them to prefer. Loads nothing heavy."""

import pandas

from studio.datasets.rows import content_of, unpack
from studio.datasets.versions import Version
from studio.errors import StudioError
from studio.methods.adapt_settings import AdaptSettings

FEWEST = 2  # pairs; of a single one it can only learn that one by heart


def differing(frame: pandas.DataFrame) -> pandas.Series:
    """Which pairs have two different answers, as booleans on the frame's index; blanks around a text do not count."""
    chosen, rejected = (
        [[(message["role"], content_of(message).strip()) for message in unpack(packed)] for packed in frame[column]]
        for column in ("chosen", "rejected")
    )
    return pandas.Series([a != b for a, b in zip(chosen, rejected, strict=True)], index=frame.index, dtype=bool)


def check_pairs(version: Version, settings: AdaptSettings) -> None:
    """Raises StudioError when the training pairs leave too little to learn a preference from."""
    frame = version.frame("train")
    differ = differing(frame)
    alike = int((~differ).sum())
    if alike * 2 > len(frame):
        rows = frame["row"][~differ]
        raise StudioError(
            f"In {alike:,} of {len(frame):,} pairs to learn from, the better and the worse answer are the same "
            f"(the first is row {rows.iloc[0]:,}), so there is nothing to prefer.",
            "Look in Data whether the right two columns were chosen, and take such rows out.",
        )
    if differ.sum() < FEWEST:
        raise StudioError(
            f"There is only {int(differ.sum())} pair to learn from; at least {FEWEST} are needed, and 100 are better.",
            "Add pairs, or keep fewer rows for checking and testing.",
        )


def check_thumbs(version: Version, settings: AdaptSettings) -> None:
    """The same for answers with thumbs; a pair is one thumb up and one down."""
    if version.kind == "preference":
        return check_pairs(version, settings)
    frame = version.frame("train")
    for label, only, other in (("true", "up", "down"), ("false", "down", "up")):
        if (frame["label"] == label).all():
            raise StudioError(
                f"All {len(frame):,} answers to learn from have a thumb {only}, so there is nothing to tell apart.",
                f"Add answers with a thumb {other}. From good answers alone, “Learn from examples” learns best."
                if only == "up"
                else f"Add answers with a thumb {other}.",
            )

"""What a proposal has to know of prepared rows, and of what was done on this computer before."""

import os
from collections import Counter

from studio.datasets.health.labels import has_several, label_lists
from studio.datasets.versions import Version
from studio.goals.proposal import Facts

MOST = 50_000  # rows whose labels are looked at: the rest would hardly show another group


def facts_of(version: Version | None, kind: str = "", judges: bool = False) -> Facts:
    """Of these rows, or of rows of this kind while there are none yet. judges: a reward model was trained here."""
    offline = os.environ.get("HF_HUB_OFFLINE") == "1"
    if version is None:
        return Facts(kind=kind, judges=judges, offline=offline)
    groups, rarest, several = groups_in(version) if version.kind == "label" else (0, 0, False)
    return Facts(version.kind, version.rows["train"], groups, rarest, several, judges, offline)


_known: dict[str, tuple[int, int, bool]] = {}  # by fingerprint: the same rows always give the same


def groups_in(version: Version) -> tuple[int, int, bool]:
    """How many groups the training rows have, rows of the rarest, and whether a text may have several."""
    if version.fingerprint not in _known:
        frame = version.frame("train").head(MOST)
        counts = Counter(name for names in label_lists(frame) for name in names)
        several = any(has_several(label) for label in frame["label"])
        _known[version.fingerprint] = (len(counts), min(counts.values(), default=0), several)
    return _known[version.fingerprint]

"""One label on nearly all rows.

There is no fix: leaving out rows of the frequent group throws good examples away, repeating the rare ones makes the
model learn them by heart, and which of the two does less harm only a person who knows the task can say. Who wants it
sets weights, a step of its own.
"""

import numpy

from studio.datasets.health.check import Check, Data, Found, quote
from studio.datasets.health.labels import counted

MOST = 0.8  # our own judgement: from here on, always giving one answer looks better than most models
THUMBS = {"true": "thumb up", "false": "thumb down"}


def find(data: Data) -> Found | None:
    counts = counted(data.rows)
    total = len(data.rows)
    label, count = max(counts.items(), key=lambda item: (item[1], item[0]), default=("", 0))
    if len(counts) < 2 or count < MOST * total:
        return None
    name = THUMBS.get(label, label) if data.kind == "feedback" else label
    example = (
        f"{quote(name)} stands on {count:,} of {total:,} rows. "
        f"Always answering {quote(name)} would be right {100 * count / total:.0f} % of the time."
    )
    return Found(numpy.empty(0, dtype="int64"), [example], f"{100 * count / total:.0f} % in one group")


CHECK = Check(
    name="labels_uneven",
    title="One group has nearly all rows",
    why="The model is tempted to answer with the frequent group whatever it reads. Add rows of the other groups.",
    severity="warning",
    find=find,
    kinds=("label", "feedback"),
)

"""The health report: every check on the rows, one after the other, with the score and its sums."""

import logging
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy

from studio.datasets.health.check import Check, Data, NotComputed, Severity, in_rows
from studio.datasets.health.score import points

log = logging.getLogger("tunesmith.health")


@dataclass(frozen=True)
class Finding:
    """One line of the report. `rows`: 1-based rows of the file; `affected`: how many rows; `takes`: points.

    count: “4 rows”, “2 questions in 5 rows”. unknown: why it could not be computed, "" otherwise. options: what its
    fix is to be switched on with; of most fixes nothing.
    """

    name: str
    title: str
    why: str
    severity: Severity
    count: str
    affected: int
    takes: float
    examples: list[str]
    rows: list[int]
    fix: str
    safe: bool
    unknown: str = ""
    options: dict[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        return asdict(self)


MOST_ROWS = 10_000  # row numbers kept with a finding, for the filter


def ask(check: Check, data: Data) -> Finding | None:
    """One check. What it cannot compute is said, not passed over."""
    try:
        found = check.find(data)
    except NotComputed as reason:
        return finding(check, unknown=str(reason))
    except Exception:
        log.exception("The check %s failed", check.name)
        return finding(check, unknown="This check failed on these rows; the reason is in the log of the data helper.")
    if found is None:
        return None
    affected = len(found.positions)
    return finding(
        check,
        count=found.count or in_rows(data, affected),
        affected=affected,
        takes=points(check.severity, affected, len(data.rows)),
        examples=found.examples[:3],
        rows=numpy.unique(data.rows["row"].to_numpy()[found.positions])[:MOST_ROWS].tolist(),
        options=check.remember(data, found) if check.remember else {},
    )


def finding(check: Check, **facts: Any) -> Finding:
    nothing: dict[str, Any] = {"count": "", "affected": 0, "takes": 0.0, "examples": [], "rows": []}
    return Finding(
        name=check.name,
        title=check.title,
        why=check.why,
        severity=check.severity,
        fix=check.fix if check.mend else "",
        safe=check.safe and check.mend is not None,
        **{**nothing, **facts},
    )

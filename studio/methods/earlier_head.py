"""Going on from a run that has a head already: its groups keep their places, and its numbers their scale."""

from typing import Any

from studio.errors import StudioError
from studio.methods.label_rows import listed
from studio.methods.predictions import label_names
from studio.methods.registry import Job
from studio.models.loading import RESULT, result_facts


def earlier_facts(job: Job, problem: str) -> dict[str, Any] | None:
    """The facts of the result that this job goes on from, None for a new head. problem: its config's problem_type.

    Raises StudioError when an adapter is to be trained further that was made for something else.
    """
    place = job.start or job.folder
    facts = result_facts(place) if (place / RESULT).exists() else None
    if facts is not None and facts["task"] == "classifier" and facts["head"]["problem_type"] == problem:
        return facts
    if job.start is not None:
        raise StudioError(
            "The earlier run has learned something else, and its adapter does not fit this method.",
            "Start afresh, or go on from a run whose model was trained whole.",
        )
    return None


def earlier_groups(job: Job, facts: dict[str, Any] | None, names: list[str]) -> list[str] | None:
    """The groups of the earlier head in its own order, where it knows all of `names`; None for a new head.

    Raises StudioError when an adapter is to be trained further that does not know all of them.
    """
    if facts is None:
        return None
    known = label_names(facts["head"])
    unknown = sorted(set(names) - set(known))
    if unknown and job.start is not None:
        raise StudioError(
            f"The earlier run does not know {listed(unknown)}, and an adapter cannot be given more groups.",
            "Start afresh, or leave these rows out in Data.",
        )
    return None if unknown else known

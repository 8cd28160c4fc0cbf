"""A finding counts rows before all fixes, a fix those that it meets when its turn comes: a difference is explained."""

import numpy
import pytest

from studio.datasets.fixing import Done, Fix, mend
from studio.datasets.health import CHECKS
from studio.datasets.health.check import Data
from studio.datasets.rows import new_rows, pack


def asked(*questions: str) -> Data:
    ends = [{"role": "assistant", "content": "Thank you, we write to you as soon as the parcel is there."}]
    messages = [pack([{"role": "user", "content": question}, *ends]) for question in questions]
    return Data(new_rows(numpy.arange(1, len(messages) + 1), messages=messages), "chat")


def done_of(data: Data, *names: str) -> dict[str, Done]:
    return {done.name: done for done in mend(CHECKS, data, [Fix(name=name) for name in names])[1]}


def affected(data: Data, name: str) -> int:
    found = next(check for check in CHECKS if check.name == name).find(data)
    return len(found.positions) if found else 0


def test_a_fix_that_does_what_its_finding_says_has_nothing_to_explain() -> None:
    data = asked("Where is it?", "Where is it?")
    done = done_of(data, "exact_copies")["exact_copies"]
    assert (done.found, done.removed, done.explain(affected(data, "exact_copies"))) == (1, 1, "")


def test_rows_that_became_copies_by_an_earlier_fix_are_explained() -> None:
    data = asked("Where is it?", "Where is it?", "Write to ann@shop.example.", "Write to bob@shop.example.")
    alone, all_on = done_of(data, "exact_copies"), done_of(data, "exact_copies", "personal_data")
    assert alone["exact_copies"].explain(affected(data, "exact_copies")) == ""
    assert all_on["exact_copies"].removed == 2
    assert all_on["exact_copies"].explain(affected(data, "exact_copies")) == (
        "Before the fixes 1 row was meant, after those that come first 2."
    )


def test_rows_that_an_earlier_fix_took_out_are_explained() -> None:
    data = asked("It is Zoo time, said Ann\x07", "It is Zoo time, said Ann\x07", "Where is it?")
    done = done_of(data, "control_characters", "exact_copies", "near_copies")
    assert done["near_copies"].explain(3) == "Before the fixes 3 rows were meant, after those that come first 0."


def test_rows_that_no_fix_can_mend_are_counted() -> None:
    data = asked("Is the cafÃ© open?", "Is the caf\ufffd open?")
    done = done_of(data, "encoding")["encoding"]
    assert (done.found, done.changed) == (2, 1)
    assert done.explain(affected(data, "encoding")) == "1 row stays as it is."


@pytest.mark.parametrize("affected_rows", [0, 7])
def test_of_a_version_of_an_older_studio_nothing_is_claimed(affected_rows: int) -> None:
    assert Done(name="exact_copies", title="Exact copies", removed=3, changed=0).explain(affected_rows) == ""

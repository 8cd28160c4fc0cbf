"""Rows over the limit can be left out: the fix names its rows, so that no tokenizer is needed to make them again."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy
import pytest

from studio.datasets.fixing import Fix
from studio.datasets.health.check import Data
from studio.datasets.health.report import MOST_ROWS, ask
from studio.datasets.health.too_long import CHECK
from studio.datasets.inspection import Inspector
from studio.datasets.rows import new_rows, pack
from studio.datasets.store import Dataset, add_file
from studio.datasets.versions import SPLITS, DataSteps, Version, prepare
from studio.errors import StudioError
from studio.workspace import Workspace
from tests.conftest import chat_steps

LONG = [5, 17]


@pytest.fixture
def dataset(workspace: Workspace, tmp_path: Path) -> Dataset:
    """Thirty rows: two are long, row 9 is a copy of row 8, row 12 has an e-mail address."""
    rows = [[f"Where is lamp number {i}?", f"It is in hall {i * 7}."] for i in range(1, 31)]
    for number in LONG:
        rows[number - 1][1] = f"Hall {number} " + "is far away and the way is long and winding " * 8
    rows[8] = rows[7]
    rows[11][1] = "Ask ann@shop.example."
    path = tmp_path / "rows.csv"
    path.write_text("question,answer\n" + "\n".join(map(",".join, rows)) + "\n", "utf-8")
    return add_file(workspace, path)


@pytest.fixture
def inspector(workspace: Workspace) -> Iterator[Inspector]:
    service = Inspector(workspace)
    yield service
    service.close()


def steps(*fixes: Fix | str) -> DataSteps:
    return chat_steps(fixes=[fix.model_dump() if isinstance(fix, Fix) else {"name": fix} for fix in fixes])


def numbers(version: Version) -> set[int]:
    return {row for split in SPLITS for row in version.frame(split)["row"].tolist()}


def leaving(*rows: int) -> Fix:
    return Fix(name="too_long", options={"rows": list(rows), "limit": 100, "model": "some-model"})


def test_the_report_says_with_which_options_the_fix_is_switched_on(
    workspace: Workspace, dataset: Dataset, inspector: Inspector, tiny_model: Path
) -> None:
    model = str(tiny_model)
    finding = dict(inspector.report(dataset.id, steps(), model, 120))["too_long"]
    assert finding is not None and finding.rows == LONG and finding.fix == "Leave these rows out" and not finding.safe
    assert finding.options == {"rows": LONG, "limit": 120, "model": model}
    fix = Fix(name="too_long", options=finding.options)
    on = steps(fix)
    assert inspector.preview(dataset.id, steps(), fix) == inspector.preview(dataset.id, on, fix)
    with pytest.raises(StudioError, match="needs to be told its rows"):
        inspector.preview(dataset.id, on, Fix(name="too_long"))
    assert dict(inspector.report(dataset.id, on, model, 120))["too_long"] is None
    preview = inspector.preview(dataset.id, on, fix)
    assert (preview.removed, preview.changed) == (2, 0)
    assert [(row.row, row.after) for row in preview.rows] == [(5, None), (17, None)]
    assert preview.rows[0].before.startswith("Where is lamp number 5?\nHall 5 is far away")
    version = prepare(workspace, dataset, on)
    assert [(done.name, done.removed) for done in version.fixed] == [("too_long", 2)]
    assert numbers(version) == set(range(1, 31)) - set(LONG)


def test_it_comes_off_again_and_goes_with_other_fixes_in_any_order(workspace: Workspace, dataset: Dataset) -> None:
    bare = prepare(workspace, dataset, steps())
    fixes: list[Fix | str] = [leaving(9, 17), "exact_copies", "personal_data"]
    versions = [prepare(workspace, dataset, steps(*order)) for order in itertools.permutations(fixes)]
    assert len({version.fingerprint for version in versions}) == 1
    done = [(one.name, one.removed, one.changed) for one in versions[0].fixed]
    # Row 9 was a copy, and gone already: it is counted once.
    assert done == [("personal_data", 0, 1), ("exact_copies", 1, 0), ("too_long", 1, 0)]
    assert prepare(workspace, dataset, steps()).fingerprint == bare.fingerprint


def test_the_same_options_give_the_same_bytes_without_any_model(workspace: Workspace, dataset: Dataset) -> None:
    first = prepare(workspace, dataset, steps(leaving(*LONG)))
    content = first.parquet.read_bytes()
    (first.folder / "version.json").unlink()
    assert prepare(workspace, dataset, steps(leaving(*LONG))).parquet.read_bytes() == content


def test_rows_that_are_not_there_do_nothing(workspace: Workspace, dataset: Dataset) -> None:
    version = prepare(workspace, dataset, steps(leaving(4000)))
    assert [done.removed for done in version.fixed] == [0] and len(numbers(version)) == 30


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "needs to be told its rows"),
        ({"rows": []}, "needs to be told its rows"),
        ({"rows": [0]}, "does not know rows.0 = 0"),
        ({"rows": [3], "shoe": 1}, "does not know shoe = 1"),
    ],
)
def test_without_its_rows_the_fix_is_refused_in_words(
    workspace: Workspace, dataset: Dataset, options: dict[str, object], words: str
) -> None:
    with pytest.raises(StudioError) as caught:
        prepare(workspace, dataset, steps(Fix(name="too_long", options=options)))
    assert words in caught.value.text and "rows, limit, model" in caught.value.text


def test_however_many_rows_are_too_long_the_fix_names_them_all() -> None:
    count = MOST_ROWS + 5
    data = Data(
        new_rows(numpy.arange(1, count + 1), messages=pack([])),
        "chat",
        lengths=numpy.full(count, 9),
        limit=8,
        model="m",
    )
    finding = ask(CHECK, data)
    assert finding is not None and len(finding.rows) == MOST_ROWS
    assert finding.options == {"rows": list(range(1, count + 1)), "limit": 8, "model": "m"}

"""Fixes are named steps: switched on and off in any order, previewed, and the same steps make the same bytes."""

import itertools
from pathlib import Path

import pytest

from studio.datasets.comparing import compare
from studio.datasets.downloads import FORMATS, download
from studio.datasets.fixing import Fix
from studio.datasets.inspection import Inspector
from studio.datasets.store import Dataset, add_file
from studio.datasets.versions import Version, list_versions, prepare
from studio.errors import StudioError
from studio.workspace import Workspace
from tests.conftest import chat_steps

FIXES = ["exact_copies", "personal_data", "encoding"]


@pytest.fixture
def dataset(workspace: Workspace, tmp_path: Path) -> Dataset:
    """Forty good rows; a copy, an e-mail address that makes two rows one, broken letters, and a formula."""
    rows = [
        f"Where is my lamp number {i} which I ordered in week {i}?,It is on shelf {i} in hall {i * 7}."
        for i in range(40)
    ]
    rows += [
        rows[0],
        "How do I reach you?,Write to ann@shop.example.",
        "How do I reach you?,Write to bob@shop.example.",
    ]
    rows += ["Is the cafÃ© open?,=Yes until five."]
    path = tmp_path / "rows.csv"
    path.write_text("question,answer\n" + "\n".join(rows) + "\n", "utf-8")
    return add_file(workspace, path)


def made(workspace: Workspace, dataset: Dataset, *names: str) -> Version:
    return prepare(workspace, dataset, chat_steps(fixes=[{"name": name} for name in names]))


def test_the_order_in_which_fixes_are_switched_on_changes_nothing(workspace: Workspace, dataset: Dataset) -> None:
    prints = {made(workspace, dataset, *order).fingerprint for order in itertools.permutations(FIXES)}
    assert len(prints) == 1


def test_texts_are_mended_before_copies_are_sought(workspace: Workspace, dataset: Dataset) -> None:
    version = made(workspace, dataset, *FIXES)
    assert [(done.name, done.removed, done.changed) for done in version.fixed] == [
        ("encoding", 0, 1),
        ("personal_data", 0, 2),
        ("exact_copies", 2, 0),
    ]
    assert version.row(42)["messages"].iloc[0].count("[e-mail]") == 1
    assert "café" in version.row(44)["messages"].iloc[0]


def test_a_fix_switched_off_brings_its_rows_back_and_the_file_never_changes(
    workspace: Workspace, dataset: Dataset
) -> None:
    before = dataset.raw.read_bytes()
    bare = made(workspace, dataset)
    made(workspace, dataset, *FIXES)
    assert made(workspace, dataset).fingerprint == bare.fingerprint
    assert dataset.raw.read_bytes() == before


def test_the_same_steps_give_the_same_parquet_byte_for_byte(workspace: Workspace, dataset: Dataset) -> None:
    first = made(workspace, dataset, *FIXES)
    content = first.parquet.read_bytes()
    (first.folder / "version.json").unlink()
    assert made(workspace, dataset, *FIXES).parquet.read_bytes() == content


def test_an_unknown_fix_is_refused(workspace: Workspace, dataset: Dataset) -> None:
    with pytest.raises(StudioError, match="no fix called “nonsense”"):
        made(workspace, dataset, "nonsense")


def test_rows_left_out_and_edited_by_hand(workspace: Workspace, dataset: Dataset) -> None:
    edits = [{"row": 2, "prompt": "Other question?", "reply": "Other answer."}]
    version = prepare(workspace, dataset, chat_steps(left_out=[1, 3], edits=edits))
    assert version.row(1).empty and version.row(3).empty
    texts = {row: (prompt, reply) for row, prompt, reply in version.texts("train").itertuples(index=False)}
    texts |= {row: (prompt, reply) for row, prompt, reply in version.texts("test").itertuples(index=False)}
    texts |= {row: (prompt, reply) for row, prompt, reply in version.texts("validation").itertuples(index=False)}
    assert texts[2] == ("Other question?", "Other answer.")
    waiting = prepare(workspace, dataset, chat_steps(left_out=[1], edits=[{"row": 1, "reply": "x"}]))
    assert waiting.row(1).empty


@pytest.fixture
def inspector(workspace: Workspace):
    service = Inspector(workspace)
    yield service
    service.close()


def test_the_report_and_a_preview_come_from_a_process_of_their_own(
    workspace: Workspace, dataset: Dataset, inspector: Inspector, tiny_model: Path
) -> None:
    report = dict(inspector.report(dataset.id, chat_steps(), str(tiny_model), 40))
    found = {name: finding for name, finding in report.items() if finding}
    assert found["exact_copies"].rows == [41]
    assert found["personal_data"].affected == 2 and found["personal_data"].takes > 0
    assert found["too_long"].affected > 0
    after = dict(inspector.report(dataset.id, chat_steps(fixes=[{"name": "exact_copies"}]), str(tiny_model), 40))
    assert after["exact_copies"] is None
    preview = inspector.preview(dataset.id, chat_steps(), Fix(name="personal_data"))
    assert (preview.changed, preview.removed) == (2, 0)
    assert "ann@shop.example" in preview.rows[0].before and "[e-mail]" in (preview.rows[0].after or "")
    on = chat_steps(fixes=[{"name": "personal_data", "options": {"kinds": ["phone"]}}])
    assert inspector.preview(dataset.id, on, Fix(name="personal_data")).changed == 2
    assert inspector.preview(dataset.id, on, on.fixes[0]).changed == 0
    with pytest.raises(StudioError, match="no fix called “too_few”"):
        inspector.preview(dataset.id, on, Fix(name="too_few"))


def test_two_versions_are_compared_in_that_process(
    workspace: Workspace, dataset: Dataset, inspector: Inspector
) -> None:
    one, other = made(workspace, dataset), made(workspace, dataset, "exact_copies", "personal_data")
    found = inspector.compare(dataset.id, one.folder.name, other.folder.name)
    assert found == compare(one, other) and not found.same
    # With their addresses masked rows 42 and 43 are copies.
    assert found.only_one.rows == [41, 43] and found.changed.rows == [42]
    assert [step.what for step in found.steps] == ["Fix “Personal data and keys”", "Fix “Exact copies”"]
    for name in ("gone", "", "../../x", ".."):
        with pytest.raises(StudioError, match="not there any more"):
            inspector.compare(dataset.id, one.folder.name, name)


def test_what_cannot_be_computed_says_so(dataset: Dataset, inspector: Inspector) -> None:
    report = dict(inspector.report(dataset.id, chat_steps(), "no-such-model", 40))
    assert report["too_long"] is not None and "depends on the model" in report["too_long"].unknown


@pytest.mark.parametrize("format", FORMATS)
def test_a_version_can_be_taken_away_with_its_card(
    workspace: Workspace, dataset: Dataset, tmp_path: Path, format: str
) -> None:
    import io
    import json
    from zipfile import ZipFile

    import pandas

    version = made(workspace, dataset, "exact_copies")
    with ZipFile(download(dataset, version, format, tmp_path / "out")) as archive:
        data, card = sorted(archive.namelist(), key=lambda name: name.endswith(".md"))
        content, words = archive.read(data), archive.read(card).decode()
    assert version.fingerprint in words and dataset.hash in words and "Exact copies: 1 rows taken out" in words
    if format == "csv":
        frame = pandas.read_csv(io.BytesIO(content))
        assert len(frame) == 43 and "'=Yes until five." in set(frame["reply"])
    elif format == "jsonl":
        lines = [json.loads(line) for line in content.decode().splitlines()]
        assert len(lines) == 43 and lines[0]["messages"][0]["role"] == "user"
    else:
        assert len(pandas.read_parquet(io.BytesIO(content))) == 43
    assert [path.name for path in (tmp_path / "out").iterdir() if path.suffix != ".zip"] == []


def test_versions_are_listed_newest_first_and_old_ones_are_passed_over(workspace: Workspace, dataset: Dataset) -> None:
    first, second = made(workspace, dataset), made(workspace, dataset, "exact_copies")
    old = dataset.folder / "versions" / "old"
    old.mkdir()
    (old / "version.json").write_text('{"fingerprint": "x", "rows": {}, "left_out": [], "steps": {}}')
    assert [version.fingerprint for version in list_versions(dataset)] == [second.fingerprint, first.fingerprint]

"""The same file and the same steps make the same rows; every row is accounted for."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from studio.datasets import versions
from studio.datasets.answers import Answers
from studio.datasets.splits import AUGMENTED
from studio.datasets.store import Dataset, add_file
from studio.datasets.versions import (
    SPLITS,
    DataSteps,
    all_versions,
    is_prepared,
    list_versions,
    load_version,
    prepare,
)
from studio.errors import StudioError
from studio.workspace import Workspace, read_json, write_json
from tests.conftest import chat_steps


@pytest.fixture
def dataset(workspace: Workspace, make_csv: Callable[..., Path]) -> Dataset:
    return add_file(workspace, make_csv(120))


def steps(prompt: str = "question", reply: str = "answer", **split: object) -> DataSteps:
    return chat_steps(prompt, reply, split=split)


def test_every_row_is_in_exactly_one_split(workspace: Workspace, dataset: Dataset) -> None:
    version = prepare(workspace, dataset, steps())
    rows = [row for split in SPLITS for row in version.frame(split)["row"]]
    assert sorted(rows) == list(range(1, 121))
    assert version.rows == {"train": 88, "validation": 12, "test": 20}


def test_the_same_steps_give_the_same_version(workspace: Workspace, dataset: Dataset) -> None:
    first = prepare(workspace, dataset, steps())
    (first.folder / "version.json").unlink()
    again = prepare(workspace, dataset, steps())
    assert again.fingerprint == first.fingerprint
    assert prepare(workspace, dataset, steps(seed=1)).fingerprint != first.fingerprint


def test_many_at_once_make_one_version(workspace: Workspace, dataset: Dataset) -> None:
    with ThreadPoolExecutor(8) as pool:
        versions = list(pool.map(lambda _: prepare(workspace, dataset, steps(seed=5)), range(16)))
    assert len({version.fingerprint for version in versions}) == 1
    assert list(workspace.scratch.iterdir()) == []


@pytest.mark.parametrize(("asked", "rows"), [(0, 0), (0.25, 30), (7, 7)])
def test_test_rows_can_be_a_share_or_a_number(workspace: Workspace, dataset: Dataset, asked: float, rows: int) -> None:
    assert prepare(workspace, dataset, steps(test=asked)).rows["test"] == rows


def test_rows_without_text_are_left_out_and_counted(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "holes.csv"
    path.write_text("question,answer,x\none,two,1\n,two,2\nthree,,3\n  ,  ,4\nfour,five,5\n")
    version = prepare(workspace, add_file(workspace, path), steps())
    assert version.left_out == [(2, "no question"), (1, "no answer")]
    assert list(version.frame("train")["row"]) == [1, 5]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"prompt": "nope"}, "no column called “nope”"),
        ({"reply": "question"}, "both taken from"),
        ({"test": 100, "validation": 20}, "leave none"),
    ],
)
def test_impossible_steps_are_refused_in_words(
    workspace: Workspace, dataset: Dataset, more: dict[str, object], words: str
) -> None:
    with pytest.raises(StudioError) as caught:
        prepare(workspace, dataset, steps(**more))
    assert words in caught.value.text


def test_a_file_without_one_usable_row(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "none.csv"
    path.write_text("question,answer\nonly a question,\n,only an answer\n")
    with pytest.raises(StudioError, match=r"No row of none\.csv can be used"):
        prepare(workspace, add_file(workspace, path), steps())


def test_a_version_that_older_rules_made_is_never_taken_for_a_new_one(
    workspace: Workspace, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "RULES", versions.RULES - 1)
    old = prepare(workspace, dataset, steps())
    monkeypatch.undo()
    (old.folder / "rows.parquet").write_bytes(b"as the older code made it")
    assert not is_prepared(dataset, steps())
    new = prepare(workspace, dataset, steps())
    assert new.folder != old.folder and new.frame("train")["row"].nunique() == 88
    assert (old.rules, new.rules) == (versions.RULES - 1, versions.RULES)
    # In the list of versions the same steps stand once; the older one can still be looked at.
    assert [version.folder for version in list_versions(dataset)] == [new.folder]
    assert {version.folder for version in all_versions(dataset)} == {new.folder, old.folder}
    assert load_version(dataset, old.folder.name).rows == old.rows


def test_a_version_tells_its_made_rows_and_its_groups_without_being_read(
    workspace: Workspace, dataset: Dataset, tmp_path: Path
) -> None:
    made = prepare(workspace, dataset, chat_steps(augment={"templates": {}}))
    texts, train = made.texts("train"), made.frame("train")
    marked = train["group"].str.startswith(AUGMENTED)
    asked = dict(zip(train["row"][~marked], texts["prompt"][~marked], strict=True))
    first = [(row, asked[row], now) for row, now in zip(train["row"][marked], texts["prompt"][marked], strict=True)]
    assert made.made_examples == first[:3] and all(one.was in one.now for one in made.made_examples)
    assert made.answers is None and prepare(workspace, dataset, steps()).made_examples == []
    path = tmp_path / "sorted.csv"
    rows = [f"Some text number {i},{'late' if i % 3 else 'lost'},{i * i}" for i in range(30)]
    path.write_text("text,topic,stars\n" + "\n".join(rows))
    labelled = add_file(workspace, path)
    columns = {"kind": "label", "shape": "text_label", "columns": {"text": "text", "label": "topic"}}
    groups = prepare(workspace, labelled, DataSteps.model_validate({"mapping": columns})).answers
    assert groups == Answers(groups=2, largest=("late", 20), smallest=("lost", 10))
    columns = {"kind": "number", "shape": "text_number", "columns": {"text": "text", "number": "stars"}}
    numbers = prepare(workspace, labelled, DataSteps.model_validate({"mapping": columns})).answers
    assert numbers == Answers(least=0, median=(14**2 + 15**2) / 2, most=29**2)


def test_a_version_of_an_older_studio_still_opens(workspace: Workspace, dataset: Dataset) -> None:
    version = prepare(workspace, dataset, chat_steps(augment={"templates": {}}))
    document = read_json(version.folder / "version.json")
    for name in ("made_rows", "made_by", "made_examples", "answers", "rules"):
        del document[name]
    write_json(version.folder / "version.json", document)
    again = load_version(dataset, version.folder.name)
    assert (again.made_examples, again.answers, again.rules) == ([], None, 0) and again.rows == version.rows

"""What is taken away says which rows were made out of others; its card says how, and where everything comes from."""

import io
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import pandas
import pytest

from studio.datasets.augment.rewrites import FOLDER, Origin, Rewrites, store
from studio.datasets.data_card import data_card
from studio.datasets.downloads import download
from studio.datasets.rows import unpack
from studio.datasets.splits import AUGMENTED
from studio.datasets.store import Dataset, add_file
from studio.datasets.store import Origin as Place
from studio.datasets.versions import Version, list_versions, prepare
from studio.workspace import Workspace, read_json, write_json
from tests.conftest import chat_steps


@pytest.fixture
def dataset(workspace: Workspace, make_csv: Callable[..., Path]) -> Dataset:
    return add_file(workspace, make_csv(40))


def rewritten(dataset: Dataset) -> str:
    """Rewrites of all 40 questions, and three texts that did not hold up. Returns their SHA-256."""
    found = Rewrites(Origin("back_translation", "some-model", "French", 7, 0.7), asked=43)
    for question in dataset.frame()["question"]:
        assert found.offer(question, question.replace("Where is my", "Could you tell me where to find my"))
    found.dropped.update({"empty": 1, "said before": 2})
    return store(dataset.folder, found)


def made_of_all(workspace: Workspace, dataset: Dataset) -> Version:
    step = {"words": {"casual": False}, "templates": {}, "rewrites": [rewritten(dataset)], "per_row": 2, "at_most": 50}
    return prepare(workspace, dataset, chat_steps(augment=step))


def taken(dataset: Dataset, version: Version, format: str, folder: Path) -> bytes:
    with ZipFile(download(dataset, version, format, folder)) as archive:
        return archive.read(next(name for name in archive.namelist() if name.endswith(format)))


def test_made_rows_are_marked_in_every_format_and_no_others(
    workspace: Workspace, dataset: Dataset, tmp_path: Path
) -> None:
    version = made_of_all(workspace, dataset)
    assert version.made_rows == 50
    frame = pandas.concat([version.frame(split) for split in version.rows])
    made = {unpack(row.messages)[0]["content"] for row in frame.itertuples() if row.group.startswith(AUGMENTED)}
    assert len(made) == 50 and not made & set(dataset.frame()["question"])
    parquet = pandas.read_parquet(io.BytesIO(taken(dataset, version, "parquet", tmp_path)))
    marked = parquet[parquet["made"]]
    assert parquet["made"].dtype == bool and set(marked["split"]) == {"train"}
    assert {unpack(text)[0]["content"] for text in marked["messages"]} == made
    lines = [json.loads(line) for line in taken(dataset, version, "jsonl", tmp_path).splitlines()]
    assert len(lines) == 90 and {line["messages"][0]["content"] for line in lines if line.get("made")} == made
    assert all(line["made"] is True for line in lines if "made" in line)
    table = pandas.read_csv(io.BytesIO(taken(dataset, version, "csv", tmp_path)), keep_default_na=False)
    assert list(table.columns) == ["row", "split", "made", "prompt", "reply"] and set(table["made"]) == {"yes", ""}
    assert set(table[table["made"] == "yes"]["prompt"]) == made
    assert table["row"].is_monotonic_increasing


def test_without_made_rows_the_spreadsheet_has_no_column_for_them(
    workspace: Workspace, dataset: Dataset, tmp_path: Path
) -> None:
    version = prepare(workspace, dataset, chat_steps())
    table = pandas.read_csv(io.BytesIO(taken(dataset, version, "csv", tmp_path)))
    assert list(table.columns) == ["row", "split", "prompt", "reply"]
    assert sorted(table["prompt"]) == sorted(dataset.frame()["question"])
    assert "made out of others" not in data_card(dataset, version)


def test_the_card_counts_the_made_rows_by_each_way(workspace: Workspace, dataset: Dataset) -> None:
    version = made_of_all(workspace, dataset)
    questions = dataset.frame()["question"].tolist()
    made = [text for text in version.texts("train")["prompt"] if text not in questions]
    by_model = sum(text.startswith("Could you tell me where to find") for text in made)
    framed = sum(any(question in text for question in questions) for text in made)
    assert version.made_by == {"rewrites": by_model, "templates": framed, "words": 50 - by_model - framed}
    assert min(version.made_by.values()) > 5
    card = data_card(dataset, version)
    assert (
        "| Training rows made out of others | 50 (rewrites by a model, slips of the pen, greetings and thanks; "
        "at most 2 out of each row, and 50 in all; seed 42) |" in card
    )
    assert f"| of these by rewrites by a model | {by_model} rows (see below) |" in card
    assert (
        f"| of these by slips of the pen | {version.made_by['words']} rows (typing mistakes, left out words that add "
        "nothing; at most 2 in a row) |" in card
    )
    assert f"| {version.made_by['templates']} rows (in English, German, French, Spanish) |" in card
    assert "- 50 rows made out of others, to learn from only" in card and "as they came" not in card


def test_the_counts_of_the_ways_follow_the_weights(workspace: Workspace, dataset: Dataset) -> None:
    question = prepare(workspace, dataset, chat_steps()).texts("train")["prompt"].iloc[0]
    weights = {"column": "question", "values": {question: 3}}
    version = prepare(workspace, dataset, chat_steps(augment={"words": {}}, weights=weights))
    plain = prepare(workspace, dataset, chat_steps(augment={"words": {}}))
    assert version.made_by == {"words": version.made_rows} and version.made_rows == plain.made_rows + 2


def test_the_card_says_how_rewrites_came_about(workspace: Workspace, dataset: Dataset) -> None:
    version = made_of_all(workspace, dataset)
    assert version.steps.augment is not None
    (name,) = version.steps.augment.rewrites
    assert (
        "| Rewrites, file 1 | translated to French and back, by some-model, seed 7, temperature 0.7; 43 questions "
        f"asked, 40 rewrites kept, 3 dropped (2 said before, 1 empty); SHA-256 `{name}` |"
        in data_card(dataset, version)
    )
    (dataset.folder / FOLDER / f"{name}.jsonl").unlink()
    line = f"| Rewrites, file 1 | SHA-256 `{name}`, no longer on this computer or changed |"
    assert line in data_card(dataset, version)


def test_a_version_that_did_not_count_the_ways_says_so(workspace: Workspace, dataset: Dataset) -> None:
    version = prepare(workspace, dataset, chat_steps(augment={"words": {}}))
    known = read_json(version.folder / "version.json")
    del known["made_by"]
    write_json(version.folder / "version.json", known)
    (older,) = list_versions(dataset)
    assert "| of these by slips of the pen | not counted (" in data_card(dataset, older)


def test_the_card_names_the_hub_and_the_licence(workspace: Workspace, dataset: Dataset) -> None:
    version = prepare(workspace, dataset, chat_steps())
    place = Place("someone/shop-letters", "0123abc", "en", "train", "mit")
    card = data_card(replace(dataset, facts=replace(dataset.facts, origin=place)), version)
    words = "someone/shop-letters, configuration en, split train, commit `0123abc`"
    assert f"| From the Hugging Face hub | {words} |" in card and "| Licence | mit |" in card
    nameless = replace(dataset.facts, origin=replace(place, licence=""))
    assert "| Licence | not named on its page |" in data_card(replace(dataset, facts=nameless), version)
    assert "Hugging Face" not in data_card(dataset, version)


def test_bars_and_ends_of_lines_do_not_break_the_table(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "a|b.csv"
    path.write_text("question,answer\n" + "\n".join(f"Where is {i}?,Hall {i * 7}." for i in range(20)))
    dataset = add_file(workspace, path)
    card = data_card(dataset, prepare(workspace, dataset, chat_steps("Say:\n{question} | now")))
    rows = [line for line in card.splitlines() if line.startswith("|")]
    assert {Counter(line.replace("\\|", ""))["|"] for line in rows} == {3} and "`Say: {question} \\| now`" in card

"""Several datasets as one: every row comes through as it was, and weights say how often it is trained on."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from threading import Event
from typing import Any

import pandas
import pytest

from studio.datasets.data_card import data_card
from studio.datasets.inspection_helper import Inspection
from studio.datasets.merging import Part, merge
from studio.datasets.rows import unpack
from studio.datasets.shapes import apply, guess
from studio.datasets.store import Dataset, add_file, list_datasets, load_dataset
from studio.datasets.table_file import Cancelled, Progress
from studio.datasets.versions import SPLITS, DataSteps, Version, mapped, prepare
from studio.errors import StudioError
from studio.workspace import Workspace
from tests.conftest import chat_steps

NESTED = ("messages", "tools", "chosen", "rejected")
ODD = "a line\u2028break, a tab\t, a “quote” and\nthe next line, 😀 <b>&amp;</b> {x}"
SEARCH = {"type": "function", "function": {"name": "search", "parameters": {"type": "object", "properties": {}}}}
CALL = {"id": "c1", "type": "function", "function": {"name": "search", "arguments": {"for": ODD, "n": 1.5}}}


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def assistant(text: str, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": text, **more}


TALK = [
    {"role": "system", "content": "Be kind."},
    user("Find it"),
    assistant("", tool_calls=[CALL]),
    {"role": "tool", "name": "search", "tool_call_id": "c1", "content": "found"},
    assistant("Not learned.", weight=0),
    user(ODD),
    assistant(f" {ODD} "),
]
LONG = ". ".join(f"Sentence number {i} of a long document" for i in range(400))


def chats(workspace: Workspace, name: str, rows: int, **columns: list[str]) -> Dataset:
    """A file of questions and answers that are all different; `columns` are further ones."""
    table = {
        "question": [f"{name} question{i} about{i}?" for i in range(rows)],
        "answer": [f"{name} answer{i} with{i}." for i in range(rows)],
    }
    return file(workspace, name, pandas.DataFrame(table | columns).to_dict("records"))


def file(workspace: Workspace, name: str, rows: list[dict[str, Any]]) -> Dataset:
    path = workspace.scratch / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return add_file(workspace, path)


def guessed(dataset: Dataset) -> DataSteps:
    found = guess(dataset.head(500), dataset.name)
    assert found is not None
    return DataSteps(mapping=found.mapping)


@pytest.fixture
def two(workspace: Workspace) -> tuple[Dataset, DataSteps]:
    """40 rows of a.jsonl that count two and a half times, and 60 of b.jsonl of which half count."""
    first, second = chats(workspace, "a.jsonl", 40), chats(workspace, "b.jsonl", 60)
    return merge(workspace, [Part(first.id, chat_steps(), 2.5), Part(second.id, chat_steps(), 0.5)])


KINDS: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {
    "chat": (
        [{"messages": TALK, "tools": [SEARCH]}, {"messages": [user("Hi"), assistant("Hello")], "tools": None}] * 3,
        [{"question": f"What is {i}? {ODD}", "answer": f"It is {i}."} for i in range(4)],
    ),
    "preference": (
        [{"prompt": f"Say {i}", "chosen": f"Yes {i}, {ODD}", "rejected": "No"} for i in range(4)],
        [{"prompt": TALK[:2], "chosen": TALK[2:5], "rejected": [assistant("Never.")]}] * 4,
    ),
    "feedback": (
        [{"messages": TALK, "tools": [SEARCH], "label": i % 2 == 0} for i in range(4)],
        [{"prompt": f"Say {i}", "completion": ODD, "label": i % 2} for i in range(4)],
    ),
    "label": (
        [{"text": f"The lamp {i} {ODD}", "label": "[broken" if i % 2 else "7"} for i in range(12)],
        [{"text": f"The vase {i} came late", "label": "late" if i % 2 else "lost"} for i in range(12)],
    ),
    "several labels": (
        [{"text": f"The lamp {i} {ODD}", "labels": ["late", "lost|x"] if i % 2 else ["late"]} for i in range(12)],
        [{"text": f"The vase {i} came late", "labels": ["broken", "lost"][: 1 + i % 2]} for i in range(12)],
    ),
    "number": (
        [{"text": f"A room of {i} {ODD}", "price": f"{i},5"} for i in range(30)],
        [{"text": f"A house of {i} rooms", "price": 1e20 * i} for i in range(30)],
    ),
    "text": (
        [{"text": LONG.replace("document", f"letter {i}")} for i in range(4)],
        [{"text": f"{ODD} {LONG} {i}"} for i in range(3)],
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_row_of_every_kind_comes_through(workspace: Workspace, kind: str) -> None:
    files = [file(workspace, f"{name}.jsonl", rows) for name, rows in zip(("one", "two"), KINDS[kind], strict=True)]
    parts = [Part(dataset.id, guessed(dataset)) for dataset in files]
    merged, steps = merge(workspace, parts)
    rows, unusable = apply(merged.frame(), steps.mapping)
    before = [mapped(dataset, part.steps)[0].rows for dataset, part in zip(files, parts, strict=True)]
    wanted = pandas.concat(before, ignore_index=True)
    assert unusable == [] and len(rows) == len(wanted) > 0
    for column in NESTED:
        assert rows[column].map(unpack).tolist() == wanted[column].map(unpack).tolist()
    for column in ("text", "label"):
        assert rows[column].tolist() == wanted[column].tolist()
    assert rows["row"].tolist() == list(range(1, len(wanted) + 1))
    assert merged.frame()["source"].tolist() == ["one.jsonl"] * len(before[0]) + ["two.jsonl"] * len(before[1])
    found = guess(merged.head(500), merged.name)
    # Passages beside the name of their file may well be texts to sort, so the page keeps the steps that merge() gives.
    assert kind == "text" or (found is not None and found.mapping.kind == steps.mapping.kind)


def test_one_label_beside_several_becomes_a_list_of_one(workspace: Workspace) -> None:
    one, several = KINDS["label"][0], KINDS["several labels"][1]
    files = [file(workspace, "one.jsonl", one), file(workspace, "several.jsonl", several)]
    merged, steps = merge(workspace, [Part(dataset.id, guessed(dataset)) for dataset in files])
    labels = apply(merged.frame(), steps.mapping)[0]["label"].map(unpack).tolist()
    assert labels == [[row["label"]] for row in one] + [row["labels"] for row in several]


def test_labels_in_columns_of_their_own_go_with_others(workspace: Workspace) -> None:
    rows = [{"text": f"The lamp {i} is red", "late": i % 2, "lost": int(i != 2)} for i in range(4)]
    columns = {"text": "text", "labels": "late,lost"}
    steps = DataSteps.model_validate({"mapping": {"kind": "label", "shape": "label_columns", "columns": columns}})
    own, one = file(workspace, "columns.jsonl", rows), file(workspace, "one.jsonl", KINDS["label"][1])
    merged, together = merge(workspace, [Part(own.id, steps), Part(one.id, guessed(one))])
    labels = apply(merged.frame(), together.mapping)[0]["label"].map(unpack).tolist()
    # A row that no label fits stays one.
    assert labels[:5] == [["lost"], ["late", "lost"], [], ["late", "lost"], ["lost"]]


def test_passages_are_not_cut_again_and_stay_together(workspace: Workspace) -> None:
    files = [file(workspace, f"{i}.jsonl", rows) for i, rows in enumerate(KINDS["text"])]
    parts = [Part(dataset.id, guessed(dataset)) for dataset in files]
    parts[0].steps.mapping.passage_length = 9000
    merged, steps = merge(workspace, parts)
    rows = apply(merged.frame(), steps.mapping)[0]
    assert rows["text"].str.len().max() > 8000
    assert rows["group"].nunique() == 7 and rows["row"].is_unique


def test_edits_and_fixes_of_a_part_are_made_and_its_split_is_not(workspace: Workspace) -> None:
    first = chats(workspace, "a.jsonl", 20)
    rows = first.frame().to_dict("records")
    second = file(workspace, "b.jsonl", [*rows[:5], rows[0]])
    edited = chat_steps(left_out=[2], edits=[{"row": 1, "reply": "Other"}], split={"test": 15, "validation": 4})
    merged, _ = merge(
        workspace, [Part(first.id, edited), Part(second.id, chat_steps(fixes=[{"name": "exact_copies"}]))]
    )
    frame = merged.frame()
    assert Counter(frame["source"]) == {"a.jsonl": 19, "b.jsonl": 5}
    assert json.loads(frame["messages"][0])[-1]["content"] == "Other"


def test_large_parts_are_read_in_pieces(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.datasets.merging.CHUNK", 7)
    first, second = chats(workspace, "a.jsonl", 40), chats(workspace, "b.jsonl", 3)
    edits = [{"row": 30, "reply": "Changed"}]
    merged, _ = merge(workspace, [Part(first.id, chat_steps(left_out=[9], edits=edits)), Part(second.id, chat_steps())])
    asked = [json.loads(talk)[0]["content"] for talk in merged.frame()["messages"]]
    assert asked == [row for i, row in enumerate(first.frame()["question"], 1) if i != 9] + list(
        second.frame()["question"]
    )
    assert json.loads(merged.frame()["messages"][28])[1]["content"] == "Changed"


def test_the_same_parts_are_the_same_dataset_whatever_their_weights(workspace: Workspace) -> None:
    first, second = chats(workspace, "a.jsonl", 9), chats(workspace, "b.jsonl", 9)
    light = merge(workspace, [Part(first.id, chat_steps()), Part(second.id, chat_steps())])
    heavy = merge(workspace, [Part(first.id, chat_steps(), 3), Part(second.id, chat_steps())])
    assert light[0].id == heavy[0].id and light[0].name == "a and b.jsonl"
    assert heavy[1].weights is not None and heavy[1].weights.values == {"a.jsonl": 3, "b.jsonl": 1}
    assert merge(workspace, [Part(second.id, chat_steps()), Part(first.id, chat_steps())], "v1.2 all")[0].name == (
        "v1.2 all.jsonl"
    )
    assert list(workspace.scratch.glob("tmp*")) == []


def by(column: str) -> DataSteps:
    """Steps for questions and answers whose equal values of a column belong together."""
    steps = chat_steps()
    steps.mapping.group = column
    return steps


def sides(workspace: Workspace, merged: Dataset, steps: DataSteps) -> pandas.DataFrame:
    """Every row of the merged dataset with its split in `side`."""
    version = prepare(workspace, merged, steps)
    return pandas.concat([version.frame(split).assign(side=split) for split in SPLITS])


def test_a_customer_is_the_same_customer_in_two_files_of_one_name(workspace: Workspace) -> None:
    customers = [f"C{i % 10}" for i in range(20)]
    first, second = (chats(workspace, "a.jsonl", rows, customer=customers[:rows]) for rows in (20, 16))
    merged, steps = merge(workspace, [Part(first.id, by("customer")), Part(second.id, by("customer"))])
    assert Counter(merged.frame()["source"]) == {"a.jsonl": 20, "a.jsonl (2)": 16}
    # The column keeps its name, so that a test file with the same column is understood.
    assert steps.mapping.group == "customer" and merged.frame()["customer"].tolist() == customers + customers[:16]
    found = sides(workspace, merged, steps)
    assert found["group"].nunique() == 10 and set(found["side"]) == set(SPLITS)
    assert (found.groupby("group")["side"].nunique() == 1).all()


def test_equal_values_of_columns_with_other_names_are_kept_apart(workspace: Workspace) -> None:
    numbers = [f"{i % 4}" for i in range(20)]
    first = chats(workspace, "a.jsonl", 20, customer=numbers)
    second = chats(workspace, "b.jsonl", 20, shop=numbers)
    merged, steps = merge(workspace, [Part(first.id, by("customer")), Part(second.id, by("shop"))])
    assert steps.mapping.group == "group" and set(merged.frame()["group"]) == {
        f"{column}: {number}" for column in ("customer", "shop") for number in range(4)
    }


def test_a_column_called_like_one_of_ours_is_renamed(workspace: Workspace) -> None:
    first, second = (chats(workspace, name, 6, source=["web", "shop"] * 3) for name in ("a.jsonl", "b.jsonl"))
    merged, steps = merge(workspace, [Part(first.id, by("source")), Part(second.id, by("source"))])
    assert steps.mapping.group == "group" and set(merged.frame()["group"]) == {"web", "shop"}
    assert set(merged.frame()["source"]) == {"a.jsonl", "b.jsonl"}


def test_documents_without_a_group_of_their_own_stay_apart(workspace: Workspace) -> None:
    texts = [{"text": LONG, "author": author} for author in ("2", "", "")]
    steps = DataSteps.model_validate(
        {"mapping": {"kind": "text", "shape": "plain_text", "columns": {"text": "text"}, "group": "author"}}
    )
    parts = [Part(file(workspace, name, texts).id, steps) for name in ("a.jsonl", "b.jsonl")]
    merged, together = merge(workspace, parts)
    rows = apply(merged.frame(), together.mapping)[0]
    # The author “2” is one in both files, and is not the second document of either.
    assert set(rows["group"]) == {"2", *(f"row {row} of file {place}" for row in (2, 3) for place in (1, 2))}


def test_merging_says_how_far_it_is_and_can_be_stopped(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.datasets.merging.CHUNK", 10)
    parts = [Part(chats(workspace, name, 40).id, chat_steps()) for name in ("a.jsonl", "b.jsonl")]
    seen: list[Progress] = []
    merge(workspace, parts, "one", seen.append)
    shares = [progress.share for progress in seen]
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] > 0.7 and seen[-1].rows == 80
    assert [progress.rows for progress in seen[:6]] == [0, 10, 20, 30, 40, 40]
    assert list(dict.fromkeys(progress.note for progress in seen)) == [
        "Reading the rows of a.jsonl.",
        "Reading the rows of b.jsonl.",
        "Taking the merged rows in.",
    ]
    for stop_at in (3, len(seen)):  # while the parts are read, and while the merged file is
        count = iter(range(1, 99))

        def watch(progress: Progress, stop_at: int = stop_at, count: Iterator[int] = count) -> None:
            if next(count) == stop_at:
                raise Cancelled

        with pytest.raises(Cancelled):
            merge(workspace, parts, "two", watch)
        assert (
            len(list_datasets(workspace)) == 3 and [path for path in workspace.scratch.iterdir() if path.is_dir()] == []
        )


def trained(version: Version) -> Counter[int]:
    """How often each row is trained on."""
    return Counter(version.frame("train")["row"].tolist())


def test_weights_are_kept_to_the_row_in_training_and_nowhere_else(
    workspace: Workspace, two: tuple[Dataset, DataSteps]
) -> None:
    merged, steps = two
    plain = prepare(workspace, merged, steps.model_copy(update={"weights": None}))
    version = prepare(workspace, merged, steps)
    first = [row for row in trained(plain) if row <= 40]
    second = [row for row in trained(plain) if row > 40]
    assert len(first) > 20 and len(second) > 30
    times = trained(version)
    assert Counter(times[row] for row in first) == {
        2: len(first) - (len(first) + 1) // 2,
        3: (len(first) + 1) // 2,
    }
    assert Counter(times[row] for row in second) == {1: (len(second) + 1) // 2, 0: len(second) // 2}
    assert version.left_out == [(len(second) // 2, "the weight of “b.jsonl” is 0.5")]
    assert version.rows["train"] == sum(times.values())
    for held_out in ("validation", "test"):
        assert version.frame(held_out).equals(plain.frame(held_out)) and version.rows[held_out] > 5
    assert len(version.row(first[0])) == 1


def test_the_same_weights_give_the_same_bytes_and_another_seed_draws_others(
    workspace: Workspace, two: tuple[Dataset, DataSteps]
) -> None:
    merged, steps = two
    version = prepare(workspace, merged, steps)
    before = version.parquet.read_bytes()
    (version.folder / "version.json").unlink()
    assert prepare(workspace, merged, steps).parquet.read_bytes() == before
    sizes = {"test": 0, "validation": 0}
    drawn = [
        trained(prepare(workspace, merged, DataSteps.model_validate({**dict(steps), "split": {"seed": seed, **sizes}})))
        for seed in (1, 2)
    ]
    assert drawn[0] != drawn[1] and sum(drawn[0].values()) == sum(drawn[1].values()) == 130


def test_a_weight_of_nothing_keeps_the_test_rows(workspace: Workspace, two: tuple[Dataset, DataSteps]) -> None:
    merged, steps = two
    version = prepare(workspace, merged, weighed(steps, {"a.jsonl": 0}))
    assert min(trained(version)) > 40 and set(trained(version).values()) == {1}
    assert (version.frame("test")["row"] <= 40).any()


def test_repeats_are_no_copies_to_a_fix(workspace: Workspace, two: tuple[Dataset, DataSteps]) -> None:
    merged, steps = two
    fixed = DataSteps.model_validate({**dict(steps), "fixes": [{"name": "exact_copies"}]})
    version = prepare(workspace, merged, fixed)
    assert version.fixed[0].removed == 0
    assert version.rows == prepare(workspace, merged, steps).rows


def weighed(steps: DataSteps, values: dict[str, float], column: str = "source") -> DataSteps:
    return DataSteps.model_validate({**dict(steps), "weights": {"column": column, "values": values}})


def test_any_column_can_be_weighed_by(workspace: Workspace) -> None:
    topics = ["lamp", "rug", "vase", "cup"] * 10
    dataset = chats(workspace, "a.jsonl", 40, topic=topics)
    version = prepare(workspace, dataset, weighed(chat_steps(split={"test": 0}), {"rug": 3}, "topic"))
    assert {topics[row - 1]: times for row, times in trained(version).items()} == {
        "lamp": 1,
        "rug": 3,
        "vase": 1,
        "cup": 1,
    }


@pytest.mark.parametrize(
    ("values", "column", "words"),
    [
        ({"a.jsonl": 0, "b.jsonl": 0}, "source", "no row is left to learn from"),
        ({"a.csv": 2}, "source", "A weight is set for “a.csv”, but no row"),
        ({"a.jsonl": 2}, "origin", "no column called “origin”"),
    ],
)
def test_impossible_weights_are_refused_in_words(
    workspace: Workspace, two: tuple[Dataset, DataSteps], values: dict[str, float], column: str, words: str
) -> None:
    merged, steps = two
    with pytest.raises(StudioError, match=words) as caught:
        prepare(workspace, merged, weighed(steps, values, column))
    assert caught.value.hint


@pytest.mark.parametrize("weight", [-1, float("nan"), float("inf"), 10.5])
def test_a_weight_is_a_number_from_0_to_10(workspace: Workspace, weight: float) -> None:
    first, second = chats(workspace, "a.jsonl", 5), chats(workspace, "b.jsonl", 5)
    with pytest.raises(StudioError, match=r"The weight of b\.jsonl cannot be"):
        merge(workspace, [Part(first.id, chat_steps()), Part(second.id, chat_steps(), weight)])
    with pytest.raises(ValueError, match=r"weights\.values\.a"):
        weighed(chat_steps(), {"a": weight})


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        (lambda a, b: [Part(a.id, chat_steps())], "at least two"),
        (lambda a, b: [Part(a.id, chat_steps()), Part(a.id, chat_steps())], "is there twice"),
        (lambda a, b: [Part(a.id, chat_steps()), Part("gone", chat_steps())], "not on this computer"),
        (lambda a, b: [Part(a.id, chat_steps()), Part(b.id, chat_steps("nope"))], "no column called “nope”"),
        (lambda a, b: [Part(a.id, chat_steps()), Part(b.id, chat_steps(left_out=[1, 2]))], "No row of b.jsonl"),
        (
            lambda a, b: [Part(a.id, chat_steps()), Part(b.id, labels())],
            "a.jsonl is read as “Questions and answers”, but b.jsonl as “Texts with a group”",
        ),
    ],
)
def test_parts_that_do_not_go_together_are_refused_in_words(
    workspace: Workspace, parts: Callable[[Dataset, Dataset], list[Part]], words: str
) -> None:
    files = chats(workspace, "a.jsonl", 5), chats(workspace, "b.jsonl", 2)
    with pytest.raises(StudioError) as caught:
        merge(workspace, parts(*files))
    assert words in caught.value.message and caught.value.hint
    assert len(list_datasets(workspace)) == 2 and list(workspace.scratch.glob("tmp*")) == []


def labels() -> DataSteps:
    columns = {"text": "question", "label": "answer"}
    return DataSteps.model_validate({"mapping": {"kind": "label", "shape": "text_label", "columns": columns}})


def test_the_helper_of_the_page_merges_too(workspace: Workspace) -> None:
    names = ("a.jsonl", "b.jsonl")
    parts = [
        {"dataset": chats(workspace, name, 8).id, "steps": chat_steps().model_dump(mode="json"), "weight": 2}
        for name in names
    ]
    *_, reply = Inspection(workspace).answer({"do": "merge", "parts": parts, "name": "both"}, Event())
    merged, steps = load_dataset(workspace, reply["dataset"]), DataSteps.model_validate(reply["steps"])
    version = prepare(workspace, merged, steps)
    assert merged.facts.rows == 16 and version.rows["train"] == 2 * len(trained(version))
    assert "| Training rows weighed by `source` | a.jsonl × 2, b.jsonl × 2 |" in data_card(merged, version)

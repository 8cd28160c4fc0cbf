"""Made rows are learned from only, ask the same in other letters, and leave the split and the answers as they were."""

from collections.abc import Callable
from pathlib import Path

import numpy
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.datasets.augment import Augmentation, augment
from studio.datasets.augment.apart import near_held_out
from studio.datasets.augment.asked import asked_in, asking
from studio.datasets.near import near_labels, shingles_of
from studio.datasets.rows import new_rows, pack, unpack
from studio.datasets.splits import AUGMENTED, NEAR, SplitPlan, split
from studio.datasets.store import Dataset, add_file
from studio.datasets.versions import DataSteps, Version, list_versions, prepare
from studio.errors import StudioError
from studio.training.recipe import load_recipe, resolve, save_recipe
from studio.workspace import Workspace, read_json, write_json
from tests.conftest import chat_steps

BOTH = {"words": {}, "templates": {}}
SAMPLE = Path(__file__).resolve().parents[2] / "assets" / "samples" / "returns.csv"


@pytest.fixture
def dataset(workspace: Workspace) -> Dataset:
    return add_file(workspace, SAMPLE)


def made_by(workspace: Workspace, dataset: Dataset, **step: object) -> Version:
    return prepare(workspace, dataset, chat_steps(augment=step or None))


def of(rows: pandas.DataFrame, kind: str, plan: SplitPlan | None = None, **step: object) -> pandas.DataFrame:
    divided = rows.assign(split=split(rows, kind, plan or SplitPlan()))
    return augment(divided, kind, Augmentation.model_validate(step), Path("nowhere"))


def made_of(rows: pandas.DataFrame) -> pandas.DataFrame:
    return rows[rows["group"].str.startswith(AUGMENTED)]


def chats(questions: list[str], **columns: object) -> pandas.DataFrame:
    answer = {"role": "assistant", "content": "Yes, it can be sent back."}
    messages = [pack([{"role": "user", "content": question}, answer]) for question in questions]
    return new_rows(numpy.arange(1, len(questions) + 1), messages=messages, **columns)


def test_made_rows_are_in_train_only_and_the_others_stay_where_they_were(
    workspace: Workspace, dataset: Dataset
) -> None:
    plain, version = made_by(workspace, dataset), made_by(workspace, dataset, **BOTH, per_row=2)
    assert plain.made_rows == 0 and version.made_rows == 2 * plain.rows["train"]
    assert version.rows == {**plain.rows, "train": plain.rows["train"] + version.made_rows}
    assert version.left_out == plain.left_out == []
    for name in ("validation", "test"):
        pandas.testing.assert_frame_equal(version.frame(name), plain.frame(name))
    train = version.frame("train")
    pandas.testing.assert_frame_equal(train[: plain.rows["train"]], plain.frame("train"))
    assert set(made_of(train)["row"]) == set(plain.frame("train")["row"])


def test_only_the_question_of_a_made_row_is_another(workspace: Workspace, dataset: Dataset) -> None:
    version = made_by(workspace, dataset, **BOTH, per_row=3)
    train = version.frame("train")
    originals = train[~train["group"].str.startswith(AUGMENTED)].set_index("row")
    asked = asked_in(train, "chat")
    assert len(set(asked)) == len(asked)
    for made in made_of(train).itertuples():
        before, after = unpack(str(originals.loc[made.row, "messages"])), unpack(made.messages)
        assert before[:-2] == after[:-2] and before[-1] == after[-1]
        assert before[-2]["content"] != after[-2]["content"]
    assert version.row(int(train["row"].iloc[0]))["group"].str.startswith(AUGMENTED).tolist() == [False] + [True] * 3


def test_the_same_steps_give_the_same_bytes(workspace: Workspace, dataset: Dataset) -> None:
    first = made_by(workspace, dataset, **BOTH, per_row=2)
    before = first.parquet.read_bytes()
    (first.folder / "version.json").unlink()
    assert made_by(workspace, dataset, **BOTH, per_row=2).parquet.read_bytes() == before
    assert made_by(workspace, dataset, **BOTH, per_row=2, seed=7).fingerprint != first.fingerprint


def test_a_version_of_an_older_studio_opens(workspace: Workspace, dataset: Dataset) -> None:
    version = made_by(workspace, dataset)
    known = read_json(version.folder / "version.json")
    del known["made_rows"], known["steps"]["augment"]
    write_json(version.folder / "version.json", known)
    (opened,) = list_versions(dataset)
    assert opened.made_rows == 0 and opened.steps.augment is None


def test_near_copies_and_groups_do_not_carry_a_made_row_across() -> None:
    """Many short rows that hang together by group and by words: what is made of one side never nears the other."""
    things = ("mug", "lamp", "rug", "vase", "quilt", "sheet", "plate", "bowl", "tray", "towel")
    rows = new_rows(numpy.arange(1, 31), text=[f"{thing} sent back? {i % 3}" for i in range(3) for thing in things])
    rows["label"] = "a"
    rows.loc[rows.index[:10], "group"] = ["one", "two"] * 5
    plan = SplitPlan(test=8, validation=4)
    both = of(rows, "label", plan, **BOTH, per_row=5)
    made = made_of(both)
    assert set(made["split"]) == {"train"} and len(made) > 20
    assert (both["split"][:30] == split(rows, "label", plan)).all()
    held_out = both[both["split"] != "train"]
    assert set(held_out["split"]) == {"validation", "test"} and not set(made["row"]) & set(held_out["row"])
    groups = set(both["group"][: len(rows)])
    assert set(made["group"]) <= {AUGMENTED + group for group in groups}
    labels = near_labels(shingles_of([*held_out["text"], *made["text"]]), NEAR)
    assert not set(labels[: len(held_out)]) & set(labels[len(held_out) :])


def test_made_rows_near_a_held_out_row_are_dropped_and_those_near_each_other_kept() -> None:
    """Questions that share 7 of 9 pairs of words are no near copies; with the same thanks behind them they are."""
    thanks = ". Thanks for your help."
    questions = [f"thing{i} can I send this one back to you" for i in range(24)]
    rows = new_rows(numpy.arange(1, 25), text=questions, label="a")
    made = asking(rows, "label", numpy.arange(24), [question + thanks for question in questions])
    assert not near_held_out(made, rows[:0], "label").any()
    assert not near_held_out(made[1:], rows[:1], "label").any()
    told = rows[:1].assign(text=[questions[0] + thanks])
    assert near_held_out(made, told, "label").all()
    chain = pandas.concat([made[1:2], made[2:3].assign(text=f"{questions[2]} soon{thanks} Many thanks and bye")])
    assert near_held_out(chain, told, "label").tolist() == [True, False]


def test_at_most_so_many_are_made_spread_over_all_rows() -> None:
    rows = chats([f"Can the thing number {i} please be sent back to the shop again?" for i in range(40)])
    plan = SplitPlan(validation=0, test=0, near_together=False)
    assert len(made_of(of(rows, "chat", plan, words={}, per_row=3, at_most=10))["row"].unique()) == 10
    assert len(made_of(of(rows, "chat", plan, words={}, per_row=3, at_most=50))) == 50
    few = made_of(of(rows, "chat", plan, words={}, per_row=3, at_most=1))
    assert len(few) == 1


def test_labels_numbers_and_pairs_keep_what_is_to_be_learned() -> None:
    questions = [f"Is the broken lamp number {i} really covered by your guarantee?" for i in range(24)]
    labelled = new_rows(numpy.arange(1, 25), text=questions, label=[f"{i % 2}" for i in range(24)])
    for kind in ("label", "number"):
        made = made_of(of(labelled, kind, **BOTH))
        assert len(made) > 10 and (made["label"].to_numpy() == labelled["label"].to_numpy()[made["row"] - 1]).all()
    asked = [pack([{"role": "system", "content": "Be kind."}, {"role": "user", "content": text}]) for text in questions]
    answers = {name: pack([{"role": "assistant", "content": f"{name} it"}]) for name in ("chosen", "rejected")}
    pairs = new_rows(numpy.arange(1, 25), messages=asked, **answers)
    made = made_of(of(pairs, "preference", **BOTH))
    assert len(made) > 10 and (made["chosen"] == answers["chosen"]).all()
    assert (made["rejected"] == answers["rejected"]).all() and made["messages"].str.contains("Be kind.").all()


WORDS = [
    *("I", "Where", "please", "really", "broken", "lamp,", "not", "don't", "Anna", "12", "£6.95", "B-52x", "{name}"),
    *("a@b.example", "https://x.example/a?b=1", "[order", "number]", "nicht", "wirklich?", "shop."),
]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=14), st.integers(0, 1000))
def test_numbers_names_addresses_and_negations_are_never_touched(words: list[str], seed: int) -> None:
    question = " ".join(words)
    rows = new_rows(numpy.arange(1, 3), text=[question, "Another text altogether"], label=["1", "2"])
    plan = SplitPlan(validation=0, test=0, near_together=False)
    made = made_of(of(rows, "label", plan, **BOTH, per_row=3, seed=seed))
    sacred = (
        "not",
        "don't",
        "Anna",
        "12",
        "£6.95",
        "B-52x",
        "{name}",
        "a@b.example",
        "https://x.example/a?b=1",
        "nicht",
    )
    for text in made[made["row"] == 1]["text"]:
        after = text.split()
        assert [word for word in words if word in sacred] == [word for word in after if word in sacred]
        assert ("[order number]" in question) == ("[order number]" in text)


@pytest.mark.parametrize(
    ("kind", "step", "said"),
    [("text", {"words": {}}, "nothing is asked in it"), ("chat", {}, "not said how")],
)
def test_what_cannot_be_made_is_said(kind: str, step: dict[str, object], said: str) -> None:
    rows = chats(["What?"] * 3) if kind == "chat" else new_rows(numpy.arange(1, 4), text="A page.")
    with pytest.raises(StudioError, match=said):
        of(rows, kind, **step)


def test_a_recipe_names_the_step(workspace: Workspace, tmp_path: Path, make_csv: Callable[..., Path]) -> None:
    path = tmp_path / "recipe.toml"
    file = make_csv(24).name
    path.write_text(f'[data]\nfile = "{file}"\n[data.augment]\nwords = {{ changes = 1 }}\nper_row = 2\n')
    recipe = resolve(workspace, load_recipe(path))
    version = recipe.version(workspace)
    assert version.made_rows > 0 and isinstance(version.steps, DataSteps)
    path.write_text(save_recipe(recipe))
    assert resolve(workspace, load_recipe(path)) == recipe
    path.write_text(f'[data]\nfile = "{file}"\n[data.augment]\nper_row = 6\n')
    with pytest.raises(StudioError, match="less than or equal to 5"):
        load_recipe(path)


def test_a_made_row_asks_in_plain_words_and_is_answered_as_before(workspace: Workspace, dataset: Dataset) -> None:
    version = made_by(workspace, dataset, templates={})
    train, texts = version.frame("train"), version.texts("train")
    made = train["group"].str.startswith(AUGMENTED)
    given = {row: (prompt, reply) for row, prompt, reply in texts[~made].itertuples(index=False)}
    assert made.sum() == version.made_rows > 50
    for row, asked, reply in texts[made].itertuples(index=False):
        question, answer = given[row]
        # The question stands in it to the letter, with whole sentences around it and nothing of JSON.
        assert question in asked and len(question) < len(asked) < len(question) + 100
        assert "role" not in asked.replace(question, "") and not set("{}[]\\") & set(asked.replace(question, ""))
        assert reply == answer

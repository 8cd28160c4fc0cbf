"""Recipes that merge files or bring a test file: short to write, whole when resolved, refused with the field's name."""

import os
import signal
from pathlib import Path

import pytest

from studio.errors import StudioError
from studio.training.queue import submit
from studio.training.recipe import Recipe, load_recipe, new_recipe, resolve, save_recipe
from studio.workspace import Workspace
from tests.conftest import chat_steps, wait_until

MERGE = (
    '[data]\ntest = 4\nvalidation = 2\n[[data.merge]]\nfile = "shop.csv"\nweight = 2\n'
    '[[data.merge]]\nfile = "more/chats.jsonl"\nfixes = ["exact_copies"]\nsystem = "Be brief."\n'
)
WEIGHTS = '[data.weights]\ncolumn = "source"\nvalues = {{ "shop.csv" = {} }}\n'
TEST = '[data]\nfile = "shop.csv"\ntest_file = "more/exam.csv"\n'


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """shop.csv with 30 rows, more/chats.jsonl with 11 of which one is a copy, more/exam.csv with 7."""
    (tmp_path / "more").mkdir()
    shop = [f"Where is my lamp{i} parcel{i}?,It is at place{i}." for i in range(30)]
    (tmp_path / "shop.csv").write_text("question,answer\n" + "\n".join(shop))
    chats = [
        f'{{"prompt": "Please tell me what you know of{i} this{i}", "completion": "This is what is known of {i}."}}'
        for i in [*range(10), 0]
    ]
    (tmp_path / "more" / "chats.jsonl").write_text("\n".join(chats))
    exam = [f"Exam question{i} about{i},answer{i}" for i in range(7)]
    (tmp_path / "more" / "exam.csv").write_text("question,answer\n" + "\n".join(exam))
    labels = [f"Some text number {i},{'good' if i % 2 else 'bad'}" for i in range(20)]
    (tmp_path / "labels.csv").write_text("text,label\n" + "\n".join(labels))
    return tmp_path


def written(folder: Path, text: str, name: str = "recipe.toml") -> Recipe:
    (folder / name).write_text(text)
    return load_recipe(folder / name)


def test_files_are_merged_by_their_weights(workspace: Workspace, files: Path) -> None:
    recipe = resolve(workspace, written(files, MERGE))
    version = recipe.version(workspace)
    rows = version.frame("train")["row"]
    assert (rows <= 30).sum() == 2 * rows[rows <= 30].nunique() and (rows > 30).sum() == rows[rows > 30].nunique()
    assert rows.nunique() == 34 and version.rows["validation"] == 2 and version.rows["test"] == 4
    assert recipe.name == "Shop and chats"
    assert recipe.data.weights is not None and recipe.data.weights.values == {"shop.csv": 2, "chats.jsonl": 1}
    assert "Be brief." in version.row(31)["messages"].iloc[0] and "Be brief." not in version.row(1)["messages"].iloc[0]


def test_a_resolved_merge_says_everything_and_repeats_the_run(workspace: Workspace, files: Path) -> None:
    recipe = resolve(workspace, written(files, MERGE))
    assert [part.file for part in recipe.data.merge] == [str(files / "shop.csv"), str(files / "more" / "chats.jsonl")]
    assert all(part.mapping is not None for part in recipe.data.merge)
    again = written(files / "more", save_recipe(recipe))
    assert resolve(workspace, again) == recipe
    # Without what the studio wrote, the files are merged anew and give the same rows.
    again.data.dataset = None
    assert resolve(workspace, again) == recipe
    (files / "shop.csv").write_text("question,answer\nAnother question,another answer\n")
    again.data.dataset = None
    with pytest.raises(StudioError, match="no longer what this recipe was made for"):
        resolve(workspace, again)


def test_an_instruction_stands_in_front_of_merged_rows_that_have_none(workspace: Workspace, files: Path) -> None:
    recipe = resolve(workspace, written(files, MERGE.replace("test = 4", 'system = "Be kind."')))
    version = recipe.version(workspace)
    assert "Be kind." in version.row(1)["messages"].iloc[0]
    assert "Be brief." in version.row(31)["messages"].iloc[0]


def test_a_test_file_is_read_like_the_file(workspace: Workspace, files: Path) -> None:
    recipe = resolve(workspace, written(files, TEST.replace("[data]", '[data]\nsystem = "Be kind."')))
    version = recipe.version(workspace)
    assert version.rows["test"] == 7 and version.rows["train"] + version.rows["validation"] == 30
    assert recipe.data.test_file == str(files / "more" / "exam.csv")
    assert recipe.data.separate_test is not None and recipe.data.separate_test.mapping == recipe.data.mapping
    assert all("Be kind." in talk for talk in version.frame("test")["messages"])
    again = written(files / "more", save_recipe(recipe))
    assert resolve(workspace, again) == recipe


def test_another_test_file_is_other_data(workspace: Workspace, files: Path) -> None:
    recipe = resolve(workspace, written(files, TEST))
    with (files / "more" / "exam.csv").open("a") as file:
        file.write("\nOne more question,answer")
    recipe.data.separate_test = None
    with pytest.raises(StudioError, match="no longer what this recipe was made for"):
        resolve(workspace, recipe)


def test_a_test_file_may_have_a_mapping_of_its_own_and_stand_beside_a_merge(workspace: Workspace, files: Path) -> None:
    (files / "more" / "exam.csv").write_text("title,body,said\nA,lamp,yes\nB,rug,no\n")
    mapping = '[data.test_mapping]\nkind = "chat"\nshape = "prompt_reply"\n' + (
        'columns = { prompt = "{title}: {body}", reply = "said" }\n'
    )
    text = MERGE.replace("test = 4", 'test_file = "more/exam.csv"') + mapping
    recipe = resolve(workspace, written(files, text))
    version = recipe.version(workspace)
    assert version.texts("test")["prompt"].tolist() == ["A: lamp", "B: rug"]
    assert recipe.data.test_mapping is None
    again = written(files / "more", save_recipe(recipe))
    assert resolve(workspace, again) == recipe


def test_the_page_makes_such_a_recipe_too(workspace: Workspace, files: Path) -> None:
    by_hand = resolve(workspace, written(files, TEST))
    steps = by_hand.steps()
    steps = chat_steps(**{name: value for name, value in dict(steps).items() if name != "mapping"})
    by_page = new_recipe(workspace, name="x", dataset_id=by_hand.data.dataset or "", steps=steps)
    assert by_page.data.fingerprint == by_hand.data.fingerprint
    merged = resolve(workspace, written(files, MERGE))
    by_page = new_recipe(workspace, name="x", dataset_id=merged.data.dataset or "", steps=merged.steps())
    assert by_page.data.fingerprint == merged.data.fingerprint


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (MERGE + WEIGHTS.format(3), "`weight` in [[data.merge]] says 2 for shop.csv, but [data.weights] says 3."),
        (MERGE + WEIGHTS.format(2).replace("source", "answer"), "says 2 for shop.csv, but [data.weights] says 1."),
        ("[data]\n", "Write `file`, or several files as `merge`"),
        (MERGE.replace("[data]", '[data]\nfile = "shop.csv"'), "both `file` and `merge`"),
        (MERGE.replace("[data]", '[data]\nprompt = "question"'), "`prompt` in [data] does not say which file"),
        (MERGE.replace("[data]", '[data]\nsheet = "one"'), "`sheet` in [data] does not say which file"),
        (MERGE.replace("weight = 2", "weight = 11"), "data.merge.0.weight: 11 will not do"),
        (MERGE.replace("weight = 2", "weight = nan"), "data.merge.0.weight: nan will not do"),
        (MERGE.replace("weight = 2", "colour = 2"), "“data.merge.0.colour”"),
        (MERGE.replace('file = "shop.csv"', ""), "lacks “data.merge.0.file”"),
        (MERGE.replace("shop.csv", "gone.csv"), "Check `data.merge.file`"),
        (MERGE.replace("more/chats.jsonl", "labels.csv").replace('system = "Be brief."', ""), "“Texts with a group”"),
        ('[data]\n[[data.merge]]\nfile = "shop.csv"\n', "at least two"),
        (TEST + "test = 5\n", "both `test_file` and `test`"),
        (TEST + "[data.split]\ntest = 5\n", "both `test_file` and `test`"),
        (TEST.replace("more/exam", "gone"), "Check `test_file`"),
        (TEST.replace("more/exam", "labels"), "Say it in [data.test_mapping]; its columns are text, label."),
        (TEST.replace("more/exam", "shop"), "learned from and tested with at once"),
        (
            '[data]\nfile = "shop.csv"\n[data.test_mapping]\nkind = "text"\nshape = "plain_text"\ncolumns = {}\n',
            "`test_mapping`, but no `test_file`",
        ),
        ('[data]\nfile = "shop.csv"\n[data.weights]\ncolumn = "nope"\nvalues = {}\n', "no column called “nope”"),
    ],
)
def test_a_wrong_one_is_refused_in_words(workspace: Workspace, files: Path, text: str, words: str) -> None:
    with pytest.raises(StudioError) as caught:
        resolve(workspace, written(files, text))
    assert words in caught.value.text and caught.value.hint


def test_a_real_worker_trains_on_it(workspace: Workspace, files: Path, tiny_model: Path) -> None:
    text = MERGE.replace("test = 4", 'test_file = "more/exam.csv"') + (
        f'[model]\nname = "{tiny_model}"\n[settings]\nmax_steps = 2\nchecks = 1\n'
    )

    run = submit(workspace, resolve(workspace, written(files, text)))
    try:
        wait_until(lambda: run.view().status in ("finished", "failed"), 90, "the run to end")
        view = run.view()
        assert view.status == "finished", view.error
        assert view.rows == {"train": 66, "check": 2, "test": 7} and view.result["test_rows"] == 7
    finally:
        if run.has_process():
            os.kill(run.process()["pid"], signal.SIGKILL)


def test_weights_may_be_said_twice_or_in_either_place(workspace: Workspace, files: Path) -> None:
    short = resolve(workspace, written(files, MERGE))
    twice = resolve(workspace, written(files, MERGE + WEIGHTS.format(2)))
    whole = resolve(workspace, written(files, MERGE.replace("weight = 2\n", "") + WEIGHTS.format(2)))
    assert short.data.fingerprint == twice.data.fingerprint == whole.data.fingerprint

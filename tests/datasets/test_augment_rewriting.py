"""A model's rewrites are made by a helper, kept only when they hold up, and stored under their own hash."""

from collections.abc import Callable
from pathlib import Path
from threading import Event

import psutil
import pytest

from studio.datasets.augment import Augmentation
from studio.datasets.augment.asked import asked_in
from studio.datasets.augment.rewrites import FOLDER, Origin, Rewrites, list_rewrites, store, stored
from studio.datasets.augment.rewriting import Progress, Rewriting, rewrite
from studio.datasets.augment.rewriting_helper import ask_in, unable
from studio.datasets.augment.writing import Writer
from studio.datasets.splits import AUGMENTED
from studio.datasets.store import Dataset, add_file
from studio.datasets.versions import prepare
from studio.errors import StudioError
from studio.models.loading import load_model, load_tokenizer
from studio.processes import identity, is_alive
from studio.workspace import Workspace
from tests.conftest import chat_steps, wait_until


@pytest.fixture
def dataset(workspace: Workspace, make_csv: Callable[..., Path]) -> Dataset:
    return add_file(workspace, make_csv(40))


def by_hand(dataset: Dataset, questions: list[str]) -> str:
    """Rewrites as a good model would make them, stored. Returns the hash."""
    found = Rewrites(Origin("paraphrase", "by hand"), asked=len(questions))
    for question in questions:
        assert found.offer(question, question.replace("Where is my", "Could you tell me where to find my"))
    return store(dataset.folder, found)


def test_stored_rewrites_become_training_rows_and_nothing_else(workspace: Workspace, dataset: Dataset) -> None:
    plain = prepare(workspace, dataset, chat_steps())
    all_rows = [text for split in plain.rows for text in asked_in(plain.frame(split), "chat")]
    name = by_hand(dataset, all_rows)
    version = prepare(workspace, dataset, chat_steps(augment={"rewrites": [name]}))
    assert version.made_rows == plain.rows["train"] and version.rows["test"] == plain.rows["test"]
    train = version.frame("train")
    made = train[train["group"].str.startswith(AUGMENTED)]
    assert made["messages"].str.contains("Could you tell me where to find my").all()
    before = version.parquet.read_bytes()
    (version.folder / "version.json").unlink()
    assert prepare(workspace, dataset, version.steps).parquet.read_bytes() == before


def test_a_file_that_is_missing_or_changed_is_said(workspace: Workspace, dataset: Dataset) -> None:
    name = by_hand(dataset, ["Where is my cup number 4?"])
    assert [one for one, _ in list_rewrites(dataset.folder)] == [name]
    path = dataset.folder / FOLDER / f"{name}.jsonl"
    path.write_bytes(path.read_bytes().replace(b"find my cup", b"lose my cup"))
    steps = chat_steps(augment={"rewrites": [name]})
    with pytest.raises(StudioError, match="changed after it was made"):
        prepare(workspace, dataset, steps)
    assert list_rewrites(dataset.folder) == []
    path.unlink()
    with pytest.raises(StudioError, match="not on this computer") as refused:
        prepare(workspace, dataset, steps)
    assert "Make them again" in refused.value.hint
    with pytest.raises(StudioError, match="not on this computer"):
        stored(dataset.folder, "../../dataset")


def test_a_helper_asks_the_model_and_counts_its_nonsense(
    workspace: Workspace, dataset: Dataset, tiny_model: Path
) -> None:
    """A two-layer model with random weights writes nothing that holds up; every word of it is accounted for."""
    wish = Rewriting(model=str(tiny_model), at_most=9, temperature=1)
    replies = list(rewrite(workspace, dataset, chat_steps(), wish))
    last = replies[-1]
    assert [reply.phase for reply in replies] == ["Loading the model", *["Rewriting"] * 2, "Done"]
    assert [reply.done for reply in replies] == [0, 8, 9, 9] and last.of == 9
    assert last.kept == 0 and sum(last.dropped.values()) == 9
    assert last.sentence.startswith("0 of 9 rewrites hold up. Dropped: ")
    kept = stored(dataset.folder, last.file)
    assert kept.asked == 9 and dict(kept.dropped) == last.dropped and kept.origin.model == str(tiny_model)
    version = prepare(workspace, dataset, chat_steps(augment={"rewrites": [last.file]}))
    assert version.made_rows == 0


def test_through_another_language_and_back(workspace: Workspace, dataset: Dataset, tiny_model: Path) -> None:
    wish = Rewriting(way="back_translation", model=str(tiny_model), at_most=2, through="French", temperature=0)
    last = list(rewrite(workspace, dataset, chat_steps(), wish))[-1]
    assert sum(last.dropped.values()) == 2 and stored(dataset.folder, last.file).origin.through == "French"
    assert ask_in("Is it red?", "French").startswith("Translate this question into French.")


def test_some_questions_are_not_given_to_the_model() -> None:
    assert unable("Is it red?", "en", "") == unable("Is it red?", "en", "German") == ""
    assert unable("Is it red?", "en", "English") == "in English already"
    assert unable("Is it red?", "", "German") == "in a language that could not be told"
    assert unable("red " * 400, "en", "") == "longer than 1,200 characters"


def test_the_seed_decides_what_is_written(tiny_model: Path) -> None:
    stopped = Event()
    writer = Writer(load_model(tiny_model, "cpu", "float32"), load_tokenizer(tiny_model), stopped)
    writer.ends = lambda: {5}  # type: ignore[method-assign]  # a random model seldom ends by itself; a common token

    def texts(seed: int, temperature: float = 1.5) -> list[str | None]:
        asks = ["Is it red or is it blue?", "Where is it?"] * 8
        return writer.write(asks, ["Is it red?"] * 16, temperature, seed)

    assert texts(1) == texts(1) != texts(2)
    assert texts(1, 0) == texts(2, 0)
    stopped.set()
    assert texts(1) == [None] * 16


def test_leaving_before_the_end_stops_the_helper_and_writes_nothing(
    workspace: Workspace, dataset: Dataset, tiny_model: Path
) -> None:
    before = set(psutil.Process().children())
    replies = rewrite(workspace, dataset, chat_steps(), Rewriting(model=str(tiny_model), per_row=5))
    assert next(replies).phase == "Loading the model"
    (helper,) = set(psutil.Process().children()) - before
    who = identity(helper.pid)
    assert is_alive(who)
    replies.close()  # type: ignore[attr-defined]  # a generator
    wait_until(lambda: not is_alive(who), 5, "the helper to end")
    assert list_rewrites(dataset.folder) == [] and not (dataset.folder / FOLDER).exists()


def test_what_cannot_be_rewritten_is_said(workspace: Workspace, dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="no model called"):
        next(rewrite(workspace, dataset, chat_steps(), Rewriting(model="nobody")))
    with pytest.raises(StudioError, match="not on this computer yet"):
        list(rewrite(workspace, dataset, chat_steps(), Rewriting(model="some/body")))
    with pytest.raises(ValueError, match="one rewrite for each question"):
        Rewriting(temperature=0, per_row=2)


def test_the_sentence_names_the_commonest_reason_first() -> None:
    said = Progress("Done", 4, 4, 1, {"empty": 1, "said before": 2}).sentence
    assert said == "1 of 4 rewrites hold up. Dropped: 2 said before, 1 empty."


def test_a_step_is_a_plain_document() -> None:
    step = Augmentation.model_validate({"words": {}, "rewrites": ["0" * 64]})
    assert Augmentation.model_validate(step.model_dump(mode="json")) == step

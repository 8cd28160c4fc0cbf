"""DPO on a two-layer model: it comes to prefer, and is held against the right reference."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from trl import DPOTrainer

from studio.datasets.examples import prompt_ids, render
from studio.datasets.rows import unpack
from studio.datasets.versions import Version
from studio.errors import StudioError
from studio.methods import Job, find_method
from studio.methods.dpo_trainer import DpoTrainer
from studio.methods.preference_rows import pair_splits
from studio.models.loading import load_model, load_result, load_tokenizer
from studio.workspace import Workspace
from tests.methods.preference_data import THINGS, WAYS, job_of, learns_and_loads_again, named, pairs, same_names

MORE_WAYS = [
    {"adapt": "lora", "weights": "8bit"},
    {"adapt": "lora", "init": "pissa"},
    {"adapt": "lora", "dora": True},
]
Build = Callable[..., DpoTrainer]


@pytest.fixture
def version(workspace: Workspace, tmp_path: Path) -> Version:
    return pairs(workspace, tmp_path)


@pytest.fixture
def make_job(tiny_model: Path, version: Version, tmp_path: Path) -> Callable[..., Job]:
    return lambda **more: job_of("dpo", tiny_model, version, tmp_path / "out", **more)


@pytest.fixture
def build(make_job: Callable[..., Job]) -> Build:
    return lambda **more: find_method("dpo").build(make_job(**more))


@pytest.mark.parametrize("way", WAYS + MORE_WAYS, ids=named)
def test_it_comes_to_prefer_and_changes_only_what_it_should(
    make_job: Callable[..., Job], way: dict[str, Any], tmp_path: Path
) -> None:
    figures = learns_and_loads_again(make_job(max_steps=8, **way), "dpo", tmp_path / "kept")
    if way["adapt"] not in ("prompt", "prefix"):  # a fresh one of these is no longer the base model
        assert figures["margin"][0] == pytest.approx(0, abs=1e-3)
    assert figures["loss"][1] < figures["loss"][0]
    assert figures["margin"][1] > figures["margin"][0] + 0.05


def test_the_rows_are_what_every_method_reads(tiny_model: Path, version: Version) -> None:
    tokenizer = load_tokenizer(tiny_model)
    (train, _, _), _ = pair_splits(tokenizer, version, 512)
    frame = version.frame("train")
    assert len(train) == len(frame) > 10
    for row, (messages, chosen, rejected) in zip(
        train, zip(frame["messages"], frame["chosen"], frame["rejected"], strict=True), strict=True
    ):
        asked = unpack(messages)
        assert row["prompt_ids"] == prompt_ids(tokenizer, asked)
        assert row["prompt_ids"] + row["chosen_ids"] == render(tokenizer, asked + unpack(chosen), 512).ids
        assert row["prompt_ids"] + row["rejected_ids"] == render(tokenizer, asked + unpack(rejected), 512).ids


@pytest.mark.parametrize("loss", ["sigmoid", "ipo", "hinge"])
def test_the_figures_are_those_of_trl(build: Build, loss: str) -> None:
    trainer = build(loss=loss, max_steps=3, learning_rate=0.002)
    trainer.train()
    trainer.model.eval()
    rows = trainer.test_dataset
    batch = trainer._prepare_inputs(trainer.data_collator([rows[i] for i in range(len(rows))]))
    ours = trainer.judge(rows)
    with torch.no_grad():
        loss_of_trl = DPOTrainer.compute_loss(trainer, trainer.model, batch)
    logged = {metric.name: trainer._metrics["eval"][metric.logged][-1] for metric in trainer.metrics}
    assert ours == pytest.approx({"loss": float(loss_of_trl), **logged}, rel=1e-3, abs=1e-5)


def test_the_reference_is_the_base_model(build: Build, tiny_model: Path) -> None:
    trainer = build(adapt="prompt")  # a fresh prompt changes the model, so the two differ
    base = load_model(tiny_model, "cpu", "float32").eval()
    row = trainer.train_dataset[0]
    assert row["ref_chosen_logps"] == pytest.approx(summed(base, row), rel=1e-4)
    assert trainer.judge(trainer.eval_dataset)["margin"] != pytest.approx(0, abs=1e-6)
    untuned = trainer.judge_untuned(trainer.eval_dataset)
    assert untuned["margin"] == pytest.approx(0, abs=1e-4) and untuned["accuracy"] == pytest.approx(0.5, abs=0.5)


def summed(model: Any, row: dict[str, Any]) -> float:
    ids = torch.tensor([row["prompt_ids"] + row["chosen_ids"]])
    with torch.no_grad():
        likely = model(ids).logits[:, :-1].log_softmax(-1)
    start = len(row["prompt_ids"]) - 1
    return float(likely.gather(2, ids[:, 1:, None])[0, start:].sum())


@pytest.mark.parametrize("adapt", ["lora", "ia3", "full"])
def test_what_goes_on_from_an_earlier_run_is_held_against_that_run(
    build: Build, make_job: Callable[..., Job], tmp_path: Path, adapt: str
) -> None:
    way = "lora" if adapt == "full" else adapt
    first = build(adapt=way, max_steps=4)
    first.train()
    first.keep(tmp_path / "first")
    further = build(adapt=adapt, start=tmp_path / "first")
    earlier = load_result(tmp_path / "first", make_job().folder, "cpu", "float32")
    row = further.train_dataset[0]
    assert row["ref_chosen_logps"] == pytest.approx(summed(earlier, row), rel=1e-4)
    assert row["ref_chosen_logps"] != pytest.approx(first.train_dataset[0]["ref_chosen_logps"], rel=1e-3)
    assert further.judge(further.eval_dataset)["margin"] == pytest.approx(0, abs=1e-3)


def test_metrics_have_the_same_names_in_training_and_in_checks(build: Build) -> None:
    trainer = build(max_steps=2)
    same_names(trainer, "dpo")
    assert trainer.tokens > trainer.trained > 0


@pytest.mark.parametrize(
    ("changed", "read"),
    [
        ({"loss": "ipo"}, lambda t: t.loss_types),
        ({"beta": 0.5}, lambda t: t.beta),
        ({"last_layers": 1, "adapt": "last_layers"}, lambda t: sum(p.requires_grad for p in t.model.parameters())),
        ({"max_length": 40}, lambda t: max(len(r["prompt_ids"] + r["chosen_ids"]) for r in t.train_dataset)),
        ({"batch_size": 2}, lambda t: t.args.per_device_train_batch_size),
        ({"learning_rate": 0.001}, lambda t: t.args.learning_rate),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_every_setting_of_its_own_reaches_the_trainer(
    build: Build, changed: dict[str, Any], read: Callable[[Any], object]
) -> None:
    assert read(build(**changed)) != read(build(adapt=changed.get("adapt", "lora")))


def test_pairs_whose_answers_are_cut_to_the_same_are_left_out_and_told_of(
    workspace: Workspace, tmp_path: Path, tiny_model: Path
) -> None:
    def change(row: list[str], i: int) -> list[str]:
        return [row[0], row[1], f"{row[1]} Or not."] if i % 6 == 0 else row

    version = pairs(workspace, tmp_path, change=change)
    lengths = job_of("dpo", tiny_model, version, tmp_path / "out", max_length=512)
    assert not any("Left out" in note for note in find_method("dpo").build(lengths).notes)
    tokenizer = load_tokenizer(tiny_model)
    row = version.frame("train").iloc[0]
    cut = len(render(tokenizer, unpack(row["messages"]) + unpack(row["chosen"]), 512).ids) - 3
    trainer = find_method("dpo").build(job_of("dpo", tiny_model, version, tmp_path / "out", max_length=cut))
    assert any("because both answers are the same" in note for note in trainer.notes)
    assert len(trainer.train_dataset) < version.rows["train"]


def test_examples_that_are_all_cut_off_are_refused(build: Build) -> None:
    with pytest.raises(StudioError, match="too little is left to learn from"):
        build(max_length=16)


def alike(numbers: range, **more: Any) -> dict[str, Any]:
    """Steps that make the answers of these rows the same by hand, which the reader of the file would refuse."""
    edits = [{"row": n, "reply": f"No {THINGS[(n - 1) % 4]} for you, go."} for n in numbers]
    return {"edits": edits, **more}


def test_pairs_that_are_mostly_alike_are_refused(workspace: Workspace, tmp_path: Path) -> None:
    check = find_method("dpo").check
    assert check is not None
    mostly = pairs(workspace, tmp_path, 24, **alike(range(1, 23)))
    with pytest.raises(StudioError, match=r"the better and the worse answer are the same \(the first is row \d+\)"):
        check(mostly, find_method("dpo").settings())


def test_a_few_pairs_that_are_alike_are_left_out(workspace: Workspace, tmp_path: Path, tiny_model: Path) -> None:
    version = pairs(workspace, tmp_path, 24, **alike(range(1, 9)))
    method = find_method("dpo")
    assert method.check is not None
    method.check(version, method.settings())
    trainer = method.build(job_of("dpo", tiny_model, version, tmp_path / "out"))
    assert trainer.notes[0] == "Left out of learning, checking and testing: 8 because both answers are the same."


def test_a_single_pair_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    check = find_method("dpo").check
    assert check is not None
    version = pairs(workspace, tmp_path, 3, split={"near_together": False, "validation": 1, "test": 1})
    with pytest.raises(StudioError, match="only 1 pair"):
        check(version, find_method("dpo").settings())


def test_thumbs_are_nothing_for_it() -> None:
    with pytest.raises(StudioError) as caught:
        find_method("dpo").check_kind("feedback")
    assert "Learn from thumbs up and down" in caught.value.hint

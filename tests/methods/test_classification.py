"""Sorting into one group each, on two-layer models: learned, kept, judged, and refused where it cannot work."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest
import torch

from studio.datasets.versions import Version
from studio.errors import StudioError
from studio.methods import find_method, judgements
from studio.methods.adapt_settings import AdaptSettings
from studio.methods.predictions import label_names, predict
from studio.models.loading import load_result, result_facts
from studio.training.queue import submit
from studio.training.recipe import load_recipe, resolve
from studio.workspace import Workspace
from tests.conftest import wait_until
from tests.methods.judging import (
    WAYS,
    batch_of,
    build,
    make_job,
    make_version,
    prove,
    resolve_table,
    table,
    texts,
)

Make = Callable[..., Any]


@pytest.fixture
def version(workspace: Workspace, tmp_path: Path) -> Version:
    return make_version(workspace, tmp_path, "label")


@pytest.fixture
def make(version: Version, tiny_encoder: Path, tmp_path: Path) -> Make:
    def trainer(**settings: object) -> Any:
        return build(make_job("classification", version, tiny_encoder, tmp_path / "out", **settings), "classification")

    return trainer


VARIANTS: list[dict[str, object]] = [
    {"adapt": "last_layers", "last_layers": 1},
    {"adapt": "lora", "weights": "4bit"},
    {"adapt": "lora", "weights": "8bit"},
    {"adapt": "ia3", "weights": "4bit"},
    {"adapt": "lora", "dora": True},
    {"adapt": "lora", "init": "pissa"},
    {"adapt": "lora", "lora_plus": 4},
]
CASES: list[tuple[str, dict[str, object]]] = [
    *((family, {"adapt": way}) for family in ("tiny_encoder", "tiny_model") for way in WAYS),
    *(("tiny_encoder", variant) for variant in VARIANTS),
    ("tiny_model", {"adapt": "lora", "weights": "4bit"}),
]


def named(case: object) -> str:
    return "-".join(map(str, case.values())) if isinstance(case, dict) else str(case)


@pytest.mark.parametrize(("family", "settings"), CASES, ids=named)
def test_it_learns_changes_what_it_should_and_loads_again(
    family: str, settings: dict[str, object], version: Version, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    model = request.getfixturevalue(family)
    job = make_job("classification", version, model, tmp_path / "out", **settings)
    prove("classification", job, tmp_path / "kept")


def test_the_best_point_is_the_one_with_the_best_f1(make: Make) -> None:
    trainer = make(max_steps=12)
    assert (trainer.args.metric_for_best_model, trainer.args.greater_is_better) == ("eval_f1", True)
    trainer.train()
    checks = [entry["eval_f1"] for entry in trainer.state.log_history if entry.get("eval_f1") and entry["step"]]
    assert trainer.state.best_metric == max(checks)
    assert find_method("classification").best == "f1"


def test_every_metric_is_logged_at_every_check_and_one_at_every_step(make: Make) -> None:
    trainer = make(max_steps=4, checks=2)
    trainer.train()
    names = {metric.name for metric in find_method("classification").metrics}
    checks = [entry for entry in trainer.state.log_history if "eval_loss" in entry]
    steps = [entry for entry in trainer.state.log_history if "loss" in entry]
    assert len(checks) >= 2 and all({f"eval_{name}" for name in names} <= set(entry) for entry in checks)
    assert len(steps) == 4 and all(0 <= entry["accuracy"] <= 1 for entry in steps)


def test_the_figures_are_those_of_the_definitions() -> None:
    truth, guessed = numpy.array([0, 0, 0, 1, 1, 2]), numpy.array([0, 0, 1, 1, 1, 0])
    figures = judgements.of_groups(truth, guessed)
    # Group 0: 2 of 3 guesses right, 2 of 3 found; group 1: 2 of 3 right, 2 of 2 found; group 2: never guessed.
    assert figures["accuracy"] == pytest.approx(4 / 6)
    assert figures["precision"] == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)
    assert figures["recall"] == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert figures["f1"] == pytest.approx((2 / 3 + 4 / 5 + 0) / 3)
    matrix = judgements.confusion(truth, guessed, ["a", "b", "c"])
    assert matrix == {"labels": ["a", "b", "c"], "matrix": [[2, 1, 0], [0, 2, 0], [1, 0, 0]]}
    told = judgements.group_by_group(truth, guessed, ["a", "b", "c"])
    assert [(one["label"], one["rows"]) for one in told] == [("a", 3), ("b", 2), ("c", 1)]
    assert told[1]["f1"] == pytest.approx(4 / 5)


def test_the_test_rows_give_a_confusion_matrix_and_the_baseline_is_the_commonest_group(make: Make) -> None:
    trainer = make(max_steps=30)
    trainer.train()
    after = trainer.judge(trainer.test_dataset)
    confusion = trainer.findings["confusion"]
    matrix = numpy.array(confusion["matrix"])
    assert confusion["labels"] == ["cup", "lamp", "rug"] and matrix.sum() == len(trainer.test_dataset)
    assert matrix.trace() / matrix.sum() == pytest.approx(after["accuracy"])
    before = trainer.judge_untuned(trainer.test_dataset)
    cups = list(trainer.test_dataset["labels"]).count(0)
    assert before["accuracy"] == pytest.approx(cups / len(trainer.test_dataset))
    assert before["loss"] > after["loss"]
    assert "commonest group, “cup”" in trainer.findings["baseline"]
    assert trainer.findings["confusion"] == confusion


def test_the_outputs_come_in_the_order_of_the_rows(make: Make) -> None:
    trainer = make()
    logits, labels = trainer.outputs(trainer.train_dataset)
    assert labels.tolist() == list(trainer.train_dataset["labels"])
    row = trainer.data_collator([trainer.train_dataset[7]])
    with torch.no_grad():
        alone = trainer.logits_of(trainer.model.eval(), row)[0]
    torch.testing.assert_close(torch.from_numpy(logits[7]), alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("weights", ["none", "balanced"])
def test_bites_change_memory_and_not_the_result(make: Make, weights: str) -> None:
    def losses(accumulation: int) -> list[float]:
        trainer = make(batch_size=8, accumulation=accumulation, max_steps=5, class_weights=weights, adapt="last_layers")
        trainer.model.config.hidden_dropout_prob = 0.0
        for module in trainer.model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        trainer.train()
        return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]

    assert losses(4) == pytest.approx(losses(1), rel=1e-3)


def test_balanced_weights_are_those_of_scikit_learn(make: Make) -> None:
    from sklearn.utils.class_weight import compute_class_weight

    trainer = make(class_weights="balanced")
    labels = list(trainer.train_dataset["labels"])
    expected = compute_class_weight("balanced", classes=numpy.arange(3), y=labels)
    assert trainer.weights.tolist() == pytest.approx(expected.tolist())
    logits = torch.zeros(3, 3)
    losses = trainer.row_losses(logits, torch.arange(3))
    assert (losses / losses[0]).tolist() == pytest.approx((expected / expected[0]).tolist())


@pytest.mark.parametrize(
    ("changed", "read"),
    [
        ({"class_weights": "balanced"}, lambda t: t.weights.tolist()),
        ({"batch_size": 4}, lambda t: t.args.per_device_train_batch_size),
        ({"max_length": 8}, lambda t: max(len(row["input_ids"]) for row in t.train_dataset)),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_every_setting_of_its_own_reaches_the_trainer(
    make: Make, changed: dict[str, object], read: Callable[[Any], object]
) -> None:
    assert read(make(**changed)) != read(make())


def test_the_test_above_knows_every_setting_of_its_own() -> None:
    cases = test_every_setting_of_its_own_reaches_the_trainer.pytestmark[0].args[1]
    fields, common = find_method("classification").settings.model_fields, AdaptSettings.model_fields
    own = {name for name in fields if name not in common or fields[name] is not common[name]}
    changed = {name for name in own if name not in common or fields[name].default != common[name].default}
    assert {next(iter(settings)) for settings, _ in cases} == changed


def test_a_text_is_read_with_the_marks_of_the_tokenizer_and_no_chat_format(make: Make, version: Version) -> None:
    trainer = make()
    first = version.frame("train")["text"].iloc[0]
    assert trainer.processing_class.decode(trainer.train_dataset[0]["input_ids"]) == first


def test_a_prediction_needs_nothing_but_what_is_kept(
    version: Version, tiny_encoder: Path, make: Make, tmp_path: Path
) -> None:
    trainer = make(max_steps=30)
    trainer.train()
    trainer.keep(tmp_path / "kept")
    facts = json.loads((tmp_path / "kept" / "result.json").read_text())
    assert label_names(facts["head"]) == ["cup", "lamp", "rug"]
    model = load_result(tmp_path / "kept", tiny_encoder, "cpu", "float32")
    assert model.config.id2label == {0: "cup", 1: "lamp", 2: "rug"}
    with torch.no_grad():
        logits = model(**batch_of(trainer)).logits.tolist()
    for row in logits:
        said = predict(row, facts)
        assert said["label"] == ["cup", "lamp", "rug"][numpy.argmax(row)]
        assert next(iter(said["scores"])) == said["label"]
        assert sum(said["scores"].values()) == pytest.approx(1)


# Going on from an earlier run.


def earlier(make: Make, folder: Path, **settings: object) -> Path:
    trainer = make(max_steps=12, **settings)
    trainer.train()
    trainer.keep(folder)
    return folder


def test_an_adapter_is_trained_further_and_its_groups_keep_their_places(
    make: Make, version: Version, workspace: Workspace, tiny_encoder: Path, tmp_path: Path
) -> None:
    kept = earlier(make, tmp_path / "first")
    facts = result_facts(kept)
    facts["head"]["id2label"] = {"0": "rug", "1": "cup", "2": "lamp"}
    (kept / "result.json").write_text(json.dumps(facts))
    job = make_job("classification", version, tiny_encoder, tmp_path / "out", start=kept)
    trainer = build(job, "classification")
    assert trainer.names == ["rug", "cup", "lamp"]
    label = version.frame("train")["label"].iloc[0]
    assert trainer.train_dataset[0]["labels"] == trainer.names.index(label)
    before = trainer.evaluate()["eval_loss"]
    trainer.train()
    assert trainer.evaluate()["eval_loss"] < before


def test_an_adapter_that_does_not_know_a_group_is_not_trained_further(
    make: Make, workspace: Workspace, tiny_encoder: Path, tmp_path: Path
) -> None:
    kept = earlier(make, tmp_path / "first")
    frame = table("label").replace({"answer": {"rug": "vase"}})
    other = make_version(workspace, tmp_path, "label", frame)
    with pytest.raises(StudioError, match="does not know “vase”"):
        build(make_job("classification", other, tiny_encoder, tmp_path / "out", start=kept), "classification")


def test_an_adapter_that_has_learned_something_else_is_not_trained_further(
    make: Make, version: Version, tiny_encoder: Path, tmp_path: Path
) -> None:
    kept = earlier(make, tmp_path / "first")
    facts = result_facts(kept)
    (kept / "result.json").write_text(json.dumps({**facts, "task": "causal"}))
    with pytest.raises(StudioError, match="has learned something else"):
        build(make_job("classification", version, tiny_encoder, tmp_path / "out", start=kept), "classification")


def test_a_whole_model_goes_on_from_what_it_knew_or_gets_a_new_head(
    make: Make, version: Version, workspace: Workspace, tmp_path: Path
) -> None:
    whole = earlier(make, tmp_path / "whole", adapt="full")
    again = build(make_job("classification", version, whole, tmp_path / "out", adapt="full"), "classification")
    known = again.judge_untuned(again.test_dataset)
    assert known == pytest.approx(again.judge(again.test_dataset))  # it is measured against itself
    assert "baseline" not in again.findings
    more = table("label")
    more.loc[::8, "answer"] = "vase"
    other = make_version(workspace, tmp_path, "label", more)
    new = build(make_job("classification", other, whole, tmp_path / "out", adapt="full"), "classification")
    assert new.names == ["cup", "lamp", "rug", "vase"] and new.model.config.num_labels == 4
    new.judge_untuned(new.test_dataset)
    assert "baseline" in new.findings


# What cannot work is said before the first step.

FEW = table("label", 24)
BAD = {
    "single group": (texts(["same"] * 24), "one group, “same”"),
    "seen once": (texts(["odd", *FEW["answer"][1:]]), "“odd” has a single text, which cannot be both"),
    "several seen once": (texts(["odd", "queer", *FEW["answer"][2:]]), "“odd” and “queer” have a single text each"),
}


@pytest.mark.parametrize("case", BAD)
def test_groups_that_cannot_be_learned_are_refused(
    workspace: Workspace, tiny_encoder: Path, tmp_path: Path, case: str
) -> None:
    frame, words = BAD[case]
    with pytest.raises(StudioError, match=words) as refused:
        resolve_table(workspace, tmp_path, tiny_encoder, "classification", "label", frame)
    assert refused.value.hint


def test_a_group_that_is_tested_and_never_learned_is_refused(
    workspace: Workspace, tiny_encoder: Path, tmp_path: Path
) -> None:
    test = pandas.DataFrame({"text": ["vase 1", "vase 2", "cup 3"], "answer": ["vase", "vase", "cup"]})
    test.to_csv(tmp_path / "test.csv", index=False)
    with pytest.raises(StudioError, match="“vase” is among the rows to check or test with, and never"):
        resolve_table(
            workspace, tmp_path, tiny_encoder, "classification", "label", table("label"), 'test_file = "test.csv"'
        )


def test_several_groups_a_text_are_for_the_other_method(
    workspace: Workspace, tiny_encoder: Path, tmp_path: Path
) -> None:
    with pytest.raises(StudioError, match="several groups at once") as refused:
        resolve_table(workspace, tmp_path, tiny_encoder, "classification", "labels", table("labels"))
    assert find_method("multi_label").title in refused.value.hint


def test_prompt_tuning_and_an_encoder_for_answers_are_refused(
    workspace: Workspace, tiny_encoder: Path, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="cannot train"):
        find_method("classification").settings.model_validate({"adapt": "prompt"})
    with pytest.raises(StudioError, match="cannot train it"):
        resolve_table(workspace, tmp_path, tiny_encoder, "sft", "label", table("label"))


def test_a_model_of_the_catalogue_is_known_before_it_is_here(workspace: Workspace, tmp_path: Path) -> None:
    minilm = Path("all-minilm-l6-v2")
    resolve_table(workspace, tmp_path, minilm, "classification", "label", table("label"))
    with pytest.raises(StudioError, match="does not write"):
        resolve_table(workspace, tmp_path, minilm, "sft", "label", table("label"))


def test_a_run_tells_everything_that_was_found(workspace: Workspace, tiny_encoder: Path, tmp_path: Path) -> None:
    table("label").to_csv(tmp_path / "rows.csv", index=False)
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(
        f'[data]\nfile = "rows.csv"\nvalidation = 8\ntest = 8\n[data.mapping]\nkind = "label"\nshape = "text_label"\n'
        f'columns = {{ text = "text", label = "answer" }}\n[model]\nname = "{tiny_encoder}"\n'
        '[method]\nname = "classification"\n[settings]\nmax_steps = 20\nlearning_rate = 0.01\nadapt = "full"\n'
        "checks = 4\n",
        "utf-8",
    )
    run = submit(workspace, resolve(workspace, load_recipe(recipe)))
    try:
        wait_until(lambda: run.view().status in ("finished", "failed"), 120, "the run to end")
    finally:
        if run.has_process() and run.view().live:
            os.kill(run.process()["pid"], signal.SIGKILL)
    view = run.view()
    assert view.status == "finished", view.error
    assert view.best == "f1" and view.best_value == max(value for step, value in view.series["check/f1"] if step)
    assert len(view.series["train/accuracy"]) == 20
    result = view.result
    assert result["confusion"]["labels"] == ["cup", "lamp", "rug"]
    assert "cup" in result["baseline"] and len(result["groups"]) == 3
    figures = {figure["name"]: figure for figure in result["test"]}
    assert figures["accuracy"]["before"] is not None and set(figures) == {"accuracy", "f1", "precision", "recall"}
    assert result["test_loss_after"] < result["test_loss_before"]

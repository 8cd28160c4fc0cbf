"""Going on from an earlier run: in the same way, with more of the model, with another method; and what is refused."""

import json
import math
import os
import shutil
import signal
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from studio.errors import StudioError
from studio.methods import Job, find_method
from studio.models.catalogue import find_model
from studio.models.loading import load_model, load_tokenizer
from studio.training.going_on import kept_shape
from studio.training.queue import submit
from studio.training.recipe import Recipe, load_recipe, resolve, save_recipe
from studio.training.run import Run, create_run, list_runs
from studio.workspace import Workspace
from tests.conftest import wait_until
from tests.methods.proof import changed_by_training, same_after_reload

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, tiny_model: Path, make_csv: Callable[..., Path]) -> Write:
    """A recipe file; `start`, `model` and `method` go where they belong, the rest into [settings]."""

    def make(start: str = "", model: str | Path | None = None, method: str = "sft", **settings: Any) -> Path:
        data = make_csv(24)
        values = {"max_steps": 6, "learning_rate": 0.005, "checks": 2, "max_length": 256, **settings}
        values |= {"shots": 0} if method == "sft" else {}
        recipe = Recipe.model_validate(
            {
                "data": {"file": str(data)},
                "model": ({"start": start} if start else {"name": str(tiny_model)})
                | ({"name": str(model)} if model else {}),
                "method": {"name": method},
                "settings": values,
            }
        )
        path = tmp_path / "recipe.toml"
        document = tomllib.loads(save_recipe(recipe))
        if start and not model:  # the model follows from the run
            document["model"].pop("name")
        path.write_text(tomli_w.dumps(document))
        return path

    return make


def trained(workspace: Workspace, recipe: Recipe) -> Run:
    """A run that has kept what it learned, trained here and not in a process of its own."""
    run = create_run(workspace, recipe)
    trainer, _ = prepared(workspace, recipe, run.checkpoints)
    trainer.train()
    from peft import PeftModel

    trainer.keep(run.adapter if isinstance(trainer.model, PeftModel) else run.whole_model)
    shutil.rmtree(run.checkpoints)
    run.events.write_text('{"at": 1, "kind": "finished", "result": {}}\n')
    return run


def prepared(workspace: Workspace, recipe: Recipe, output: Path) -> tuple[Any, Job]:
    """The trainer and the job of a resolved recipe, as the worker makes them."""
    folder = find_model(workspace, recipe.model.name).folder
    start = Run(workspace.runs / recipe.model.start).adapter if recipe.model.start else None
    start = start if start and start.is_dir() else None
    job = Job(
        folder,
        recipe.version(workspace),
        recipe.checked_settings(),
        output,
        "cpu",
        "float32",
        workspace.home,
        start,
    )
    return find_method(recipe.method.name).build(job), job


@pytest.fixture
def lora(workspace: Workspace, write: Write) -> Run:
    """A run that has trained a LoRA of rank 4."""
    return trained(workspace, resolve(workspace, load_recipe(write(rank=4, alpha=8))))


def batch_of(trainer: Any) -> dict[str, Any]:
    import torch

    ids = torch.tensor([trainer.test_dataset[0]["input_ids"]])
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


def loss_of(workspace: Workspace, run: Run, trainer: Any) -> float:
    """The loss of what a run has kept, on the rows of a trainer."""
    from studio.models.loading import load_result

    assert run.kept is not None
    mine, base = trainer.model, find_model(workspace, run.recipe().model.name).folder
    trainer.model = load_result(run.kept, base, "cpu", "float32")
    loss = trainer.mean_loss(trainer.test_dataset)
    trainer.model = mine
    return float(loss)


@pytest.mark.parametrize(
    "settings",
    [
        {"rank": 4},
        {"rank": 4, "weights": "4bit"},
        {"init": "pissa", "rank": 4},
        {"dora": True},
        {"adapt": "prompt", "virtual_tokens": 5, "learning_rate": 0.1},
        {"adapt": "prefix", "virtual_tokens": 5, "learning_rate": 0.1},
        {"adapt": "ia3", "learning_rate": 0.05},
    ],
    ids=str,
)
def test_an_adapter_is_trained_further_from_where_it_ended(
    workspace: Workspace, write: Write, tmp_path: Path, settings: dict[str, Any]
) -> None:
    first = trained(workspace, resolve(workspace, load_recipe(write(**settings))))
    more = {"weights": settings["weights"]} if "weights" in settings else {}
    rate = settings.get("learning_rate", 0.005)
    recipe = resolve(workspace, load_recipe(write(start=first.id, learning_rate=rate, **more)))
    assert recipe.model.start == first.id and recipe.model.name == first.recipe().model.name
    trainer, job = prepared(workspace, recipe, tmp_path / "out")
    assert job.start == first.adapter
    before = trainer.judge_untuned(trainer.test_dataset)["loss"]
    assert before == pytest.approx(loss_of(workspace, first, trainer), abs=1e-5)
    changed = changed_by_training(trainer)
    assert changed == {name for name, parameter in trainer.model.named_parameters() if parameter.requires_grad}
    assert all("default" in name for name in changed)  # the adapter's own, and nothing of the base model
    assert trainer.judge(trainer.test_dataset)["loss"] < before
    same_after_reload(trainer, job, batch_of(trainer), tmp_path / "kept")


def test_lora_and_then_the_whole_model_stands_on_its_own(
    workspace: Workspace, write: Write, lora: Run, tmp_path: Path
) -> None:
    recipe = resolve(workspace, load_recipe(write(start=lora.id, adapt="full", learning_rate=0.002)))
    trainer, job = prepared(workspace, recipe, tmp_path / "out")
    assert not any("lora" in name for name, _ in trainer.model.named_parameters())
    before = trainer.judge_untuned(trainer.test_dataset)["loss"]
    assert before == pytest.approx(loss_of(workspace, lora, trainer), abs=1e-4)
    trainer.train()
    assert trainer.judge(trainer.test_dataset)["loss"] < before
    same_after_reload(trainer, job, batch_of(trainer), tmp_path / "kept")
    shutil.rmtree(lora.folder)
    again = load_model(tmp_path / "kept", "cpu", "float32")  # with nothing else
    assert again.num_parameters() == trainer.model.num_parameters()
    assert load_tokenizer(tmp_path / "kept").chat_template


def test_preferences_after_examples_start_from_what_these_taught(
    workspace: Workspace, write: Write, lora: Run, tmp_path: Path
) -> None:
    pairs = tmp_path / "pairs.jsonl"
    row = {"chosen": "Your lamp is on its way to you.", "rejected": "No."}
    pairs.write_text("".join(json.dumps({"prompt": f"Where is lamp {n}?", **row}) + "\n" for n in range(24)))
    recipe = load_recipe(write(start=lora.id, method="dpo"))
    recipe.data.file = str(pairs)
    recipe = resolve(workspace, recipe)
    trainer, job = prepared(workspace, recipe, tmp_path / "out")
    assert job.start == lora.adapter
    # The reference is the earlier run's result too, so the two are at one, and the loss is that of a toss-up.
    before = trainer.judge_untuned(trainer.test_dataset)["loss"]
    assert before == pytest.approx(math.log(2), abs=1e-4)
    assert all("lora_" in name for name in changed_by_training(trainer))
    assert trainer.judge(trainer.test_dataset)["loss"] < before - 0.01
    trainer.keep(tmp_path / "kept")
    assert kept_shape(tmp_path / "kept") == kept_shape(lora.adapter)


def test_a_whole_model_and_then_lora_on_it(workspace: Workspace, write: Write, tmp_path: Path) -> None:
    first = trained(workspace, resolve(workspace, load_recipe(write(adapt="full"))))
    recipe = resolve(workspace, load_recipe(write(start=first.id)))
    assert (recipe.model.name, recipe.model.start) == (str(first.whole_model), first.id)
    trainer, job = prepared(workspace, recipe, tmp_path / "out")
    before = trainer.judge_untuned(trainer.test_dataset)["loss"]
    assert before == pytest.approx(loss_of(workspace, first, trainer), abs=1e-5)
    trainer.train()
    assert trainer.judge_untuned(trainer.test_dataset)["loss"] == pytest.approx(before, abs=1e-5)
    assert trainer.judge(trainer.test_dataset)["loss"] < before
    same_after_reload(trainer, job, batch_of(trainer), tmp_path / "kept")
    by_folder = resolve(workspace, load_recipe(write(model=first.whole_model)))
    assert by_folder.model.name == recipe.model.name


@pytest.mark.parametrize("settings", [{}, {"adapt": "full"}], ids=str)
def test_a_saved_recipe_of_a_chain_runs_again(workspace: Workspace, write: Write, settings: dict[str, Any]) -> None:
    first = trained(workspace, resolve(workspace, load_recipe(write(**settings))))
    recipe = resolve(workspace, load_recipe(write(start=first.id)))
    again = write()
    again.write_text(save_recipe(recipe))
    assert resolve(workspace, load_recipe(again)) == recipe


def test_the_shape_of_the_adapter_is_taken_over(workspace: Workspace, write: Write, lora: Run) -> None:
    assert kept_shape(lora.adapter) == {"adapt": "lora", "rank": 4, "alpha": 8, "rslora": False, "dora": False}
    recipe = resolve(workspace, load_recipe(write(start=lora.id)))
    assert (recipe.settings["rank"], recipe.settings["alpha"]) == (4, 8)
    assert resolve(workspace, load_recipe(write(start=lora.id, rank=4))).settings["rank"] == 4


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"rank": 16}, "has “Size of the adapter (rank)” at 4"),
        ({"dora": True}, "has “Direction and size apart (DoRA)” at off"),
        ({"init": "pissa"}, "cannot begin anew"),
        ({"adapt": "ia3"}, "“A few volume knobs (IA³)” cannot go on from that"),
        ({"model": "other"}, "does not fit"),
        ({"method": "classification"}, "was trained for something else"),
    ],
    ids=str,
)
def test_what_does_not_fit_the_earlier_run_is_refused(
    workspace: Workspace, write: Write, lora: Run, tiny_model: Path, settings: dict[str, Any], words: str
) -> None:
    if "model" in settings:
        settings = {"model": shutil.copytree(tiny_model, workspace.home / "another model")}
    with pytest.raises(StudioError) as caught:
        resolve(workspace, load_recipe(write(start=lora.id, **settings)))
    assert words in caught.value.message
    assert caught.value.hint


def test_a_learned_beginning_cannot_become_part_of_the_model(workspace: Workspace, write: Write) -> None:
    first = trained(workspace, resolve(workspace, load_recipe(write(adapt="prompt", virtual_tokens=4))))
    with pytest.raises(StudioError, match="cannot become part of the model itself"):
        resolve(workspace, load_recipe(write(start=first.id, adapt="full")))


def test_runs_that_left_nothing_cannot_be_gone_on_from(workspace: Workspace, write: Write, lora: Run) -> None:
    begun = create_run(workspace, resolve(workspace, load_recipe(write())))
    with pytest.raises(StudioError, match="has kept nothing to go on from"):
        resolve(workspace, load_recipe(write(start=begun.id)))
    path = write(start=lora.id)
    shutil.rmtree(lora.folder)
    with pytest.raises(StudioError, match="not on this computer"):
        resolve(workspace, load_recipe(path))


def test_a_chain_whose_first_model_is_gone_is_refused(workspace: Workspace, write: Write) -> None:
    first = trained(workspace, resolve(workspace, load_recipe(write(adapt="full"))))
    second = trained(workspace, resolve(workspace, load_recipe(write(start=first.id))))
    path = write(start=second.id)
    shutil.rmtree(first.folder)
    with pytest.raises(StudioError, match="stands on the model of a run that is no longer"):
        resolve(workspace, load_recipe(path))


@pytest.fixture
def worked(workspace: Workspace) -> Iterator[Callable[[Path], Run]]:
    """Train a recipe in a real worker process and wait for its end."""

    def until_it_ends(path: Path) -> Run:
        run = submit(workspace, resolve(workspace, load_recipe(path)))
        wait_until(lambda: not run.view().live and run.view().status != "waiting", 240, "the run to end")
        assert run.view().status == "finished", run.view().error
        return run

    yield until_it_ends
    for run in list_runs(workspace):
        if run.has_process():
            os.kill(run.process()["pid"], signal.SIGKILL)


def test_before_is_what_the_earlier_run_had_reached(worked: Callable[[Path], Run], write: Write) -> None:
    first = worked(write(rank=4))
    second = worked(write(start=first.id))
    reached = first.view().result["test_loss_after"]
    result = second.view().result
    assert result["test_loss_before"] == pytest.approx(reached, abs=1e-4)
    assert result["test_loss_after"] < reached
    phases = [text for _, text in second.view().log]
    assert any(f"Testing “{first.name}”, from which it goes on" in text for text in phases)

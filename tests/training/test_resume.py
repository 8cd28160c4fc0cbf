"""Real workers that are cut off, paused, starved of memory and led astray: what is left goes on, or says why not."""

import os
import resource
import signal
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from studio.errors import StudioError
from studio.processes import is_alive
from studio.training.back_off import found
from studio.training.checkpoints import points
from studio.training.queue import advance, go_on, submit
from studio.training.queue import start as start_worker
from studio.training.recipe import load_recipe, resolve
from studio.training.run import Run
from studio.workspace import Workspace, read_json
from tests.conftest import wait_until

pytestmark = pytest.mark.slow
Submit = Callable[..., Run]


def wait_for(run: Run, status: str, seconds: float = 150) -> None:
    wait_until(lambda: run.view().status in (status, "failed", "finished"), seconds, f"the run to be {status}")
    assert run.view().status == status, run.view().error


def kill(run: Run) -> None:
    os.kill(run.process()["pid"], signal.SIGKILL)
    wait_until(lambda: run.view().status == "failed", 10, "the death to be seen")


def go_on_to_the_end(run: Run) -> None:
    wait_until(lambda: not is_alive(run.process()), 30, "the worker to leave")
    go_on(run)
    wait_for(run, "finished")


def test_what_was_killed_twice_and_paused_once_has_the_losses_of_what_was_left_in_peace(start: Submit) -> None:
    settings = {"max_steps": 60, "checks": 12}
    run = start(**settings)
    wait_until(lambda: len(points(run.checkpoints)) and run.view().step > 12, 120, "a point and some steps")
    kill(run)
    step = points(run.checkpoints)[-1].step
    go_on(run)
    wait_until(lambda: run.view().step > step + 6 or run.view().error, 120, "some more steps")
    assert run.view().resumed_at >= step, run.view().error
    kill(run)
    go_on(run)
    wait_until(lambda: run.view().status == "running" and run.view().step > 20, 120, "some more steps")
    run.request_pause()
    wait_for(run, "paused")
    assert points(run.checkpoints)[-1].step == run.view().step  # nothing is lost by a pause
    go_on_to_the_end(run)

    peaceful = start(**settings)
    wait_for(peaceful, "finished")
    for name in ("loss", "validation", "learning_rate", "grad_norm"):
        assert run.view().series[name] == peaceful.view().series[name]
    same = ("test_loss_before", "test_loss_after", "test_rows", "kept_step", "steps")
    assert {name: run.view().result[name] for name in same} == {name: peaceful.view().result[name] for name in same}
    weights = [one.adapter / "adapter_model.safetensors" for one in (run, peaceful)]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    wait_until(lambda: not run.checkpoints.exists(), 10, "its points to be cleared away")


def test_a_run_that_died_before_its_first_point_begins_again(start: Submit) -> None:
    run = start(max_steps=6, checks=1)
    wait_until(lambda: run.view().status == "starting", 30, "the worker")
    kill(run)
    go_on_to_the_end(run)
    assert (run.view().step, run.view().resumed_at) == (6, 0)


def test_a_worker_that_slept_goes_on(start: Submit) -> None:
    run = start(max_steps=40)
    wait_until(lambda: run.view().step >= 3, 60, "the first steps")
    pid = run.process()["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        assert run.view().status == "running"
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_for(run, "finished")
    assert [step for step, _ in run.view().series["loss"]] == list(range(1, 41))


def test_a_second_worker_that_comes_and_goes_changes_nothing(start: Submit) -> None:
    run = start(max_steps=300, checks=2)
    wait_until(lambda: run.view().step >= 3, 60, "the first steps")
    first = run.process()["pid"]
    start_worker(run)  # as a server does that has not heard of the first one: it writes down the second one instead
    os.kill(run.process()["pid"], signal.SIGKILL)
    try:
        wait_until(lambda: not is_alive(run.process()), 10, "the second worker's death")
        assert run.view().live
        assert advance(run.workspace) is None
        wait_for(run, "finished")
        assert [step for step, _ in run.view().series["loss"]] == list(range(1, 301))
    finally:
        if psutil.pid_exists(first):
            os.kill(first, signal.SIGKILL)


def test_the_best_point_of_a_dead_run_can_be_kept(start: Submit) -> None:
    run = start(max_steps=4000, checks=100)
    wait_until(lambda: run.view().best_step and points(run.checkpoints), 120, "a best point")
    kill(run)
    go_on(run, "keep")
    wait_for(run, "stopped")
    assert run.view().result["kept_step"] <= run.view().result["steps"]
    assert (run.adapter / "adapter_model.safetensors").exists()


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("learning_rate = 0.005", "learning_rate = 0.001", "learning rate"),
        ('fingerprint = "', 'fingerprint = "0', "fingerprint"),
    ],
)
def test_nobody_goes_on_with_something_else(start: Submit, old: str, new: str, named: str) -> None:
    run = start(max_steps=4000, checks=100)
    wait_until(lambda: points(run.checkpoints), 120, "a point")
    kill(run)
    recipe = run.folder / "recipe.toml"
    assert old in recipe.read_text()
    recipe.write_text(recipe.read_text().replace(old, new))
    go_on(run)
    wait_until(lambda: run.view().status == "failed", 60, "the refusal")
    assert run.view().error is not None and named in run.view().error.message + run.view().error.evidence
    recipe.write_text(recipe.read_text().replace(new, old))
    known = points(run.checkpoints)
    assert known  # the refusal has taken nothing
    go_on(run)
    step = known[-1].step
    wait_until(lambda: run.view().resumed_at == step and run.view().step > step, 60, "it to go on from there")


def test_another_model_under_the_same_name_is_refused(
    workspace: Workspace, make_recipe: Callable[..., Path], tiny_model: Path, tmp_path: Path, start: Submit
) -> None:
    import shutil

    from safetensors.torch import load_file, save_file

    copy = tmp_path / "copied model"
    shutil.copytree(tiny_model, copy)
    path = make_recipe(24, max_steps=4000, checks=100)
    path.write_text(path.read_text().replace(str(tiny_model), str(copy)))
    run = submit(workspace, resolve(workspace, load_recipe(path)))
    wait_until(lambda: points(run.checkpoints), 120, "a point")
    kill(run)
    weights = load_file(copy / "model.safetensors")
    weights["model.norm.weight"][0] += 1
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    go_on(run)
    wait_until(lambda: run.view().status == "failed", 60, "the refusal")
    assert run.view().error is not None and "fingerprint of the model's files" in run.view().error.message


def test_a_run_that_memory_is_not_enough_for_takes_smaller_bites_and_goes_on(
    workspace: Workspace, make_recipe: Callable[..., Path]
) -> None:
    path = make_recipe(200, max_steps=6, checks=1, batch_size=128, max_length=512)
    path.write_text(path.read_text().replace('"sft"', '"kto"'))  # which is read bite by bite, and not in parts
    rows = path.parent / "rows.csv"
    long = "Your parcel is on its way to you and it will be there soon. " * 6
    judged = "".join(f"Where is parcel {i}?,{long}{i},{'true' if i % 2 else 'false'}\n" for i in range(200))
    rows.write_text(f"prompt,completion,label\n{judged}")
    run = submit(workspace, resolve(workspace, load_recipe(path)))
    wait_until(lambda: run.view().phase in ("Checking the untrained model", "Training"), 120, "it to be built")
    pid = run.process()["pid"]
    held = int(
        next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if "VmData" in line).split()[1]
    )
    resource.prlimit(pid, resource.RLIMIT_DATA, ((held + 300_000) * 1024, resource.RLIM_INFINITY))
    wait_for(run, "finished", 400)
    assert found(run)["accumulation"] >= 2
    assert run.recipe().checked_settings().accumulation == 1  # what was asked for stays on record
    said = [words for _, words in run.view().log if "memory was not enough" in words]
    assert said and "128 examples of a step" in said[0]
    assert run.view().step == 6


def test_a_batch_that_is_no_number_is_caught_and_kept(
    workspace: Workspace, make_recipe: Callable[..., Path], tiny_model: Path, tmp_path: Path
) -> None:
    import shutil

    from safetensors.torch import load_file, save_file
    from transformers import AutoTokenizer

    poisoned = tmp_path / "poisoned"
    shutil.copytree(tiny_model, poisoned)
    token = AutoTokenizer.from_pretrained(poisoned)("~", add_special_tokens=False)["input_ids"][0]
    weights = load_file(poisoned / "model.safetensors")
    weights["lm_head.weight"] = weights["model.embed_tokens.weight"].clone()  # only who reads it is led astray
    weights["model.embed_tokens.weight"][token] = float("inf")
    config = poisoned / "config.json"
    config.write_text(config.read_text().replace('"tie_word_embeddings": true', '"tie_word_embeddings": false'))
    save_file(weights, poisoned / "model.safetensors", metadata={"format": "pt"})
    path = make_recipe(24, max_steps=40, checks=20)
    path.write_text(path.read_text().replace(str(tiny_model), str(poisoned)))
    recipe = resolve(workspace, load_recipe(path))
    rows = recipe.version(workspace).frame("train")
    victim = str(rows["messages"].iloc[5]) if "messages" in rows else str(rows.iloc[5])
    number = next(n for n in range(24) if f"number {n}?" in victim)
    file = path.parent / "rows.csv"
    file.write_text(file.read_text().replace(f"number {number}?", f"number {number}~?"))
    run = submit(workspace, resolve(workspace, load_recipe(path)))
    wait_until(lambda: run.view().status == "failed", 120, "the number to be missed")
    error = run.view().error
    assert error is not None and "stopped being a number at step" in error.message
    kept = read_json(run.folder / "bad_batch.json")
    assert any(f"number {number}~?" in text for text in kept["rows"])
    assert kept["step"] == run.view().step + 1


def test_it_ends_early_when_it_has_learned_what_it_can(start: Submit) -> None:
    run = start(max_steps=400, checks=100, learning_rate=0.1, patience=2)
    wait_for(run, "finished")
    view = run.view()
    assert view.step < 400
    assert any(f"2 checks without getting better: it ended early, at step {view.step} of 400" in words
               for _, words in view.log)  # fmt: skip
    assert view.result["kept_step"] == view.best_step < view.step


def test_a_run_that_goes_well_has_nothing_to_go_on_with(start: Submit) -> None:
    run = start(max_steps=2)
    with pytest.raises(StudioError, match="nothing to go on with"):
        go_on(run)
    wait_for(run, "finished")
    with pytest.raises(StudioError, match="nothing to go on with"):
        go_on(run)

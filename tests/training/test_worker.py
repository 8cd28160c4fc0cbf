"""Real worker processes on a two-layer model: they finish, stop, survive their parent, and fail in words."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.export.bundle import export_state
from studio.processes import worker_environment
from studio.training.queue import active_run, advance, submit
from studio.training.recipe import load_recipe, resolve
from studio.training.run import Run, list_runs
from studio.workspace import Workspace
from tests.conftest import wait_until

Submit = Callable[..., Run]


def finished(run: Run) -> bool:
    return not run.view().live and run.view().status != "waiting"


def test_a_run_leaves_everything_that_it_promises(start: Submit) -> None:
    run = start(max_steps=8)
    wait_until(lambda: finished(run), 90, "the run to end")
    view = run.view()
    assert view.status == "finished", view.error
    assert (view.step, view.steps) == (8, 8)
    assert view.series["validation"][-1][1] < view.series["validation"][0][1]
    assert view.result["test_loss_after"] < view.result["test_loss_before"]
    assert view.result["kept_step"] == view.best_step
    assert (run.adapter / "adapter_model.safetensors").exists()
    for name in ("learning_rate", "grad_norm", "tokens_per_second", "memory_gb"):
        assert len(view.series[name]) == 8
        assert all(value > 0 for _, value in view.series[name][:-1])
    wait_until(lambda: export_state(run).status == "ready", 60, "the checked download")
    state = export_state(run)
    assert (state.same, state.asked) == (3, 3)


def test_stop_and_keep(start: Submit) -> None:
    run = start(max_steps=4000)
    wait_until(lambda: run.view().step >= 3, 60, "the first steps")
    run.request_stop(keep=True)
    wait_until(lambda: finished(run), 60, "the run to stop")
    assert run.view().status == "stopped"
    assert 3 <= run.view().step < 4000
    assert (run.adapter / "adapter_model.safetensors").exists()


def test_stop_and_discard(start: Submit) -> None:
    run = start(max_steps=4000)
    wait_until(lambda: run.view().step >= 1, 60, "the first step")
    run.request_stop(keep=False)
    wait_until(lambda: finished(run), 60, "the run to stop")
    assert run.view().status == "discarded"
    assert not run.adapter.exists() and not run.checkpoints.exists()


def test_a_killed_worker_shows_as_failed_within_five_seconds(start: Submit) -> None:
    run = start(max_steps=4000)
    wait_until(lambda: run.view().step >= 1, 60, "the first step")
    os.kill(run.process()["pid"], signal.SIGKILL)
    wait_until(lambda: run.view().status == "failed", 5, "the death to be noticed")
    error = run.view().error
    assert error is not None and "ended without a word at step" in error.message and error.hint


def test_a_run_outlives_the_process_that_started_it(workspace: Workspace, make_recipe: Callable[..., Path]) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from studio.training.queue import submit; from studio.training.recipe import load_recipe, resolve\n"
        "from studio.workspace import open_workspace\n"
        "w = open_workspace(sys.argv[1]); print(submit(w, resolve(w, load_recipe(Path(sys.argv[2])))).id)\n"
        "import os, signal; sys.stdout.flush(); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    arguments = [sys.executable, "-c", code, str(workspace.home), str(make_recipe(max_steps=3))]
    parent = subprocess.run(arguments, env=worker_environment(), capture_output=True, text=True)
    assert parent.returncode == -signal.SIGKILL
    run = list_runs(workspace)[0]
    wait_until(lambda: finished(run), 90, "the orphan to finish")
    assert run.view().status == "finished", run.view().error


def test_a_second_run_waits_and_then_starts_by_itself(workspace: Workspace, start: Submit) -> None:
    first = start(max_steps=4000)
    second = start(max_steps=2)
    assert second.view().status == "waiting"
    assert active_run(workspace) == first
    assert advance(workspace) is None
    wait_until(lambda: first.view().step >= 1, 60, "the first step")
    first.request_stop(keep=False)
    wait_until(lambda: finished(second), 90, "the second run")
    assert second.view().status == "finished", second.view().error


def test_a_waiting_run_can_be_taken_out(workspace: Workspace, start: Submit) -> None:
    first, second = start(max_steps=4000), start(max_steps=2)
    second.request_stop(keep=False)
    assert second.view().status == "discarded"
    first.request_stop(keep=False)
    wait_until(lambda: finished(first), 60, "the first run to stop")
    assert advance(workspace) is None


def test_a_run_whose_data_changed_is_refused(workspace: Workspace, start: Submit) -> None:
    blocker = start(max_steps=4000)
    run = start(max_steps=2)
    recipe = (run.folder / "recipe.toml").read_text()
    fingerprint = run.recipe().data.fingerprint or ""
    (run.folder / "recipe.toml").write_text(recipe.replace(fingerprint, "0" * 64))
    blocker.request_stop(keep=False)
    wait_until(lambda: finished(run), 90, "the run to be refused")
    assert run.view().error is not None and "no longer what this recipe" in run.view().error.message


def test_a_missing_model_ends_the_run_in_words(
    workspace: Workspace, make_recipe: Callable[..., Path], tiny_model: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "model"
    shutil.copytree(tiny_model, copy)
    recipe = make_recipe()
    recipe.write_text(recipe.read_text().replace(str(tiny_model), str(copy)))
    resolved = resolve(workspace, load_recipe(recipe))
    (copy / "model.safetensors").write_bytes(b"rubbish")
    run = submit(workspace, resolved)
    wait_until(lambda: finished(run), 60, "the run to fail")
    view = run.view()
    assert view.status == "failed"
    assert view.error is not None and "Traceback" not in view.error.message and view.error.hint


WHOLE = {"adapt": '"full"', "learning_rate": 0.003}
OTHER_WAYS = [WHOLE, {"weights": '"4bit"'}, {"adapt": '"prompt"', "learning_rate": 0.1, "max_length": 256}]


@pytest.mark.parametrize("settings", OTHER_WAYS, ids=["full", "4bit", "prompt"])
def test_other_ways_to_train_leave_as_much(start: Submit, settings: dict[str, object]) -> None:
    run = start(**{"max_steps": 6, **settings})
    wait_until(lambda: finished(run), 240, "the run to end")
    view = run.view()
    assert view.status == "finished", view.error
    assert view.result["test_loss_after"] < view.result["test_loss_before"]
    whole = settings is WHOLE
    assert run.kept == (run.whole_model if whole else run.adapter)
    assert run.kept is not None
    names = {path.name for path in run.kept.iterdir()}
    expected = {"model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"}
    assert expected <= names if whole else {"adapter_model.safetensors", "adapter_config.json"} <= names
    assert json.loads((run.kept / "result.json").read_text())["task"] == "causal"
    wait_until(lambda: not run.checkpoints.exists(), 10, "its points to be cleared away")
    asked = json.loads((run.folder / "answers.json").read_text())
    assert len(asked["answers"]) == 3
    wait_until(lambda: export_state(run).status in ("ready", "failed", "none"), 120, "the download")


def test_stop_and_discard_takes_a_whole_model_away_too(start: Submit) -> None:
    run = start(**{"max_steps": 4000, "checks": 100, **WHOLE})
    wait_until(lambda: run.view().step >= 1, 240, "the first step")
    run.whole_model.mkdir()  # as if it were being saved
    (run.whole_model / "model.safetensors").write_bytes(b"half")
    run.request_stop(keep=False)
    wait_until(lambda: finished(run), 120, "the run to stop")
    assert run.view().status == "discarded"
    assert run.kept is None and not run.checkpoints.exists()


def test_a_whole_model_that_is_stopped_is_kept(start: Submit) -> None:
    run = start(**{"max_steps": 4000, "checks": 100, **WHOLE})
    wait_until(lambda: run.view().step >= 3, 240, "the first steps")
    run.request_stop(keep=True)
    wait_until(lambda: finished(run), 120, "the run to stop")
    view = run.view()
    assert view.status == "stopped", view.error
    assert view.result["steps"] < 4000 and "test_loss_after" in view.result
    assert (run.whole_model / "model.safetensors").exists() and not run.checkpoints.exists()


def test_what_came_only_now_is_looked_at_before_it_is_loaded(
    workspace: Workspace, make_recipe: Callable[..., Path], tiny_model: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "model"
    shutil.copytree(tiny_model, copy)
    recipe = make_recipe()
    recipe.write_text(recipe.read_text().replace(str(tiny_model), str(copy)))
    resolved = resolve(workspace, load_recipe(recipe))
    shutil.rmtree(copy)
    shutil.copytree(tiny_encoder, copy)
    run = submit(workspace, resolved)
    wait_until(lambda: finished(run), 120, "the run to be refused")
    error = run.view().error
    assert error is not None and "reads and does not write" in error.message and "Choose another model" in error.hint
    assert "Loading the model and the examples" not in [text for _, text in run.view().log]


def headless(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "studio.training.headless", *arguments]
    return subprocess.run(command, env=worker_environment(), capture_output=True, text=True, timeout=400)


def test_headless_prints_the_folder_last(workspace: Workspace, make_recipe: Callable[..., Path]) -> None:
    result = headless(str(make_recipe(max_steps=2)), "--home", str(workspace.home))
    assert result.returncode == 0, result.stderr
    folder = Path(result.stdout.strip().splitlines()[-1])
    assert folder == list_runs(workspace)[0].folder
    assert "step 2 of 2" in result.stdout
    loss, perplexity, shown = (
        next(line for line in result.stdout.splitlines() if line.startswith(begin))
        for begin in ("Test loss on", "Test perplexity on", "The untrained model with")
    )
    assert all(word in line for line in (loss, perplexity) for word in ("before", "after")) and "loss" in shown
    assert json.loads((folder / "events.jsonl").read_text().splitlines()[-1])["kind"] == "finished"


def test_headless_says_what_is_wrong_and_exits_with_one(workspace: Workspace, make_recipe: Callable[..., Path]) -> None:
    result = headless(str(make_recipe(learning_rate=5)), "--home", str(workspace.home))
    assert result.returncode == 1
    assert "learning rate" in result.stderr and "Traceback" not in result.stderr
    assert list_runs(workspace) == []


def test_that_a_check_leaves_rows_out_is_told(workspace: Workspace, make_recipe: Callable[..., Path]) -> None:
    recipe = make_recipe(200, max_steps=2, checks=1)
    recipe.write_text(recipe.read_text().replace("[data]", "[data]\nvalidation = 80\ntest = 70"))
    run = submit(workspace, resolve(workspace, load_recipe(recipe)))
    wait_until(lambda: finished(run), 90, "the run to end")
    view = run.view()
    assert any(text.startswith("Each check reads 64 of the ") for _, text in view.log)
    assert view.result["test_rows"] > 64

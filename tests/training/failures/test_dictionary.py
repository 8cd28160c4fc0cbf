"""Every kind of failure is provoked, and told with its cause, its evidence and one next action.

Where it can be, by the real thing: a worker on a two-layer model that is killed, starved, or finds its data or model
changed. Where a computer without a graphics card, which stays up and has memory to spare, cannot do that, the exact
words of the exception, or the files that would be left, are given to the function; those tests say so.
"""

import errno
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from studio import processes
from studio.errors import StudioError
from studio.hub_errors import speaking_of_hub
from studio.models.hub_files import OF_MODEL
from studio.processes import identity
from studio.training import queue
from studio.training.events import EventLog
from studio.training.failures import KINDS, in_words
from studio.training.failures.telling import not_a_number, resume_refused
from studio.training.queue import submit
from studio.training.recipe import DataPart, Recipe, load_recipe, resolve
from studio.training.run import Run, create_run, list_runs
from studio.training.spread import what_failed
from studio.training.view import Failure
from studio.workspace import Workspace
from tests.conftest import wait_until
from tests.training.test_full_disk import fill, small_disk  # noqa: F401

provoked: dict[str, Callable[..., object]] = {}


def provokes(*kinds: str) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """Marks a test as the one that brings these kinds about."""

    def mark(test: Callable[..., object]) -> Callable[..., object]:
        provoked.update(dict.fromkeys(kinds, test))
        return test

    return mark


def test_every_kind_has_a_test_that_brings_it_about() -> None:
    assert set(provoked) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_is_told_in_whole_sentences_with_one_next_action(kind) -> None:
    for sentence in (kind.title, kind.message, kind.hint, kind.shown_by):
        assert sentence.endswith(".") and sentence[0].isupper()
    assert bool(kind.label) != (kind.action == "continue")  # going on is worded with its step
    assert kind.resumes or kind.action != "continue"


def told(error: StudioError, cause: str, *evidence: str) -> StudioError:
    """The error is of that kind, and its evidence has these words in it."""
    assert error.cause == cause, error.text
    for words in evidence:
        assert words in error.evidence
    assert error.message and error.hint and error.evidence
    return error


@pytest.fixture
def make_run(workspace: Workspace, make_recipe: Callable[..., Path]) -> Iterator[Callable[..., Run]]:
    """A run that waits to be started; whatever still works at the end is killed."""

    def make(**settings: object) -> Run:
        return create_run(workspace, resolve(workspace, load_recipe(make_recipe(**settings))))

    yield make
    for run in list_runs(workspace):
        if run.has_process():
            os.kill(run.process()["pid"], signal.SIGKILL)


def failure(run: Run, seconds: float = 120) -> Failure:
    """How the run ended, once it has."""
    wait_until(lambda: run.view().status in ("failed", "finished"), seconds, "the end of the run")
    view = run.view()
    assert view.status == "failed" and view.error is not None
    return view.error


def fails(run: Run) -> Failure:
    queue.start(run)
    return failure(run)


# What a real worker meets


@provokes("killed")
@pytest.mark.slow
def test_a_worker_that_is_killed(make_run: Callable[..., Run]) -> None:
    run = make_run(max_steps=4000)
    queue.start(run)
    wait_until(lambda: run.view().step >= 3, 120, "the first steps")
    os.kill(run.process()["pid"], signal.SIGKILL)
    found = failure(run)
    assert found.cause == "killed" and "of 4000" in found.message
    assert "ended no program for lack of memory" in found.evidence and " GB when it last said so" in found.evidence


@provokes("data_changed")
@pytest.mark.slow
def test_rows_that_are_not_those_of_the_recipe(make_run: Callable[..., Run]) -> None:
    run = make_run()
    recipe = run.folder / "recipe.toml"
    fingerprint = str(run.recipe().data.fingerprint)
    recipe.write_text(recipe.read_text().replace(fingerprint, "0123456789abcdef" * 4))
    found = fails(run)
    assert found.cause == "data_changed" and "0123456789ab" in found.evidence and fingerprint[:12] in found.evidence


@provokes("data_gone")
@pytest.mark.slow
def test_data_that_was_deleted_while_the_run_waited(make_run: Callable[..., Run]) -> None:
    run = make_run()
    shutil.rmtree(run.workspace.datasets / str(run.recipe().data.dataset))
    assert fails(run).cause == "data_gone"


@provokes("model_gone")
@pytest.mark.slow
def test_a_model_whose_folder_was_deleted_while_the_run_waited(make_run: Callable[..., Run], own_model: Path) -> None:
    run = with_model(make_run(), own_model)
    shutil.rmtree(own_model)
    found = fails(run)
    assert found.cause == "model_gone" and "own-model" in found.evidence + found.message


@provokes("model_unreadable")
@pytest.mark.slow
def test_a_file_of_weights_that_breaks_off(make_run: Callable[..., Run], own_model: Path) -> None:
    run = with_model(make_run(), own_model)
    weights = own_model / "model.safetensors"
    os.truncate(weights, 5000)
    found = fails(run)
    assert found.cause == "model_unreadable" and "model.safetensors has 5,000 bytes" in found.evidence


@pytest.fixture
def own_model(tiny_model: Path, tmp_path: Path) -> Path:
    """A copy of the two-layer model that a test may damage."""
    return Path(shutil.copytree(tiny_model, tmp_path / "own-model"))


def with_model(run: Run, folder: Path) -> Run:
    recipe = run.folder / "recipe.toml"
    recipe.write_text(recipe.read_text().replace(run.recipe().model.name, str(folder)))
    return run


@provokes("examples_cut")
@pytest.mark.slow
def test_examples_that_are_all_cut_before_their_answers(make_run: Callable[..., Run]) -> None:
    found = fails(make_run(max_length=16))
    assert found.cause == "examples_cut" and "0 keep any of their answer" in found.evidence


@provokes("settings")
@pytest.mark.slow
def test_a_setting_that_the_model_cannot_do(make_run: Callable[..., Run]) -> None:
    run = make_run()
    recipe = run.folder / "recipe.toml"
    recipe.write_text(recipe.read_text().replace("max_length = ", "max_length = 1024  # "))
    found = fails(run)
    assert found.cause == "settings" and "max_length" in found.evidence


@provokes("library_missing")
@pytest.mark.slow
def test_a_library_that_is_not_there(
    make_run: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    # Read before what is installed: the library is there, and cannot be imported.
    (blocked / "peft.py").write_text("raise ModuleNotFoundError(\"No module named 'peft'\", name='peft')\n")
    monkeypatch.setattr(processes, "PROJECT", f"{blocked}{os.pathsep}{processes.PROJECT}")
    found = fails(make_run())
    assert found.cause == "library_missing" and "“peft”" in found.evidence


@provokes("disk_full")
@pytest.mark.slow
def test_a_disk_that_fills_while_it_trains(small_disk: Workspace, make_recipe: Callable[..., Path]) -> None:  # noqa: F811
    run = submit(small_disk, resolve(small_disk, load_recipe(make_recipe(max_steps=4000))))
    wait_until(lambda: run.view().step >= 3, 120, "the first steps")
    fill(small_disk)
    found = failure(run)
    assert found.cause == "disk_full" and "0.00 GB are free" in found.evidence


@provokes("not_writable")
@pytest.mark.slow
def test_a_folder_that_becomes_read_only(small_disk: Workspace, make_recipe: Callable[..., Path]) -> None:  # noqa: F811
    """Nothing can be written about it, so it is the worker's own function that is asked, on the real refusal."""
    run = create_run(small_disk, resolve(small_disk, load_recipe(make_recipe())))
    disk = str(small_disk.home.parent)
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    try:
        with pytest.raises(OSError) as refused:
            EventLog(run.events).write("phase", text="Loading the model")
    finally:
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    told(in_words(refused.value), "not_writable", "Read-only file system")


@provokes("out_of_memory")
@pytest.mark.slow
def test_a_worker_that_may_have_too_little_memory() -> None:
    """A process of its own under a real limit (RLIMIT_DATA), and torch's allocator on the processor."""
    limit = 3 * 1024**3
    code = (
        "import torch\nfrom studio.training.failures import document, in_words\nimport json\n"
        "try:\n    torch.zeros(2**32, dtype=torch.uint8)\n"
        "except Exception as error:\n    print(json.dumps(document(in_words(error))))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=processes.worker_environment(),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (limit, limit)),
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found["cause"] == "out_of_memory"
    assert "It asked for 4.00 GB at once" in found["evidence"] and "GB of the computer's memory" in found["evidence"]


# What is brought about in this process


@provokes("no_rows_left")
def test_rows_of_which_none_can_be_used(workspace: Workspace, make_recipe: Callable[..., Path], tmp_path: Path) -> None:
    recipe = make_recipe()
    recipe.write_text(recipe.read_text().replace("[model]", 'prompt = "question"\nreply = "answer"\n[model]'))
    (tmp_path / "rows.csv").write_text("question,answer\nOnly a question?,\nAnd one more?,\n")
    with pytest.raises(StudioError) as refused:
        resolve(workspace, load_recipe(recipe))
    told(in_words(refused.value), "no_rows_left", "0 of its rows can be used")


@provokes("download_failed", "gated")
def test_a_model_that_the_hub_does_not_give() -> None:
    """The hub's own exceptions, as its client raises them: no test may reach for the network."""
    import httpx2
    from huggingface_hub.errors import GatedRepoError, OfflineModeIsEnabled

    answer = httpx2.Response(403, request=httpx2.Request("GET", "https://huggingface.co/x/y"))
    for raised, cause in (
        (OfflineModeIsEnabled("offline"), "download_failed"),
        (httpx2.ConnectError("no route"), "download_failed"),
        (GatedRepoError("gated", response=answer), "gated"),
    ):
        with pytest.raises(StudioError) as refused, speaking_of_hub("x/y", OF_MODEL):
            raise raised
        assert in_words(refused.value).cause == cause


@provokes("refused")
def test_what_a_part_of_the_studio_refuses_without_a_name_for_it() -> None:
    said = StudioError("“Answers” cannot train it.", "Choose another model.")
    assert in_words(said) is said and said.cause == "refused"


# What cannot be brought about here: the exact words, or the files that would be left


@provokes("graphics_card")
@pytest.mark.parametrize(
    "words",
    [
        "CUDA error: device-side assert triggered\nCUDA kernel errors might be asynchronously reported",
        "cuDNN error: CUDNN_STATUS_EXECUTION_FAILED",
        "Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
    ],
)
def test_the_words_of_a_graphics_card(words: str) -> None:
    told(in_words(RuntimeError(words)), "graphics_card", words.split("\n")[0])


def test_the_words_of_a_graphics_card_without_memory() -> None:
    words = "CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 23.64 GiB"
    told(in_words(RuntimeError(words)), "out_of_memory", "It asked for 2.50 GB at once")


@pytest.fixture
def dead(make_run: Callable[..., Run]) -> Callable[..., Run]:
    """A run whose worker is gone and left no last word; keywords change what its process.json says."""

    def make(**said: object) -> Run:
        run = make_run()
        gone = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        who = identity(gone.pid)
        gone.kill()
        gone.wait()
        (run.folder / "process.json").write_text(json.dumps(who | said))
        log = EventLog(run.events)
        log.write("plan", steps=80, epochs=1, rows={"train": 20, "check": 2, "test": 2})
        log.write("step", step=7, epoch=0.1, loss=2.0, memory_gb=1.25)
        return run

    return make


@provokes("computer_restarted")
def test_a_computer_that_was_started_anew(dead: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    """process.json of a run from before a restart: another name of the computer's start, or none and a later time."""
    found = dead(boot="11111111-2222-3333-4444-555555555555").view().error
    assert found is not None and found.cause == "computer_restarted" and "at step 7 of 80" in found.message
    monkeypatch.setattr(processes, "boot", lambda: "")
    assert processes.was_restarted({"pid": 1, "created": 1e9}) and not processes.was_restarted(identity())


@provokes("killed_for_memory")
def test_a_kernel_that_ended_programs_for_lack_of_memory(
    dead: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel's count as it would stand after that: nothing here can make it end a program."""
    counts = tmp_path / "vmstat"
    counts.write_text("nr_free_pages 100\noom_kill 5\noom_kill_other 9\n")
    monkeypatch.setattr("studio.training.failures.death.oom_kills", lambda: processes.oom_kills(counts))
    found = dead(oom_kills=3).view().error
    assert found is not None and found.cause == "killed_for_memory"
    assert "ended 2 programs for lack of memory" in found.evidence and "held 1.25 GB" in found.evidence
    again = dead(oom_kills=5).view().error
    assert again is not None and again.cause == "killed"
    assert processes.oom_kills(tmp_path / "none") is None


def test_what_was_found_out_first_is_what_is_told_later(
    dead: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = dead()
    first = run.view().error
    monkeypatch.setattr("studio.training.failures.death.was_restarted", lambda who: True)
    moved = run.folder.rename(run.folder.with_name(f"{run.folder.name}-later"))  # nothing is remembered of this place
    assert Run(moved).view().error == first


@provokes("part_killed")
def test_a_process_of_several_that_is_gone(workspace: Workspace, tmp_path: Path) -> None:
    """What torch's launcher writes of it; that it does so is tested by tests/training/test_several_devices.py."""
    run = create_run(workspace, Recipe(name="Two", data=DataPart()))
    (run.folder / "parts").mkdir()
    line = "E1122 21:36:24.940 api.py:1002] failed (exitcode: -9) local_rank: 1 (pid: 4001) of binary: python\n"
    (run.folder / "parts" / "launch.log").write_text(line)
    found = told(what_failed(run, 2, ""), "part_killed", "Process 2 of 2 (number 4001)", "SIGKILL")
    assert "One of the 2 processes that train together ended unexpectedly before its first step" in found.message


@provokes("not_a_number")
def test_a_loss_that_is_no_number() -> None:
    """What the worker's reporter raises; that it does is tested where the worker is."""
    found = told(
        in_words(not_a_number("loss", float("nan"), 12, "bad_batch.json")), "not_a_number", "At step 12", "nan"
    )
    assert "bad_batch.json" in found.evidence and "learning rate" in found.hint


@provokes("resume_refused")
def test_a_point_that_is_made_of_something_else() -> None:
    """What the worker raises when what it finds is not what a point was made of."""
    found = in_words(resume_refused({"the learning rate": (0.0002, 0.001), "the model": ("a", "b")}))
    told(found, "resume_refused", "the learning rate: then 0.0002, now 0.001; the model: then a, now b")
    assert "the learning rate and the model are no longer the same" in found.message


@provokes("unknown")
def test_what_nobody_foresaw() -> None:
    told(in_words(ValueError("what\nis this")), "unknown", "ValueError: what")


# How an error is found within another


def test_a_full_disk_within_the_errors_of_libraries() -> None:
    def raised(build: Callable[[], None]) -> BaseException:
        with pytest.raises(RuntimeError) as caught:
            build()
        return caught.value

    def wrapped() -> None:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as error:
            raise RuntimeError("could not save") from error

    def while_handled() -> None:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError:
            raise RuntimeError("could not tidy up")  # noqa: B904

    for error in (
        raised(wrapped),
        raised(while_handled),
        RuntimeError("I/O error: No space left on device (os error 28)"),
    ):
        assert in_words(error).cause == "disk_full"


def test_what_merely_came_before_is_not_the_cause() -> None:
    def tried_first() -> None:
        try:
            raise ImportError("No module named 'fast'", name="fast")
        except ImportError:
            raise ValueError("the slow way failed, too")  # noqa: B904

    with pytest.raises(ValueError) as caught:
        tried_first()
    assert in_words(caught.value).cause == "unknown"


def test_events_from_before_there_was_a_dictionary_still_read(make_run: Callable[..., Run]) -> None:
    run = make_run()
    EventLog(run.events).write("failed", message="It broke.", hint="Mend it.", last_line="snap")
    found = run.view().error
    assert found is not None and found == replace(found, message="It broke.", cause="unknown", evidence="")

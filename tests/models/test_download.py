"""A download of a model can be cut, paused, cancelled and killed, and goes on with what is missing."""

import json
import os
import signal
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import psutil
import pytest
from filelock import FileLock
from huggingface_hub import constants

from studio.errors import StudioError
from studio.models import download as downloading
from studio.models import downloads
from studio.models.catalogue import Model, find_model
from studio.models.download import Halted, download
from studio.models.download_state import REQUEST, Download, write_state
from studio.models.fetch import ensure_model, lock_of
from studio.models.hub_files import wanted
from studio.models.revision import FILE as REVISION
from studio.models.revision import revision_of
from studio.workspace import Workspace, read_json
from tests.conftest import wait_until
from tests.models.hub import COMMIT, Hub

NAME = "someone/tiny-model"
BIG = 6_000_000  # bytes of the one large file


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """What a download takes for a model: a config and weights, which nobody looks into."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "llama"}')
    (folder / "tokenizer.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(os.urandom(BIG))
    return folder


@pytest.fixture
def model(workspace: Workspace) -> Model:
    return find_model(workspace, NAME)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes this process and those that it starts take a hub for the real one."""

    def use(hub: Hub) -> Hub:
        place = "/{repo_id}/resolve/{revision}/{filename}"
        for name, value in {"HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub.url + place)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr("time.sleep", lambda seconds, sleep=__import__("time").sleep: sleep(min(seconds, 0.05)))
        return hub

    return use


@pytest.fixture(autouse=True)
def no_process_left(workspace: Workspace) -> Iterator[None]:
    yield
    for file in workspace.models.glob("*.part/download.state"):
        process = (read_json(file) or {}).get("process", {}).get("pid")
        if process and process != os.getpid() and psutil.pid_exists(process):
            psutil.Process(process).kill()


def state(model: Model) -> Download:
    known = downloads.download_of(model)
    assert known is not None
    return known


def whole(model: Model, files: Path) -> bool:
    there = {file.name: file.read_bytes() for file in model.folder.iterdir() if file.name != REVISION}
    assert revision_of(model) == f"{NAME} at {COMMIT}"
    return there == {file.name: file.read_bytes() for file in files.iterdir()} and not model.part.exists()


def test_what_was_cut_is_gone_on_with_and_only_the_rest_is_fetched(model: Model, files: Path, here: Any) -> None:
    here(Hub(NAME, files, breaks_off=True))
    with pytest.raises(StudioError, match="could not be reached"):
        download(model, print)
    known = state(model)
    assert (known.state, known.total > BIG) == ("failed", True)
    assert "could not be reached" in known.message and "is kept" in known.hint
    missing = known.total - known.done
    assert BIG // 2 <= missing <= BIG // 2 + downloading.CHUNK
    hub = here(Hub(NAME, files))
    download(model, print)
    assert hub.sent == [f"model.safetensors from {BIG - missing}"] and hub.bytes == missing
    assert whole(model, files) and downloads.download_of(model) is None


def test_a_wrong_checksum_is_said_and_only_that_file_is_fetched_again(model: Model, files: Path, here: Any) -> None:
    here(Hub(NAME, files, spoils="model.safetensors"))
    with pytest.raises(StudioError, match=r"model\.safetensors .* its checksum is wrong"):
        download(model, print)
    assert sorted(file.name for file in model.part.iterdir()) == ["config.json", "download.state", "tokenizer.json"]
    assert "checksum" in state(model).message and not model.on_disk
    hub = here(Hub(NAME, files))
    download(model, print)
    assert hub.sent == ["model.safetensors from 0"] and whole(model, files)


def test_a_small_file_is_checked_too(model: Model, files: Path, here: Any) -> None:
    here(Hub(NAME, files, spoils="tokenizer.json"))
    with pytest.raises(StudioError, match=r"tokenizer\.json .* its checksum is wrong"):
        download(model, print)


def test_a_file_that_the_hub_changed_meanwhile_is_fetched_anew(model: Model, files: Path, here: Any) -> None:
    here(Hub(NAME, files, breaks_off=True))
    with pytest.raises(StudioError):
        download(model, print)
    (files / "model.safetensors").write_bytes(os.urandom(BIG))
    (files / "tokenizer.json").unlink()
    download(model, print) if here(Hub(NAME, files)) else None
    assert whole(model, files)


def test_a_disk_that_is_too_small_is_noticed_before_and_during(
    model: Model, files: Path, here: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = here(Hub(NAME, files))
    free = [400_000_000]
    disk = namedtuple("disk", "total used free")
    monkeypatch.setattr(downloading.shutil, "disk_usage", lambda place: disk(10**12, 0, free[0]))
    with pytest.raises(StudioError, match=r"needs 0\.0 GB more .* 0\.5 GB should stay free .* 0\.4 GB are free"):
        download(model, print)
    assert not hub.sent
    free[0] = 10**12
    normal = downloading.Careful.write

    def shrinking(self: Any, chunk: bytes) -> int:
        written = normal(self, chunk)
        free[0] = 10**12 if len(chunk) < 1000 else 100_000_000
        return written

    monkeypatch.setattr(downloading.Careful, "write", shrinking)
    with pytest.raises(StudioError, match="nearly full"):
        download(model, print)
    assert 0 < state(model).done < state(model).total


def test_gated_missing_unsafe_and_too_new_models_are_sentences(model: Model, files: Path, here: Any) -> None:
    def refused(hub: Hub, words: str) -> str:
        here(hub)
        with pytest.raises(StudioError, match=words) as caught:
            download(model, print)
        assert state(model).message == caught.value.message and caught.value.hint
        assert not model.on_disk and not any("safetensors" in sent for sent in hub.sent)
        return caught.value.hint

    refused(Hub(NAME, files, gated=True), "accept its licence")
    refused(Hub("someone/else", files), f"no model called {NAME}")
    (files / "config.json").write_text('{"model_type": "qwen97"}')
    refused(Hub(NAME, files), "of the kind “qwen97”, which the installed transformers")
    (files / "model.safetensors").rename(files / "pytorch_model.bin")
    refused(Hub(NAME, files), "no weights in the safetensors format")
    (files / "pytorch_model.bin").rename(files / "model-Q4_K_M.gguf")
    assert "name the file here" in refused(Hub(NAME, files), "GGUF files only")
    (files / "config.json").rename(files / "adapter_config.json")
    (files / "model-Q4_K_M.gguf").rename(files / "adapter_model.safetensors")
    assert "may be an adapter" in refused(Hub(NAME, files), "no config.json")


def test_offline_nothing_is_begun(workspace: Workspace, model: Model) -> None:
    with pytest.raises(StudioError, match="could not be reached"):
        downloads.start(workspace, model)
    assert downloads.download_of(model) is None
    with pytest.raises(StudioError, match="does not come from the Hugging Face hub"):
        downloads.start(workspace, find_model(workspace, "smollm2-135m-instruct"))


def test_a_download_is_paused_gone_on_with_and_done_by_processes_of_its_own(
    workspace: Workspace, model: Model, files: Path, here: Any
) -> None:
    hub = here(Hub(NAME, files, halts=True))
    downloads.start(workspace, model)
    assert state(model).state == "running"
    wait_until(lambda: state(model).done > 1_000_000, 40, "the first bytes")
    downloads.pause(model)
    assert state(model).state == "pausing"
    with pytest.raises(StudioError, match="just being stopped"):
        downloads.start(workspace, model)
    # The connection is stuck: the process ends by itself all the same.
    wait_until(lambda: state(model).state == "paused", 20, "the pause")
    known = state(model)
    assert known.message == "" and 0 < known.share < 1
    hub.go_on.set()
    resumed = here(Hub(NAME, files))
    downloads.start(workspace, model)
    wait_until(lambda: model.on_disk, 40, "the whole model")
    assert whole(model, files)
    assert resumed.bytes == known.total - known.done


def test_a_killed_download_says_so_and_a_cancelled_one_leaves_nothing(
    workspace: Workspace, model: Model, files: Path, here: Any
) -> None:
    hub = here(Hub(NAME, files, halts=True))
    downloads.start(workspace, model)
    wait_until(lambda: state(model).done > 1_000_000, 40, "the first bytes")
    process = read_json(model.part / "download.state")["process"]["pid"]
    os.kill(process, signal.SIGKILL)
    wait_until(lambda: state(model).state == "failed", 10, "that it is seen")
    assert "broke off" in state(model).message and state(model).done > 1_000_000
    downloads.start(workspace, model)
    wait_until(lambda: workspace.locks and state(model).state == "running", 20, "the second try")
    downloads.cancel(model)
    hub.go_on.set()
    wait_until(lambda: downloads.download_of(model) is None, 20, "that it is gone")
    assert list(workspace.models.iterdir()) == []
    (model.part).mkdir()
    write_state(model.part, state="paused")
    downloads.cancel(model)
    assert not model.part.exists()


def test_whoever_needs_a_model_waits_while_it_is_downloaded(
    workspace: Workspace, model: Model, files: Path, here: Any
) -> None:
    hub = here(Hub(NAME, files))
    said: list[str] = []
    with FileLock(lock_of(workspace, model)):
        waiting = Thread(target=lambda: ensure_model(workspace, model, said.append), daemon=True)
        waiting.start()
        wait_until(lambda: said, 20, "a sentence about waiting")
        download(model, print)
    waiting.join(20)
    assert said == ["Waiting for tiny-model, which is being brought here: 0%"]
    assert len(hub.sent) == 3 and whole(model, files)


def test_a_run_whose_download_is_paused_says_why_it_cannot_go_on(
    workspace: Workspace, model: Model, files: Path, here: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    here(Hub(NAME, files))
    monkeypatch.setattr(downloading, "fetch", lambda model, part, *_: (_ for _ in ()).throw(Halted("pause")))
    with pytest.raises(StudioError, match="was paused"):
        ensure_model(workspace, model, print)
    assert state(model).state == "paused" and not (model.part / REQUEST).exists()


def test_only_what_a_model_needs_is_fetched() -> None:
    for path in (
        "config.json",
        "model-00001-of-00002.safetensors",
        "tokenizer.model",
        "chat_template.jinja",
        "LICENSE",
    ):
        assert wanted(path)
    for path in (
        "onnx/model.safetensors",
        "original/consolidated.00.pth",
        "consolidated.safetensors",
        "tekken.json",
        "pytorch_model.bin",
        "model.gguf",
        "../config.json",
        "modeling_own.py",
    ):
        assert not wanted(path)


def test_the_time_left_follows_the_bytes(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    from studio.processes import identity

    model.part.mkdir()
    file = {"path": "model.safetensors", "size": 1000, "sha256": "", "blob": ""}
    write_state(model.part, state="running", process=identity(), commit="", files=[file], began=0.0, began_bytes=100)
    (model.part / "model.safetensors.incomplete").write_bytes(bytes(400))
    monkeypatch.setattr("time.time", lambda: 30.0)
    known = state(model)
    assert (known.done, known.total, known.share) == (400, 1000, 0.4)
    assert known.seconds_left == 600 * 30 / 300
    assert json.loads((model.part / "download.state").read_text())["state"] == "running"

"""A model from the hub, asked for by a process of its own as the workers do: brought here whole, or not at all."""

import os
import subprocess
import sys
from pathlib import Path

from studio.models.catalogue import find_model
from studio.processes import worker_environment
from studio.workspace import Workspace
from tests.conftest import ROOT
from tests.models.hub import Hub

NAME = "someone/tiny-model"
FETCH = """
import sys
from studio.errors import StudioError
from studio.models.catalogue import find_model
from studio.models.fetch import ensure_model
from studio.workspace import open_workspace
workspace = open_workspace(sys.argv[1])
try:
    print(ensure_model(workspace, find_model(workspace, sys.argv[2]), print))
except StudioError as error:
    sys.exit(f"{error.message} {error.hint}")
"""


def fetch(workspace: Workspace, url: str, name: str = NAME) -> subprocess.CompletedProcess[str]:
    environment = {**worker_environment(), "HF_ENDPOINT": url, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"}
    command = [sys.executable, "-c", FETCH, str(workspace.home), name]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100)


def test_a_model_of_the_hub_is_brought_here_once(workspace: Workspace, tiny_model: Path) -> None:
    hub = Hub(NAME, tiny_model)
    first = fetch(workspace, hub.url)
    assert first.returncode == 0, first.stderr
    assert f"Downloading {NAME} from the Hugging Face hub" in first.stdout
    folder = find_model(workspace, NAME).folder
    for file in tiny_model.iterdir():
        assert (folder / file.name).read_bytes() == file.read_bytes()
    number = len(hub.sent)
    assert fetch(workspace, hub.url).returncode == 0
    assert len(hub.sent) == number


def test_a_download_that_broke_off_is_no_model_and_the_next_try_goes_on(workspace: Workspace, tiny_model: Path) -> None:
    broken = fetch(workspace, Hub(NAME, tiny_model, breaks_off=True).url)
    assert broken.returncode == 1
    assert "could not be reached" in broken.stderr and "Traceback" not in broken.stderr
    assert not find_model(workspace, NAME).on_disk
    hub = Hub(NAME, tiny_model)
    assert fetch(workspace, hub.url).returncode == 0
    folder = find_model(workspace, NAME).folder
    assert all((folder / file.name).read_bytes() == file.read_bytes() for file in tiny_model.iterdir())
    assert len(hub.sent) < len(os.listdir(tiny_model))


def test_no_network_no_such_model_and_a_gated_one_are_sentences(workspace: Workspace, tiny_model: Path) -> None:
    for url, name, words in (
        ("http://127.0.0.1:9", NAME, "could not be reached"),
        (Hub(NAME, tiny_model).url, "someone/no-model", "no model called someone/no-model"),
        (Hub(NAME, tiny_model, gated=True).url, NAME, "accept its licence"),
    ):
        result = fetch(workspace, url, name)
        assert result.returncode == 1
        assert words in result.stderr and "Traceback" not in result.stderr
        assert not find_model(workspace, NAME).on_disk

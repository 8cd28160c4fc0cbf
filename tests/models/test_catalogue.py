"""Finding a model by catalogue name, folder or hub name; bringing it here, or saying why not."""

import shutil
from pathlib import Path

import pytest

from studio.errors import StudioError
from studio.models.catalogue import find_model, list_models
from studio.models.fetch import ensure_model
from studio.workspace import Workspace


def test_every_catalogue_entry_loads_and_says_its_licence(workspace: Workspace) -> None:
    models = list_models(workspace)
    assert models[0].name == "smollm2-135m-instruct"
    assert all(model.licence and model.parameters and model.sentence for model in models)
    assert not any(model.on_disk for model in models)


def test_a_folder_and_a_hub_name_are_models_too(workspace: Workspace, tiny_model: Path) -> None:
    assert find_model(workspace, str(tiny_model)).on_disk
    hub = find_model(workspace, "someone/some-model")
    assert (hub.source, hub.on_disk) == ("hub", False)
    assert hub.folder.parent == workspace.models


@pytest.mark.parametrize("name", ["", "nonsense", "../../etc", "a/b/c", "/nowhere"])
def test_anything_else_is_refused(workspace: Workspace, name: str) -> None:
    with pytest.raises(StudioError, match="no model called"):
        find_model(workspace, name)


def test_without_a_network_a_hub_model_gets_a_sentence(workspace: Workspace) -> None:
    with pytest.raises(StudioError, match="could not be reached"):
        ensure_model(workspace, find_model(workspace, "someone/some-model"), print)


def test_weights_that_can_run_code_are_not_loaded(workspace: Workspace, tiny_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pickled"
    shutil.copytree(tiny_model, folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(StudioError, match="no weights in the safetensors format"):
        ensure_model(workspace, find_model(workspace, str(folder)), print)

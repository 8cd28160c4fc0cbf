"""The catalogue's shapes are true: each model, built without weights, has the parameters that its card states."""

from typing import Any

import pytest

from studio.errors import StudioError
from studio.models.blueprint import architecture_of, build_empty, count
from studio.models.catalogue import find_model, list_models, preset_files, preset_values
from studio.workspace import Workspace


def each_kind_quickly() -> list[Any]:
    """All models, of which the first of each kind is tested at every turn, and the others are slow."""
    seen: set[str] = set()
    marked = []
    for file in preset_files():
        kind = preset_values(file)["architecture"]["model_type"]
        marked.append(pytest.param(file.stem, marks=[pytest.mark.slow] if kind in seen else []))
        seen.add(kind)
    return marked


@pytest.mark.parametrize("name", each_kind_quickly())
def test_a_model_has_the_parameters_that_are_stated(workspace: Workspace, name: str) -> None:
    model = find_model(workspace, name)
    built = build_empty(architecture_of(model), model.family)
    assert all(parameter.device.type == "meta" for parameter in built.parameters())
    assert abs(count(built) / model.parameters - 1) < 0.01


@pytest.mark.parametrize("name", [file.stem for file in preset_files()])
def test_the_context_and_the_download_fit_the_shape(workspace: Workspace, name: str) -> None:
    model = find_model(workspace, name)
    text = model.architecture.get("text_config", model.architecture)
    known = text.get("max_position_embeddings") or text.get("n_positions") or 512  # T5 learned on texts of 512
    assert known - 2 <= model.context <= known  # RoBERTa keeps two positions for padding
    if not model.package or model.package_sha256:
        # Weights of 2 or 4 bytes, and at most 50 MB of tokenizer; Qwen3-0.6B and -1.7B carry their head twice.
        head = text.get("hidden_size", 0) * text["vocab_size"] if name in ("qwen3-0.6b", "qwen3-1.7b") else 0
        bytes_each = [(model.download_mb * 1e6 - extra) / (model.parameters + head) for extra in (0, 50e6)]
        assert any(bytes_each[1] <= width * 1.02 and width <= bytes_each[0] * 1.02 for width in (2, 4))


def test_the_shape_of_a_model_on_this_computer_is_that_of_its_files(workspace: Workspace, tiny_model: object) -> None:
    assert architecture_of(find_model(workspace, str(tiny_model)))["hidden_size"] == 64
    with pytest.raises(StudioError, match="known once it is on this computer"):
        architecture_of(find_model(workspace, "someone/unknown"))


def test_sizes_run_from_a_tenth_of_a_billion_to_seventy(workspace: Workspace) -> None:
    models = list_models(workspace)
    assert len(models) >= 40
    writing = [model.parameters for model in models if model.family == "causal"]
    assert min(writing) < 0.14e9 and max(writing) > 70e9
    assert {model.family for model in models} == {"causal", "encoder", "encoder-decoder", "vision"}
    assert {model.form for model in models} == {"instruct", "base"}

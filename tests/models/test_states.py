"""What can be chosen: the catalogue and what was brought, each with its state; offline, what is here stands first."""

import json
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from studio.models import states
from studio.models.catalogue import find_model
from studio.models.download_state import write_state
from studio.models.kinds import is_known, known_kinds
from studio.models.states import list_with_states, state_of
from studio.workspace import Workspace

Card = namedtuple("Card", "isup")
Address = namedtuple("Address", "family address")


def test_each_state_is_told(workspace: Workspace, tiny_model: Path) -> None:
    model = find_model(workspace, "qwen3-0.6b")
    assert state_of(model).kind == "away"
    model.part.mkdir()
    file = {"path": "model.safetensors", "size": 1000, "sha256": "", "blob": ""}
    write_state(model.part, state="paused", commit="", files=[file])
    (model.part / "model.safetensors.incomplete").write_bytes(bytes(250))
    state = state_of(model)
    assert state.kind == "partly" and state.download is not None and state.download.share == 0.25
    shutil.copytree(tiny_model, model.folder)
    assert state_of(model).kind == "here"
    (model.folder / "config.json").write_text(json.dumps({"model_type": "qwen97"}))
    state = state_of(model)
    assert state.kind == "too_new" and "the installed transformers" in state.reason


def test_a_hub_name_of_the_catalogue_is_the_catalogues_model(workspace: Workspace) -> None:
    assert find_model(workspace, "qwen/qwen3-0.6B") == find_model(workspace, "qwen3-0.6b")
    # The starter's weights come from its package, and are not those of the hub to the last digit.
    assert find_model(workspace, "HuggingFaceTB/SmolLM2-135M-Instruct").source == "hub"


def test_what_was_brought_by_name_is_listed_and_offline_stands_first(
    workspace: Workspace, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(tiny_model, find_model(workspace, "someone/own-model").folder)
    shutil.copytree(tiny_model, find_model(workspace, "gpt2").folder)
    find_model(workspace, "someone/other").part.mkdir()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    listing = list_with_states(workspace)
    assert "offline" in listing.offline
    assert [(model.name, state.kind) for model, state in listing.models[:4]] == [
        ("gpt2", "here"),
        ("someone/own-model", "here"),
        ("someone/other", "partly"),
        ("smollm2-135m-instruct", "away"),
    ]
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    cards = {"lo": Card(True), "eth0": Card(True)}
    addresses = {"lo": [Address(2, "127.0.0.1")], "eth0": [Address(2, "192.168.1.5")]}
    monkeypatch.setattr(states.psutil, "net_if_stats", lambda: cards)
    monkeypatch.setattr(states.psutil, "net_if_addrs", lambda: addresses)
    listing = list_with_states(workspace)
    assert listing.offline == "" and listing.models[0][0].name == "smollm2-135m-instruct"
    addresses["eth0"] = [Address(states.psutil.AF_LINK, "52:54:00:12:34:56"), Address(10, "fe80::1")]
    assert "no network now" in list_with_states(workspace).offline


def test_the_kinds_that_transformers_knows_are_told_without_importing_it() -> None:
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    assert known_kinds() == frozenset(CONFIG_MAPPING.keys())
    assert is_known("qwen3") and not is_known("qwen97") and not is_known("")

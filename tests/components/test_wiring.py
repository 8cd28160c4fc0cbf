"""The page's wiring, without a browser: the rules of the face hold, and handlers speak in plain words."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import gradio.blocks
import pytest

from components import draft
from components.app import build_app
from components.security import middleware, own_hosts
from components.sizing import Sizes
from studio.chat.client import Chat
from studio.datasets.inspection import Inspector
from studio.datasets.xray import XRay
from studio.methods import METHODS
from studio.workspace import Workspace
from tests.conftest import ROOT

Config = dict[str, Any]


@pytest.fixture
def config(workspace: Workspace) -> Iterator[Config]:
    xray, chat, inspector, sizes = XRay(workspace), Chat(workspace), Inspector(workspace), Sizes(workspace)
    yield build_app(workspace, xray, chat, inspector, sizes).get_config_file()
    xray.close()
    chat.close()


def test_nothing_holds_a_connection_open(config: Config) -> None:
    assert config["connect_heartbeat"] is False


def test_every_field_has_a_name_for_screen_readers(config: Config) -> None:
    fields = ("textbox", "number", "dropdown", "radio", "checkbox", "slider", "file", "dataframe")
    nameless = [c["props"] for c in config["components"] if c["type"] in fields and not c["props"].get("label")]
    assert nameless == []


def test_the_form_is_drawn_from_the_settings_models(config: Config) -> None:
    labels = {component["props"].get("label") for component in config["components"]}
    for method in METHODS.values():
        for field in method.settings.model_fields.values():
            assert field.title in labels


def test_no_handler_is_offered_as_a_public_endpoint(config: Config) -> None:
    public = [d["api_name"] for d in config["dependencies"] if d.get("api_visibility") == "public" and d["backend_fn"]]
    assert public == []


def test_no_two_listeners_of_an_event_wait_for_their_last_turn(config: Config) -> None:
    """Gradio ends such a wait by sending the whole event again, so that two of them wake each other without end."""
    waiting = Counter(
        tuple(target) for d in config["dependencies"] if d["trigger_mode"] == "always_last" for target in d["targets"]
    )
    loads = {target for target in waiting if target[1] == "load"}  # is never sent again, but handler by handler
    assert [target for target, listeners in waiting.items() if listeners > 1 and target not in loads] == []


def test_the_last_news_of_a_hidden_text_is_never_lost(config: Config) -> None:
    losing = [
        d["id"]
        for d in config["dependencies"]
        if d["trigger_mode"] == "once" and any(event.startswith("moved_") for _, event in d["targets"])
    ]
    assert losing == []


def test_nothing_that_a_person_picks_is_lost(config: Config) -> None:
    """Gradio drops the event of a `once` listener while an earlier one is under way."""
    types = {component["id"]: component["type"] for component in config["components"]}
    told_once = {"upload", "decided", "merged"}  # a second one is refused in words, or meant the same
    losing = [
        (types.get(part), event)
        for d in config["dependencies"]
        if d["trigger_mode"] == "once" and d["backend_fn"]
        for part, event in d["targets"]
        if event in ("input", "select") or (types.get(part) == "html" and event not in told_once)
    ]
    assert losing == []


def test_a_quiet_page_asks_the_server_once_a_second(config: Config) -> None:
    always = {c["id"] for c in config["components"] if c["type"] == "timer" and c["props"]["active"]}
    asking = [d["id"] for d in config["dependencies"] for id, event in d["targets"] if id in always and event == "tick"]
    assert len(always) == 1 and len(asking) == 1


def test_no_handler_marks_its_outputs_as_pending(config: Config) -> None:
    marking = [d["id"] for d in config["dependencies"] if d["show_progress_on"] != [] and d["outputs"]]
    assert marking == []


def test_forbidden_parts_are_not_used() -> None:
    forbidden = {"State", "ChatInterface", "unload", "LoginButton"}
    used = [
        f"{file.name}: {node.attr}"
        for file in (ROOT / "components").glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in forbidden
    ]
    assert used == []


def test_skipping_a_part_sends_nothing_of_it(config: Config) -> None:
    part = gr.HTML("x", render=False)
    assert gradio.blocks.postprocess_update_dict(part, gr.skip()) == {"__type__": "update"}
    shown = gradio.blocks.postprocess_update_dict(part, gr.update(visible=False, own="prop"))
    assert shown == {"__type__": "update", "visible": part.visible, "props": {"own": "prop"}}


def test_the_draft_survives_and_a_damaged_one_is_forgotten(workspace: Workspace) -> None:
    draft.remember(workspace, tab="train", run="x")
    draft.remember(workspace, tab="data")
    assert draft.load(workspace) == {"tab": "data", "run": "x"}
    (workspace.home / "draft.json").write_text("{half")
    assert draft.load(workspace) == {}


def test_the_page_is_asked_for_by_its_own_names_only() -> None:
    hosts = next(m for m in middleware(["127.0.0.1"]) if "allowed_hosts" in m.kwargs)
    assert hosts.kwargs["allowed_hosts"] == ["127.0.0.1"]
    assert {"127.0.0.1", "localhost"} <= set(own_hosts())
    assert "*" not in own_hosts()


def test_gradio_left_no_stub_files_behind() -> None:
    assert list(Path(ROOT / "components").glob("*.pyi")) == []

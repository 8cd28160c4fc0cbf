"""What Gradio's server need not do is left out, and what it answers stays the same."""

import asyncio
import inspect
import threading
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import gradio as gr
import gradio.blocks
import gradio.component_meta
import pytest
from gradio.state_holder import SessionState

from components import gradio_lean


@pytest.fixture
def lean(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mends, taken away again after the test."""
    for module in (gradio.blocks, gradio.component_meta):
        monkeypatch.setattr(module, "inspect", inspect)
    for name in ("__init__", "__setitem__", "_update_config", "_update_value_in_config"):
        monkeypatch.setattr(SessionState, name, getattr(SessionState, name))
    monkeypatch.setattr(gradio.blocks.Blocks, "postprocess_data", gradio.blocks.Blocks.postprocess_data)
    monkeypatch.setattr(gradio.blocks, "anyio", gradio.blocks.anyio)
    gradio_lean.mend()


def page(answer: Callable[[float, str], Any]) -> tuple[gr.Blocks, SessionState, list[Any]]:
    """Of two inputs and three outputs, with one event that answers so."""
    with gr.Blocks() as blocks:
        number, text = gr.Number(precision=0, key="number"), gr.Textbox()
        outputs = [gr.Number(minimum=1), gr.Dropdown(["a", "b"]), gr.HTML()]
        gr.on([text.change], answer, inputs=[number, text], outputs=outputs)
    return blocks, SessionState(blocks), outputs


def asked(blocks: gr.Blocks, state: SessionState, values: list[Any]) -> list[Any]:
    """What the browser gets for its event."""
    return asyncio.run(blocks.process_api(blocks.fns[0], values, state=state))["data"]


ANSWERS: list[Any] = [
    [3, "b", "<p>so</p>"],
    [gr.skip(), gr.skip(), gr.skip()],
    [gr.skip(), gr.update(choices=["c"], value="c"), gr.skip()],
    [gr.update(minimum=2), gr.skip(), "<p>so</p>"],
    gr.skip(),
]


@pytest.mark.parametrize("answer", ANSWERS, ids=["values", "skips", "one", "two", "a skip"])
def test_the_browser_gets_what_gradio_alone_would_send(answer: Any, request: pytest.FixtureRequest) -> None:
    plain = asked(*page(lambda number, text: deepcopy(answer))[:2], [4.4, "word"])
    request.getfixturevalue("lean")
    ours = asked(*page(lambda number, text: deepcopy(answer))[:2], [4.4, "word"])
    for one in (plain, ours):  # of an HTML Gradio alone sends the mark of an update as a prop, see gradio_mend
        one[2] = {"__type__": "update"} if isinstance(one[2], dict) else one[2]
    assert ours == plain


def test_values_arrive_as_their_components_make_them(lean: None) -> None:
    seen: list[Any] = []
    blocks, state, _ = page(lambda number, text: seen.append((number, text)) or gr.skip())
    asked(blocks, state, [4.4, "word"])
    assert seen == [(4, "word")]


def test_an_update_is_kept_for_the_next_value_under_the_same_number(lean: None) -> None:
    blocks, state, outputs = page(lambda number, text: [gr.skip(), gr.update(choices=["c"]), gr.skip()])
    before = len(state.blocks_config.blocks)
    for _ in range(3):
        asked(blocks, state, [1, ""])
    assert state[outputs[1]._id].choices == [("c", "c")]
    assert state[outputs[1]._id]._id == outputs[1]._id
    assert state[outputs[0]._id] is outputs[0]  # what is skipped is not made anew
    assert len(state.blocks_config.blocks) == before


def test_a_browser_tab_holds_no_description_of_the_page(lean: None) -> None:
    blocks, state, _ = page(lambda number, text: [3, "b", "x"])
    asked(blocks, state, [1, ""])
    assert state.config_values == {}


@pytest.mark.parametrize(("part", "stays"), [(gr.Textbox, True), (gr.Code, False)])
def test_only_what_is_done_at_once_stays_in_the_servers_thread(
    lean: None, part: type[gr.Textbox] | type[gr.Code], stays: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []
    monkeypatch.setattr(part, "preprocess", lambda self, payload: threads.append(threading.current_thread()))
    with gr.Blocks() as blocks:
        asks = part()
        gr.on([asks.change], lambda text: None, inputs=[asks])
    asked(blocks, SessionState(blocks), ["word"])
    assert [thread is threading.main_thread() for thread in threads] == [stays]

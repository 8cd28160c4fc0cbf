"""A page on which nobody does anything leaves the processor to the training."""

import json
import urllib.request
from collections import Counter
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Studio
from tests.finished import CHAT, finished

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
# Gradio's own record of loading states, after an event with an input has ended.
ENDED = """async () => {
  const files = performance.getEntriesByType('resource').map((entry) => entry.name);
  const url = files.find((name) => /statustracker-.*js/.test(name));
  const found = Object.values(await import(url)).find((part) => part?.prototype?.resolve_args);
  const record = new found();
  record.register(1, [], [7], 'hidden');
  record.update({ fn_index: 1, status: 'pending' });
  record.update({ fn_index: 1, status: 'complete', stream_state: 'closed' });
  return Object.keys(record.current);
}"""

PART = "name => window.gradio_config.components.find((part) => part.props.elem_id === name).id"


def test_inputs_of_events_leave_no_state_behind(studio: Studio, open_page: OpenPage) -> None:
    """Each that is left is written into the page at every later event: half a core on an idle page (Gradio 6.31)."""
    assert open_page(studio.url).evaluate(ENDED) == []


def test_what_is_on_show_is_asked_for_once_as_the_page_opens(studio: Studio, open_page: OpenPage) -> None:
    """The run on show has come with the page, what belongs to it is asked for once, and nothing out of sight at all."""
    finished(studio.workspace, "sft", CHAT, studio.workspace.models / "smollm2-135m-instruct")
    page = open_page(studio.url)
    page.goto("about:blank")
    with urllib.request.urlopen(f"{studio.url}/config") as answer:
        handlers = {one["id"]: one for one in json.load(answer)["dependencies"]}
    asked: list[int] = []
    page.on("request", lambda sent: asked.append(json.loads(sent.post_data)["fn_index"]) if sent.post_data else None)
    page.goto(f"{studio.url}?tab=train")
    page.get_by_role("tab", name="Live run").click()
    expect(page.locator("#live-head h1")).to_contain_text("Shop sft")
    ticks = {id for id, one in handlers.items() if any(event == "tick" for _, event in one["targets"])}
    while not ticks & set(asked):
        page.wait_for_timeout(100)
    first = asked[: next(at for at, one in enumerate(asked) if one in ticks)]
    often = [one for one, times in Counter(first).items() if times > 1]
    assert len(first) > 5 and [one for one in often if len(handlers[one]["targets"]) == 1] == []
    drawn = {id for one in first for id in handlers[one]["outputs"]}
    parts = {name: page.evaluate(PART, name) for name in ("history", "export-run", "compare-run", "run-figures")}
    assert [name for name, id in parts.items() if id in drawn] == ["run-figures"]


def test_an_idle_page_sends_one_request_a_second(studio: Studio, open_page: OpenPage) -> None:
    page = open_page(studio.url)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(2_000)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    page.wait_for_timeout(5_000)
    assert 1 <= len(sent) <= 7, sent

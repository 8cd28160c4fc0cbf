"""A page on which nobody does anything leaves the processor to the training."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Studio

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


def test_inputs_of_events_leave_no_state_behind(studio: Studio, open_page: OpenPage) -> None:
    """Each that is left is written into the page at every later event: half a core on an idle page (Gradio 6.31)."""
    assert open_page(studio.url).evaluate(ENDED) == []


def test_an_idle_page_sends_one_request_a_second(studio: Studio, open_page: OpenPage) -> None:
    page = open_page(studio.url)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(2_000)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    page.wait_for_timeout(5_000)
    assert 1 <= len(sent) <= 7, sent

"""axe-core on every tab, in light and dark, on a desk and on a phone, idle and while a run is on show."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from studio.training.run import list_runs
from tests.browser.conftest import Studio, open_tab
from tests.browser.test_page import bring_sample, start_run
from tests.conftest import wait_until

pytestmark = pytest.mark.browser
RULES = "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']})"
TABS = ("Data", "Model", "Train", "Compare", "Export")


def violations(page: Page, axe: str) -> list[tuple[str, str]]:
    """What axe finds, as (rule, first place), when no colour is on its way to another one."""
    page.wait_for_function(
        "document.getAnimations().every((a) => a.playState != 'running' || a.effect.getTiming().iterations == Infinity)"
    )
    page.evaluate(axe)
    found = page.evaluate(RULES)["violations"]
    return [(violation["id"], violation["nodes"][0]["html"][:200]) for violation in found]


@pytest.fixture(scope="module")
def with_a_finished_run(studio: Studio, browser) -> Studio:
    page = browser.new_page()
    page.goto(studio.url)
    start_run(page, studio, "0.1")
    run = list_runs(studio.workspace)[0]
    wait_until(lambda: run.view().status == "finished", 240, "a finished run")
    page.close()
    return studio


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_tab_breaks_a_rule(
    with_a_finished_run: Studio, open_page: Callable[..., Page], axe: str, scheme: str, width: int
) -> None:
    page = open_page(with_a_finished_run.url, color_scheme=scheme, viewport={"width": width, "height": 900})
    assert page.evaluate("document.body.classList.contains('dark')") == (scheme == "dark")
    if width > 680:
        bring_sample(page)
    for name in TABS:
        choose_tab(page, name)
        page.wait_for_timeout(1500)
        assert (name, violations(page, axe)) == (name, [])
        overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert overflow <= 0, f"{name} is {overflow} px too wide"


def choose_tab(page: Page, name: str) -> None:
    tab = page.get_by_role("tab", name=name, exact=True).first
    if not tab.is_visible():  # on a phone the last tabs are in a menu
        page.goto(page.url.split("?")[0] + f"?tab={name.lower()}")
        expect(page.get_by_role("tab", name="Data", exact=True)).to_be_visible()
        page.wait_for_timeout(1500)
        return
    open_tab(page, name)


def test_a_live_run_breaks_no_rule(studio: Studio, open_page: Callable[..., Page], axe: str) -> None:
    page = open_page(studio.url)
    start_run(page, studio, "90")
    run = list_runs(studio.workspace)[0]
    expect(page.locator("#runbar")).to_contain_text("of 1980 steps", timeout=180_000)
    wait_until(lambda: run.view().step > 3, 240, "the first steps")
    page.wait_for_timeout(1500)
    assert violations(page, axe) == []
    run.request_stop(keep=False)
    wait_until(lambda: not run.view().live, 240, "the run to stop")


def test_the_main_path_works_by_keyboard_alone(studio: Studio, open_page: Callable[..., Page]) -> None:
    page = open_page(f"{studio.url}/?tab=data")
    open_tab(page, "Data")
    page.locator("#sample-0").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#next-model")).to_be_enabled()
    page.locator("#next-model").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#next-train")).to_be_visible()
    page.locator("#next-train").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#start")).to_be_visible()

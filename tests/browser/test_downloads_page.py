"""A model is brought from the hub by a click: cut, paused, gone on with, and thrown away when it is not what it was.

The hub is a small one on this computer (tests/models/hub.py), which the server is pointed to.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from studio.models.catalogue import find_model
from tests.browser.conftest import Studio, open_tab
from tests.models.hub import Hub

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
NAME = "someone/tiny-model"


@pytest.fixture
def hub(tmp_path: Path, tiny_model: Path) -> Hub:
    files = tmp_path / "files"
    shutil.copytree(tiny_model, files)
    return Hub(NAME, files)


@pytest.fixture
def online(tmp_path: Path, hub: Hub, tiny_model: Path) -> Iterator[Studio]:
    """A studio that takes that hub for the real one."""
    home = tmp_path / "home"
    (home / "models").mkdir(parents=True)
    (home / "models" / "smollm2-135m-instruct").symlink_to(tiny_model)
    running = Studio(home, environment={"HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"})
    running.start()
    yield running
    running.close()


def named(page: Page) -> Locator:
    """The row of the model once it is named on the page."""
    open_tab(page, "Model")
    page.locator("#another-model input").fill(NAME)
    page.locator("#use-model").click()
    return page.locator("#models tbody tr").filter(has=page.locator(f"input[value='{NAME}']"))


def test_it_is_paused_and_gone_on_with(online: Studio, hub: Hub, open_page: OpenPage) -> None:
    hub.halts = True  # in the middle of the weights, until it is told to go on
    page = open_page(online.url)
    row = named(page)
    row.get_by_role("button", name="Download").click()
    expect(row).to_contain_text("Downloading")
    expect(row.locator("[role=img]")).to_be_visible()  # how far it is
    row.get_by_role("button", name="Pause").click()
    expect(row).to_contain_text("Paused at")
    hub.halts = False
    hub.go_on.set()
    row.get_by_role("button", name="Continue").click()
    expect(row).to_contain_text("On this computer")
    model = find_model(online.workspace, NAME)
    weights = "model.safetensors"
    assert (model.folder / weights).read_bytes() == (hub.folder / weights).read_bytes()


def test_one_that_is_cut_says_so_and_goes_on(online: Studio, hub: Hub, open_page: OpenPage) -> None:
    hub.breaks_off = True
    page = open_page(online.url)
    row = named(page)
    row.get_by_role("button", name="Download").click()
    expect(row).to_contain_text("Broke off at", timeout=120_000)
    assert not find_model(online.workspace, NAME).on_disk
    hub.breaks_off = hub.gone = False
    row.get_by_role("button", name="Continue").click()
    expect(row).to_contain_text("On this computer")


def test_one_that_is_not_what_it_was_is_thrown_away(online: Studio, hub: Hub, open_page: OpenPage) -> None:
    hub.spoils = "model.safetensors"
    page = open_page(online.url)
    row = named(page)
    row.get_by_role("button", name="Download").click()
    expect(row).to_contain_text("checksum", timeout=120_000)
    assert not find_model(online.workspace, NAME).on_disk
    hub.spoils = ""
    row.get_by_role("button", name="Continue").click()
    expect(row).to_contain_text("On this computer")


def test_it_is_cancelled_and_nothing_is_left(online: Studio, hub: Hub, open_page: OpenPage) -> None:
    hub.halts = True
    page = open_page(online.url)
    row = named(page)
    row.get_by_role("button", name="Download").click()
    expect(row).to_contain_text("Downloading")
    row.get_by_role("button", name="Cancel").click()
    expect(row.get_by_role("button", name="Download")).to_be_visible()
    model = find_model(online.workspace, NAME)
    assert not model.part.exists() and not model.on_disk

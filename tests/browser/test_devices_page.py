"""Several devices on the page: offered where the computer has them, with their sentences, and nowhere else."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from studio.models.hardware import CPU_DEVICES
from tests.browser.conftest import Studio
from tests.browser.test_presets_page import to_train

pytestmark = pytest.mark.browser


@pytest.fixture
def two(tmp_path: Path, tiny_model: Path) -> Iterator[Studio]:
    """A studio on a computer whose processor counts as two devices."""
    shutil.copytree(tiny_model, tmp_path / "home" / "models" / "smollm2-135m-instruct")
    running = Studio(tmp_path / "home", environment={CPU_DEVICES: "2"})
    running.start()
    yield running
    running.close()


def test_how_many_and_how_is_asked_where_there_are_several(two: Studio, open_page: Callable[..., Page]) -> None:
    page = open_page(two.url)
    to_train(page)
    many, how = page.get_by_label("Devices that train together"), page.locator("#setting-spread")
    expect(many).to_be_visible()
    expect(how).to_be_hidden()
    many.fill("2")
    many.press("Tab")
    expect(how).to_contain_text("In pieces a model fits that is too large for one device")
    expect(page.locator("#start")).to_be_enabled()
    many.fill("4")
    many.press("Tab")
    expect(page.locator("#setting-devices-error")).to_contain_text("this computer has 2 devices to train on")
    expect(page.locator("#start")).to_be_disabled()


def test_with_one_device_nothing_is_asked(studio: Studio, open_page: Callable[..., Page]) -> None:
    page = open_page(studio.url)
    to_train(page)
    expect(page.get_by_label("Examples per step (batch size)")).to_be_visible()
    expect(page.locator("#setting-devices")).to_be_hidden()
    expect(page.locator("#setting-spread")).to_be_hidden()

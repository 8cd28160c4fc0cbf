"""While a run is set up, a worker makes its imports; Start gives it the run, and a person only sees that it is fast."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect

from studio.training.readiness import SWITCH
from studio.training.run import list_runs
from studio.training.standby import MODULE
from tests.browser.conftest import Studio, open_tab
from tests.browser.test_page import bring_sample
from tests.conftest import wait_until

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]


@pytest.fixture
def ready_studio(tmp_path: Path, tiny_model: Path) -> Iterator[Studio]:
    shutil.copytree(tiny_model, tmp_path / "home" / "models" / "smollm2-135m-instruct")
    running = Studio(tmp_path / "home", environment={SWITCH: "1"})
    running.start()
    yield running
    running.close()


def waiting_workers(studio: Studio) -> list[psutil.Process]:
    assert studio.process is not None
    return [child for child in psutil.Process(studio.process.pid).children() if MODULE in child.cmdline()]


def test_start_gives_the_run_to_the_worker_that_waits(ready_studio: Studio, open_page: OpenPage) -> None:
    page = open_page(ready_studio.url)
    bring_sample(page)
    assert waiting_workers(ready_studio) == [], "nobody is on the way to a run while data is brought"
    open_tab(page, "Train")
    page.get_by_role("tab", name="Set up").click()
    expect(page.locator("#start")).to_be_enabled()
    wait_until(lambda: waiting_workers(ready_studio), 60, "a worker to wait")
    (one,) = waiting_workers(ready_studio)
    log = ready_studio.workspace.logs / "standby.log"
    wait_until(lambda: "Ready for a run." in log.read_text(), 120, "its imports")
    page.locator("#start").click()
    wait_until(lambda: list_runs(ready_studio.workspace), 30, "the run")
    (run,) = list_runs(ready_studio.workspace)
    wait_until(run.process, 30, "its worker")
    assert (run.process() or {})["pid"] == one.pid
    wait_until(lambda: run.view().step >= 1, 120, "the first step")
    expect(page.locator("#runbar")).to_contain_text("steps")
    run.request_stop(keep=False)
    wait_until(lambda: not run.view().live and not run.has_process(), 60, "the run to stop and its worker to leave")


def test_it_leaves_with_the_server(ready_studio: Studio, open_page: OpenPage) -> None:
    page = open_page(ready_studio.url)
    bring_sample(page)
    open_tab(page, "Train")
    wait_until(lambda: waiting_workers(ready_studio), 60, "a worker to wait")
    (one,) = waiting_workers(ready_studio)
    ready_studio.kill()
    wait_until(lambda: not one.is_running(), 120, "it to leave")

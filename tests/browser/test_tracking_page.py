"""Trackers in Set up: what is missing stands at its field, a key stays in memory, and the choice is the run's."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from studio.training.run import list_runs
from studio.training.tracking.keys import KEY
from tests.browser.conftest import Studio, open_tab, unfold
from tests.browser.test_page import bring_sample
from tests.conftest import wait_until

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
SECRET = "0123456789abcdef" * 3
FOLD = "Also record this run elsewhere (trackers)"


def test_trackers_are_switched_on_where_a_run_is_set_up(
    studio: Studio, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY, raising=False)
    page = open_page(studio.url)
    bring_sample(page)
    open_tab(page, "Train")
    expect(page.locator("#start")).to_be_enabled()
    unfold(page, FOLD)
    server, key = page.get_by_label("Address of the MLflow server"), page.get_by_label("Key for Weights & Biases")
    expect(server).to_be_hidden()

    page.get_by_label("MLflow", exact=True).check()
    server.fill("http://me:secret@127.0.0.1:5000")
    server.press("Tab")
    expect(page.locator("#track-mlflow-server-error")).to_contain_text("holds a name or a password")
    expect(page.locator("#start")).to_be_disabled()
    expect(page.locator("#why-not")).to_contain_text("holds a name or a password")
    server.fill("http://127.0.0.1:5999")
    server.press("Tab")
    expect(page.locator("#track-mlflow-server-error")).to_have_count(0)
    expect(page.locator("#start")).to_be_enabled()

    page.get_by_label("Weights & Biases", exact=True).check()
    expect(key).to_be_hidden()
    page.get_by_label("Send it to Weights & Biases (online)").check()
    expect(page.locator("#track-wandb-key-error")).to_contain_text("lets nobody in without a key")
    expect(page.locator("#start")).to_be_disabled()
    key.fill(SECRET)
    key.press("Tab")
    expect(key).to_have_value("")
    expect(page.locator("#track-key-known")).to_contain_text("A key is known")
    expect(page.locator("#start")).to_be_enabled()
    page.get_by_label("Send it to Weights & Biases (online)").uncheck()  # a test sends nothing anywhere
    expect(key).to_be_hidden()

    page.reload()
    open_tab(page, "Train")
    expect(page.locator("#start")).to_be_enabled()
    unfold(page, FOLD)
    expect(server).to_have_value("http://127.0.0.1:5999")
    page.locator("#start").click()
    wait_until(lambda: list_runs(studio.workspace), 60, "the run")
    run = list_runs(studio.workspace)[0]
    run.request_stop(keep=False)
    tracking = run.recipe().tracking
    assert tracking is not None and tracking.switched_on == ["mlflow", "wandb"]
    assert tracking.mlflow and tracking.mlflow.server == "http://127.0.0.1:5999"
    assert tracking.wandb and not tracking.wandb.online
    wait_until(lambda: not run.view().live and not run.has_process(), 120, "the run to end")
    for file in studio.workspace.home.rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes(), file

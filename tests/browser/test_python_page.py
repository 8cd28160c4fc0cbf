"""“Copy as Python” on the page: asked for by a button, shown with what it carries, and taken away."""

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from studio.datasets.store import SAMPLES, add_file
from studio.training.run import Run
from tests.browser.conftest import Studio, open_tab
from tests.browser.test_accessibility import violations
from tests.conftest import chat_steps
from tests.export.copies import learned
from tests.training.test_copying import started

pytestmark = [pytest.mark.browser, pytest.mark.slow]
OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def run(studio: Studio) -> Run:
    dataset = add_file(studio.workspace, SAMPLES[0].path)
    settings = {"max_steps": 2, "max_length": 96}
    recipe = started(
        studio.workspace, "sft", "balanced", settings, name="Returns", dataset_id=dataset.id, steps=chat_steps()
    )
    return learned(studio.workspace, recipe)


@pytest.mark.parametrize("place", ["export", "history"])
def test_a_run_is_copied_where_it_is_looked_at(
    studio: Studio, run: Run, open_page: OpenPage, axe: str, tmp_path: Path, place: str
) -> None:
    page = open_page(studio.url)
    if place == "export":
        open_tab(page, "Export")
    else:
        open_tab(page, "Train")
        page.get_by_role("tab", name="History").click()
    make = page.locator(f"#copy-python-{place}")
    make.click()
    script = page.locator(f"#python-script-{place}")
    expect(script.locator("code")).to_contain_text("SFTTrainer")
    expect(script).to_contain_text("The download")
    rows = run.view().rows["train"]
    expect(script).to_contain_text(f"carries your data: {rows} training rows")
    expect(script).to_contain_text(str(studio.workspace.models / "smollm2-135m-instruct"))
    expect(make).to_have_text("Write it anew")
    with page.expect_download() as taken:
        page.locator(f"#download-python-{place}").click()
    taken.value.save_as(tmp_path / "python.zip")
    with zipfile.ZipFile(tmp_path / "python.zip") as archive:
        assert sorted(archive.namelist()) == ["rows.jsonl", "train.py"]
        lines = archive.read("train.py").decode()
        assert str(studio.workspace.home) not in lines
        assert len(archive.read("rows.jsonl").splitlines()) == rows
    assert re.sub(r"\s+", " ", script.locator("code").inner_text()) == re.sub(r"\s+", " ", lines)
    assert violations(page, axe) == []

"""The main job, as a person does it, on the real starter model: from a spreadsheet to a tuned model."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from studio.models.catalogue import find_model
from studio.models.starter import STARTER
from studio.processes import worker_environment
from studio.training.run import Run, list_runs
from studio.workspace import read_json
from tests.browser.conftest import Studio, open_tab
from tests.conftest import wait_until
from tests.tiny import SAMPLE

pytestmark = [pytest.mark.slow, pytest.mark.browser]
MINUTES = 60_000

PLAIN_PEFT = """
import json, sys
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer
base_folder, adapter, messages, limit, dtype = sys.argv[1:]
base = AutoModelForCausalLM.from_pretrained(base_folder, dtype=dtype)
model = PeftModel.from_pretrained(base, adapter).eval()
tokenizer = AutoTokenizer.from_pretrained(adapter)
ids = tokenizer.apply_chat_template(
    json.loads(messages), add_generation_prompt=True, return_tensors="pt", return_dict=True
)
out = model.generate(**ids, max_new_tokens=int(limit), do_sample=False)
print(json.dumps(tokenizer.decode(out[0, ids["input_ids"].shape[1]:], skip_special_tokens=True)))
"""


@pytest.fixture
def real_studio(tmp_path: Path) -> Iterator[Studio]:
    """A studio that has just been set up: the real starter model is unpacked, and nothing else is there."""
    command = [sys.executable, "-m", "studio.models.starter", "--home", str(tmp_path / "home")]
    made = subprocess.run(command, env=worker_environment(), capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    studio = Studio(tmp_path / "home")
    studio.start()
    yield studio
    studio.close()


def test_from_a_spreadsheet_to_a_tuned_model(
    real_studio: Studio, open_page: Callable[..., Page], tmp_path: Path
) -> None:
    page = open_page(real_studio.url)
    bring_the_file(page)
    choose_and_start(page)
    run = watch_through_a_reload_and_a_crash(page, real_studio)
    compare(page, run)
    take_it_away(page, run, tmp_path)


def bring_the_file(page: Page) -> None:
    page.locator("#drop input[type=file]").set_input_files(SAMPLE)
    expect(page.get_by_text("What we found in returns.csv")).to_be_visible()
    expect(page.locator("#role-0 input")).to_have_value("question")
    expect(page.locator("#role-1 input")).to_have_value("answer")
    expect(page.locator("#first-rows")).to_contain_text("broken mug")
    expect(page.locator("#xray")).to_contain_text("<|im_start|>")
    expect(page.locator("#xray .ts-learn").first).to_be_visible()
    expect(page.locator("#split")).to_contain_text("20")
    page.locator("#next-model").click()


def choose_and_start(page: Page) -> None:
    expect(page.locator("#models")).to_contain_text("SmolLM2-135M-Instruct")
    expect(page.locator("#method")).to_contain_text("Learn from examples")
    page.locator("#next-train").click()
    page.locator("#preset label:visible").get_by_text("Quick taste").click()
    expect(page.locator("#steps-plan")).to_contain_text("22")
    expect(page.locator("#plan")).to_contain_text("min")
    page.locator("#start").click()
    expect(page.locator("#live")).to_be_visible()


def watch_through_a_reload_and_a_crash(page: Page, studio: Studio) -> Run:
    bar = page.locator("#runbar")
    expect(bar).to_contain_text("of 22 steps", timeout=3 * MINUTES)
    run = list_runs(studio.workspace)[0]
    worker = run.process()
    wait_until(lambda: run.view().step >= 3, 300, "the first steps")

    page.reload()
    expect(bar).to_contain_text("of 22 steps")
    expect(page.locator("#loss-chart .js-plotly-plot")).to_be_visible()

    studio.kill()
    expect(page.get_by_text("Connection to the server was lost")).to_be_visible()
    before = run.view().step
    wait_until(lambda: run.view().step > before, 120, "the run to go on without a server")
    studio.start()
    expect(bar).to_contain_text("of 22 steps", timeout=1 * MINUTES)
    assert run.process() == worker

    wait_until(lambda: not run.view().live, 600, "the run to end")
    result = run.view().result
    assert run.view().status == "finished", run.view().error
    assert result["test_loss_after"] < result["test_loss_before"] - 0.3
    expect(bar).to_be_hidden()
    expect(page.locator("#run-status")).to_contain_text("inished")
    return run


def compare(page: Page, run: Run) -> None:
    open_tab(page, "Compare")
    page.locator("#suggestion-0").click()
    expect(page.locator("#question textarea")).not_to_have_value("")
    page.locator("#ask").click()
    expect(page.locator("#stop-answers")).to_be_visible()
    expect(page.locator("#stop-answers")).to_be_hidden(timeout=4 * MINUTES)
    base, tuned = (page.locator(f"#{name}-answer .ts-said").inner_text() for name in ("base", "tuned"))
    assert len(base) > 20 and len(tuned) > 20
    assert base != tuned
    page.get_by_text("What your team wrote").click()
    expect(page.locator("#team-answer")).to_contain_text("Linden & Loom team")


def take_it_away(page: Page, run: Run, tmp_path: Path) -> None:
    open_tab(page, "Export")
    expect(page.locator("#export-status")).to_contain_text("Verified", timeout=3 * MINUTES)
    expect(page.locator("#export-status")).to_contain_text("3 of 3")
    with page.expect_download() as download:
        page.locator("#download").click()
    archive = tmp_path / "adapter.zip"
    download.value.save_as(archive)
    with zipfile.ZipFile(archive) as zipped:
        zipped.extractall(tmp_path / "adapter")
    recorded = read_json(run.folder / "answers.json")
    base = find_model(run.workspace, STARTER).folder
    asked, limit = json.dumps(recorded["conversations"][0]), str(recorded["max_new_tokens"])
    command = [sys.executable, "-c", PLAIN_PEFT, str(base), str(tmp_path / "adapter"), asked, limit]
    result = subprocess.run([*command, run.view().result["dtype"]], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout.splitlines()[-1]) == recorded["answers"][0]

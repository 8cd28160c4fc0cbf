"""Methods on the page: which ones suit, the settings that apply, a run that sorts, and going on from it."""

import csv
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from components import draft
from studio.training.run import list_runs
from tests.browser.conftest import Studio, open_tab, unfold
from tests.browser.test_page import bring_sample
from tests.conftest import wait_until

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
GROUPS = {"card arrival": "When will my new card come", "refund": "I want my money back", "top up": "My top up failed"}


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "topics.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        for number in range(30):
            writer.writerows([f"{text}, case {number}?", group] for group, text in GROUPS.items())
    return path


def bring(page: Page, file: Path) -> None:
    open_tab(page, "Data")
    page.locator("#drop input[type=file]").set_input_files(file)
    expect(page.locator("#facts")).to_contain_text("90")
    expect(page.locator("#next-model")).to_be_enabled(timeout=90_000)


def method_card(page: Page, title: str):
    return page.locator("#method label").filter(has=page.locator("b", has_text=title)).first


def use_model(page: Page, folder: Path) -> None:
    page.get_by_role("textbox", name="Another model").fill(str(folder))
    page.locator("#use-model").click()
    expect(page.locator("#about-model")).to_contain_text(folder.name)


def test_rows_and_model_decide_which_methods_are_offered(
    studio: Studio, open_page: OpenPage, labels: Path, tiny_encoder: Path
) -> None:
    page = open_page(studio.url)
    bring_sample(page)
    open_tab(page, "Model")
    expect(method_card(page, "Learn from examples").locator("input")).to_be_checked()
    expect(method_card(page, "Sort into groups")).to_have_count(0)
    others = page.locator("#method .ts-others")
    others.locator("summary").click()
    expect(others).to_contain_text("Learns from texts with a group.")

    bring(page, labels)
    open_tab(page, "Model")
    expect(method_card(page, "Sort into groups").locator("input")).to_be_checked()  # nobody has chosen another
    method_card(page, "Learn from examples").click()
    expect(page.locator("#tabs")).to_contain_text("with Learn from examples")
    wait_until(lambda: draft.load(studio.workspace).get("method") == "sft", 60, "the choice to be remembered")

    use_model(page, tiny_encoder)  # it does not write
    expect(method_card(page, "Sort into groups").locator("input")).to_be_checked()
    expect(page.locator("#method-note")).to_contain_text("cannot train it")
    page.locator("#models label").filter(has_text="SmolLM2-135M-Instruct").first.click()
    expect(method_card(page, "Learn from examples").locator("input")).to_be_checked()  # the choice of before


def test_what_a_goal_brings_takes_the_place_of_what_was_pressed(
    studio: Studio, open_page: OpenPage, labels: Path
) -> None:
    page = open_page(studio.url)
    bring(page, labels)
    open_tab(page, "Model")
    for _ in range(2):
        method_card(page, "Sort into several groups").click()
        expect(method_card(page, "Sort into several groups").locator("input")).to_be_checked()
        page.locator("#goal input[value=prefer]").click()
        page.locator("#goal input[value=sort]").click()
        expect(page.locator("#goal input[value=sort]")).to_be_checked()
        expect(method_card(page, "Sort into groups").locator("input")).to_be_checked()


def test_the_keyboard_chooses_a_method(studio: Studio, open_page: OpenPage, labels: Path) -> None:
    page = open_page(studio.url)
    bring(page, labels)
    open_tab(page, "Model")
    method_card(page, "Sort into groups").click()
    page.locator("#method input:checked").focus()
    page.keyboard.press("ArrowDown")
    expect(method_card(page, "Sort into several groups").locator("input")).to_be_focused()
    wait_until(lambda: draft.load(studio.workspace).get("method") == "multi_label", 60, "the choice to be remembered")


def test_only_the_settings_that_apply_are_shown(studio: Studio, open_page: OpenPage, labels: Path) -> None:
    page = open_page(studio.url)
    bring(page, labels)
    open_tab(page, "Model")
    method_card(page, "Sort into groups").click()
    open_tab(page, "Train")
    page.get_by_role("tab", name="Set up").click()
    expect(page.locator("#preset label:visible")).to_have_count(5)
    expect(page.get_by_label("Examples per step (batch size)")).to_have_value("16")
    unfold(page, "Advanced")
    expect(page.locator("#setting-rank")).to_be_visible()
    expect(page.locator("#setting-class-weights")).to_be_visible()
    expect(page.locator("#setting-loss-on")).to_be_hidden()
    rate = page.get_by_label("Size of each correction (learning rate)")
    expect(rate).to_have_value("")
    expect(rate).to_have_attribute("placeholder", "0.0005")
    page.locator("#setting-adapt input").click()
    expect(page.get_by_role("option", name="A learned beginning (prompt tuning)")).to_have_count(0)
    page.get_by_role("option", name="All of it (full fine-tuning)").click()
    expect(page.locator("#setting-rank")).to_be_hidden()
    expect(rate).to_have_attribute("placeholder", "0.00005")
    expect(page.locator("#start")).to_be_enabled()
    page.reload()
    open_tab(page, "Train")
    expect(page.locator("#setting-adapt input")).to_have_value("All of it (full fine-tuning)")
    page.locator("#back-to-preset").click()
    expect(page.locator("#setting-adapt input")).to_have_value("A thin layer everywhere (LoRA)")


def test_sorting_is_learned_watched_and_gone_on_from(
    studio: Studio, open_page: OpenPage, labels: Path, tiny_encoder: Path
) -> None:
    page = open_page(studio.url)
    bring(page, labels)
    open_tab(page, "Model")
    use_model(page, tiny_encoder)
    method_card(page, "Sort into groups").click()
    first = sort(page, studio, "Sorter")
    expect(page.locator("#run-figures")).to_contain_text("Accuracy")
    expect(page.locator("#run-status")).to_contain_text("F1 score")
    expect(page.locator("#run-end")).to_contain_text("test rows it never saw")
    expect(page.locator("#run-end")).to_contain_text("What it mixes up")
    expect(page.locator("#live-head")).to_contain_text("of the model is trained")
    for metric in first.view().metrics:
        expect(page.locator(f"#run-figures [data-figure={metric['name']}]")).to_have_count(1)

    page.get_by_role("tab", name="Set up").click()
    page.locator("#start-from input").click()
    page.get_by_role("option", name="Sorter").click()
    expect(page.locator("#chain")).to_contain_text("→ Sorter → this run")
    second = sort(page, studio, "Sorter further")
    assert tomllib.loads((second.folder / "recipe.toml").read_text())["model"]["start"] == first.id
    expect(page.locator("#live-head .ts-chain")).to_contain_text("→ Sorter → Sorter further")
    page.get_by_role("tab", name="History").click()
    expect(page.locator("#history")).to_contain_text("Sort into groups")
    expect(page.locator("#history")).to_contain_text("Sorter, trained further")
    expect(page.locator("#run-facts .ts-lineage li")).to_have_text(
        [re.compile("encoder"), re.compile("^Sorter"), re.compile("^Sorter further")]
    )


def sort(page: Page, studio: Studio, name: str):
    """Train for a pass and wait for the end."""
    open_tab(page, "Train")
    page.get_by_role("tab", name="Set up").click()
    page.get_by_label("Name of this run").fill(name)
    passes = page.get_by_label("Passes over the examples (epochs)")
    passes.fill("1")
    passes.press("Tab")
    expect(page.locator("#start")).to_be_enabled()
    before = len(list_runs(studio.workspace))
    page.locator("#start").click()
    wait_until(lambda: len(list_runs(studio.workspace)) > before, 60, "the run's folder")
    run = list_runs(studio.workspace)[0]
    wait_until(lambda: run.view().status in ("finished", "failed"), 300, "the run to end")
    assert run.view().status == "finished", run.view().error
    expect(page.locator("#live-head")).to_contain_text(name)
    return run

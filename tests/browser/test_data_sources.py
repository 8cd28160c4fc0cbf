"""Every way to data on the page: rows pasted and typed, sheets, several datasets as one, the hub, a test file."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Studio, open_tab, unfold
from tests.browser.test_data import bring
from tests.datasets.hub import DatasetHub

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]


def questions(path: Path, thing: str, rows: int, asked: str = "Where is my {} number {} ordered in week {}?") -> Path:
    lines = [f"{asked.format(thing, i, i)},It is on shelf {i} in hall {i * 7},green {i}\n" for i in range(rows)]
    path.write_text("question,answer,colour\n" + "".join(lines))
    return path


def test_pasted_rows_are_rows(studio: Studio, open_page: OpenPage) -> None:
    page = open_page(studio.url)
    open_tab(page, "Data")
    unfold(page, "Or paste rows")
    rows = "\n".join(f"Where is cup {i}?\tOn shelf {i}, as always." for i in range(14))
    page.locator("#pasted textarea").fill(f"question\tanswer\n{rows}")
    page.get_by_role("button", name="Use these rows").click()
    expect(page.locator("#reading")).to_contain_text("Where is cup 0?")
    expect(page.get_by_text("14 rows ready")).to_be_visible()


def test_a_workbook_lets_its_sheet_be_chosen(studio: Studio, open_page: OpenPage, tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    for number, name in enumerate(("Old", "New")):
        sheet = book.active if number == 0 else book.create_sheet()
        sheet.title = name
        sheet.append(["question", "answer"])
        for i in range(12 + number):
            sheet.append([f"{name} question number {i}?", f"{name} answer number {i}."])
    book.save(tmp_path / "book.xlsx")
    page = open_page(studio.url)
    bring(page, tmp_path / "book.xlsx")
    expect(page.get_by_text("12 rows ready")).to_be_visible()
    page.locator("#sheet input").click()
    page.get_by_role("option", name="New").click()
    expect(page.get_by_text("13 rows ready")).to_be_visible()
    expect(page.locator("#reading")).to_contain_text("New question number 0?")


def test_typed_rows_are_rows(studio: Studio, open_page: OpenPage) -> None:
    page = open_page(studio.url)
    open_tab(page, "Data")
    unfold(page, "Or type rows")
    for row in range(3):
        page.locator(f"#typed [data-testid=cell-{row}-0]").dblclick()
        # A key that is pressed before the cell is open for writing is lost: a machine is faster than a hand here.
        expect(page.locator(f"#typed [data-testid=cell-{row}-0] textarea")).to_be_focused()
        page.keyboard.type(f"Where is cup {row}?")
        page.keyboard.press("Tab")
        expect(page.locator(f"#typed [data-testid=cell-{row}-1] textarea")).to_be_focused()
        page.keyboard.type(f"On shelf {row}, as always.")
        page.keyboard.press("Enter")
    page.locator("#take-typed").click()
    expect(page.locator(".ts-file")).to_contain_text("Typed rows")
    expect(page.get_by_text("3 rows ready")).to_be_visible()
    expect(page.locator("#reading")).to_contain_text("Where is cup 0?")


def test_a_text_is_built_out_of_columns_with_completion_and_preview(
    studio: Studio, open_page: OpenPage, tmp_path: Path
) -> None:
    page = open_page(studio.url)
    bring(page, questions(tmp_path / "built.csv", "lamp", 20))
    unfold(page, "Build a text out of several columns")
    expect(page.locator("#template-columns").get_by_role("button", name="question")).to_be_visible()
    area = page.locator("#template textarea")
    area.press_sequentially("Colour {col")
    expect(page.get_by_role("option", name="colour")).to_be_visible()
    area.press("Enter")
    area.press_sequentially(": ")
    page.locator("#template-columns").get_by_role("button", name="question").click()
    expect(area).to_have_value("Colour {colour}: {question}")
    expect(page.locator("#template-preview")).to_contain_text("Colour green 1: Where is my lamp number 1")
    page.get_by_role("button", name="Use this text").click()
    expect(page.locator("#reading")).to_contain_text("Colour green 0: Where is my lamp number 0")


def test_two_datasets_are_put_together_and_weighed(studio: Studio, open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(studio.url)
    bring(page, questions(tmp_path / "lamps.csv", "lamp", 20))
    bring(page, questions(tmp_path / "chairs.csv", "chair", 20))
    unfold(page, "Or put datasets together")
    lines = page.locator("#merge-list li")
    lines.filter(has_text="lamps.csv").get_by_role("checkbox").check()
    lines.filter(has_text="chairs.csv").get_by_role("checkbox").check()
    page.get_by_role("button", name="Put them together").click()
    expect(page.locator(".ts-file")).to_have_text("chairs and lamps.jsonl", timeout=180_000)
    expect(page.get_by_text("40 rows ready")).to_be_visible(timeout=90_000)
    page.get_by_role("spinbutton", name="Weight of lamps.csv").last.fill("0")
    page.get_by_role("spinbutton", name="Weight of lamps.csv").last.blur()
    expect(page.locator("#split")).to_contain_text("the weight of “lamps.csv” is 0", timeout=90_000)


def test_another_dataset_is_the_test(studio: Studio, open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(studio.url)
    bring(
        page,
        questions(tmp_path / "exam.csv", "sofa", 15, "Tell me whether the {} of bill {} can still go back on day {}"),
    )
    bring(page, questions(tmp_path / "lessons.csv", "table", 20))
    unfold(page, "Change the shares")
    page.locator("#test-from input").click()
    page.get_by_role("option", name="exam.csv").click()
    expect(page.locator("#split")).to_contain_text("Test, 15 rows", timeout=90_000)
    expect(page.get_by_text("35 rows ready")).to_be_visible()


def test_rows_that_cannot_be_read_can_be_taken_away(studio: Studio, open_page: OpenPage, tmp_path: Path) -> None:
    path = questions(tmp_path / "broken.csv", "rug", 20)
    path.write_text(path.read_text() + "one,two,three,four,five\n")
    page = open_page(studio.url)
    bring(page, path)
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download 1 unreadable row").or_(page.locator("#dropped")).first.click()
    assert "four" in Path(waiting.value.path()).read_text("utf-8-sig")


@pytest.fixture
def hub_studio(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Studio]:
    """A studio that may go online, to a hub on this computer."""
    (tmp_path / "hub").mkdir()
    questions(tmp_path / "hub" / "train.csv", "stool", 20)
    hub = DatasetHub("shop/stools", tmp_path / "hub")
    monkeypatch.setitem(os.environ, "HF_HUB_OFFLINE", "0")
    monkeypatch.setitem(os.environ, "HF_HUB_DISABLE_XET", "1")
    monkeypatch.setitem(os.environ, "HF_ENDPOINT", hub.url)
    running = Studio(tmp_path_factory.mktemp("hub_studio"))
    running.start()
    yield running
    running.close()
    hub.shutdown()


def test_a_dataset_of_the_hub_is_looked_up_and_brought(hub_studio: Studio, open_page: OpenPage) -> None:
    page = open_page(hub_studio.url)
    open_tab(page, "Data")
    unfold(page, "Or a Hugging Face dataset")
    page.locator("#hub-name").get_by_role("textbox").fill("shop/stools")
    page.get_by_role("button", name="Look it up").click()
    expect(page.locator("#hub-offer")).to_contain_text("shop/stools", timeout=180_000)
    page.get_by_role("button", name="Bring these rows").click()
    expect(page.locator(".ts-file")).to_contain_text("stools", timeout=180_000)
    expect(page.get_by_text("20 rows ready")).to_be_visible()

"""The Data tab on messy rows: findings with switches, rows taken out and changed, versions and downloads."""

from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Studio, open_tab, settle, unfold

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]


@pytest.fixture
def messy(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Thirty good rows, a copy of the first, and an e-mail address, in a file that no other test has brought."""
    rows = [
        f"Where is my lamp number {i} which I ordered in week {i}?,It is on shelf {i} in hall {i * 7}."
        for i in range(30)
    ]
    rows += [rows[0], "How do I reach you about my order?,Please write to ann@shop.example and we answer."]
    path = tmp_path / f"{request.node.name}.csv"
    path.write_text("question,answer\n" + "\n".join(rows) + "\n", "utf-8")
    return path


def bring(page: Page, path: Path) -> None:
    open_tab(page, "Data")
    page.locator("#drop input[type=file]").set_input_files(path)
    expect(page.locator(".ts-file")).to_have_text(path.name)
    expect(page.locator("#health")).to_contain_text("of 100", timeout=180_000)


def test_a_fix_is_previewed_switched_on_and_off_again(studio: Studio, open_page: OpenPage, messy: Path) -> None:
    page = open_page(studio.url)
    bring(page, messy)
    health = page.locator("#health")
    expect(health).to_contain_text("Exact copies")
    expect(health).to_contain_text("Personal data")
    expect(health).not_to_contain_text("ann@shop.example")
    switch = page.get_by_role("switch", name="Fix this: Exact copies")
    switch.check()
    expect(page.locator("#next-model ~ *, #split").first).to_be_visible()
    expect(health).to_contain_text("−1 row", timeout=90_000)
    expect(page.get_by_text("31 rows ready")).to_be_visible()
    page.locator(".ts-find", has_text="Personal data").locator("summary").click()
    page.locator("[data-preview=personal_data]").click()
    expect(health.locator("table")).to_contain_text("[e-mail]")
    page.get_by_role("switch", name="Fix this: Exact copies").uncheck()
    expect(page.get_by_text("32 rows ready")).to_be_visible()
    expect(page.locator("#versions li")).to_have_count(2)


def test_all_safe_fixes_raise_the_score_and_survive_a_reload(studio: Studio, open_page: OpenPage, messy: Path) -> None:
    page = open_page(studio.url)
    bring(page, messy)
    page.get_by_role("button", name="All safe fixes on").click()
    expect(page.locator("#health")).to_contain_text("up from", timeout=180_000)
    page.reload()
    expect(page.get_by_role("switch", name="Fix this: Exact copies")).to_be_checked(timeout=180_000)
    page.get_by_role("button", name="All fixes off").click()
    expect(page.get_by_role("switch", name="Fix this: Exact copies")).not_to_be_checked(timeout=90_000)


def test_rows_of_a_finding_are_walked_through_taken_out_and_changed(
    studio: Studio, open_page: OpenPage, messy: Path
) -> None:
    page = open_page(studio.url)
    bring(page, messy)
    page.locator(".ts-find", has_text="Personal data").locator("summary").click()
    page.locator("[data-show=personal_data]").click()
    expect(page.locator("#xray-row input")).to_have_value("32")
    page.get_by_role("button", name="Leave this row out").click()
    expect(page.get_by_text("31 rows ready")).to_be_visible()
    page.get_by_role("button", name="Put this row back").click()
    expect(page.get_by_text("32 rows ready")).to_be_visible()
    unfold(page, "Change the words")
    page.locator("#edit-reply textarea").fill("Please use the form on our page.")
    page.get_by_role("button", name="Use these words").click()
    expect(page.locator("#reading")).to_contain_text("Please use the form on our page.")
    page.get_by_role("button", name="As in the file").click()
    expect(page.locator("#reading")).to_contain_text("ann@shop.example")


def test_another_shape_can_be_chosen_and_a_large_file_is_read_by_a_helper(
    studio: Studio, open_page: OpenPage, tmp_path: Path
) -> None:
    import json

    path = tmp_path / "talks.json"
    talk = [{"from": "human", "value": "Hello, where is parcel {}?"}, {"from": "gpt", "value": "It is in hall {}."}]
    talks = [{"conversations": [{**turn, "value": turn["value"].format(i)} for turn in talk]} for i in range(40)]
    path.write_text(json.dumps(talks))
    page = open_page(studio.url)
    bring(page, path)
    expect(page.locator("#shape input")).to_have_value("Conversations (ShareGPT)")
    expect(page.locator("#reading")).to_contain_text("where is parcel 0?")
    expect(page.locator("#xray .ts-learn").first).to_be_visible()


def test_the_rows_can_be_taken_away(studio: Studio, open_page: OpenPage, messy: Path) -> None:
    page = open_page(studio.url)
    bring(page, messy)
    page.get_by_role("button", name="Prepare the file").click()
    expect(page.locator("#packed")).to_be_visible()
    with page.expect_download() as waiting:
        page.locator("#packed").click()
    with ZipFile(waiting.value.path()) as archive:
        assert len(archive.namelist()) == 2


def test_a_fix_can_work_in_another_way_and_versions_are_compared(
    studio: Studio, open_page: OpenPage, messy: Path
) -> None:
    messy.write_text(messy.read_text().replace("lamp", "vase"))  # a dataset with no versions of other tests
    page = open_page(studio.url)
    bring(page, messy)
    page.get_by_role("switch", name="Fix this: Personal data").check()
    expect(page.locator("#health")).to_contain_text("1 row changed", timeout=90_000)
    page.get_by_role("combobox", name="Personal data and keys: replace with").select_option("made-up values")
    expect(page.locator("#versions li")).to_have_count(3, timeout=90_000)
    page.get_by_role("button", name="Compare", exact=True).last.click()
    differences = page.locator("#differences")
    expect(differences).to_contain_text("made-up values")
    expect(differences).to_contain_text("ann@shop.example")
    expect(differences).to_contain_text("1 row with other words: 32")


def test_rows_longer_than_the_limit_are_drawn_and_left_out_by_a_switch(
    studio: Studio, open_page: OpenPage, tmp_path: Path
) -> None:
    path = tmp_path / "long.csv"
    rows = [f"Where is lamp {i}?,It is on shelf {i}." for i in range(20)]
    things = ("vases", "chairs", "rugs", "clocks")
    rows += [f"Where are the {thing}?,{f'The {thing} are in hall {len(thing)}. ' * 600}" for thing in things]
    path.write_text("question,answer\n" + "\n".join(rows))
    page = open_page(studio.url)
    bring(page, path)
    expect(page.locator("#health")).to_contain_text("Longer than the limit", timeout=90_000)
    expect(page.locator(".ts-histogram b")).to_be_visible(timeout=90_000)
    expect(page.locator(".ts-xray-row")).to_contain_text("would be cut at the limit")
    long = page.locator(".ts-find", has_text="Longer than the limit")
    long.locator("summary").click()
    page.locator("[data-preview=too_long]").click()
    expect(long.locator("table")).to_contain_text("left out", timeout=90_000)
    page.get_by_role("switch", name="Fix this: Longer than the limit").check()
    expect(page.get_by_text("20 rows ready")).to_be_visible(timeout=90_000)
    page.get_by_role("switch", name="Fix this: Longer than the limit").uncheck()
    expect(page.get_by_text("24 rows ready")).to_be_visible(timeout=90_000)


def test_two_pages_on_two_datasets_do_not_mix(studio: Studio, open_page: OpenPage, messy: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text(messy.read_text().replace("lamp", "chair"))
    first, second = open_page(studio.url), open_page(studio.url)
    bring(first, messy)
    bring(second, other)
    first.get_by_role("switch", name="Fix this: Exact copies").check()
    expect(first.get_by_text("31 rows ready")).to_be_visible(timeout=90_000)
    expect(second.get_by_text("32 rows ready")).to_be_visible()
    second.get_by_role("button", name="Next row").click()
    expect(second.locator("#reading")).to_contain_text("chair number 1")
    expect(second.get_by_text("32 rows ready")).to_be_visible()


def test_a_limit_beyond_all_rows_cuts_none(studio: Studio, open_page: OpenPage, messy: Path) -> None:
    page = open_page(studio.url)
    bring(page, messy)
    drawing = page.locator(".ts-histogram")
    expect(drawing).to_be_visible(timeout=90_000)
    expect(drawing.locator("i")).not_to_have_count(0)
    expect(drawing.locator("b")).to_have_count(0)  # the limit lies far beyond the longest row
    expect(page.get_by_text("None is cut at the limit.")).to_be_visible()


def test_more_rows_are_made_to_practise_on_and_go_again(studio: Studio, open_page: OpenPage, messy: Path) -> None:
    messy.write_text(messy.read_text().replace("lamp", "spoon"))
    page = open_page(studio.url)
    bring(page, messy)
    unfold(page, "Make more examples out of these")
    page.get_by_label("Slips of the pen in the question").check()
    expect(page.locator("#made")).to_contain_text("training rows were made", timeout=90_000)
    expect(page.locator("#made tbody tr")).not_to_have_count(0)
    expect(page.locator("#split")).to_contain_text("Test, 5 rows")
    page.get_by_label("Slips of the pen in the question").uncheck()
    expect(page.get_by_text("32 rows ready")).to_be_visible(timeout=90_000)
    expect(page.locator("#made")).to_be_empty()


def test_a_model_rewrites_questions_and_says_what_did_not_hold_up(
    studio: Studio, open_page: OpenPage, messy: Path
) -> None:
    page = open_page(studio.url)
    bring(page, messy)
    unfold(page, "Make more examples out of these")
    page.get_by_role("button", name="Have a model rewrite the questions").click()
    expect(page.get_by_role("button", name="Rewrite them")).to_be_visible()
    settle(page)
    page.locator("#rewrite-most input").fill("2")
    page.locator("#rewrite-most input").press("Tab")
    page.get_by_role("button", name="Rewrite them").click()
    expect(page.locator("#rewriting")).to_contain_text("of 2 rewrites hold up", timeout=240_000)
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_hidden(timeout=180_000)

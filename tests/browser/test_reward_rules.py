"""Rules are added, changed, tried and taken out in the browser, and whatever else sets them is drawn."""

import json
from collections.abc import Iterator

import gradio as gr
import pytest
from playwright.sync_api import Browser, Page, expect

from components import reward_rules
from studio.methods import find_method
from studio.workspace import ASSETS


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page with the part alone, what the server gets of it, and a button that fills it in as a preset does."""
    with gr.Blocks() as demo:
        part = reward_rules.build("rules", find_method("rlhf").settings.model_fields["rules"])
        seen = gr.Textbox(label="Seen")
        part.change(lambda value: value if isinstance(value, str) else json.dumps(value), part, seen,
                    queue=False, trigger_mode="always_last")  # fmt: skip
        preset = gr.Button("Preset")
        preset.click(lambda: [{"kind": "length", "max": 5}, {"kind": "regex", "value": "^D", "weight": 2}], None, part)
    script = f"<script>{(ASSETS / 'js' / 'rules.js').read_text('utf-8')}</script>"
    _, url, _ = demo.launch(prevent_thread_lock=True, head=script, quiet=True)
    context = browser.new_context()
    opened = context.new_page()
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.goto(url)
    yield opened
    context.close()
    demo.close()
    assert problems == []


def test_rules_are_made_without_code(page: Page) -> None:
    page.get_by_role("button", name="Add a rule").click()
    page.get_by_label("What earns points").select_option(label="Contains words")
    words = page.get_by_label("Words, separated by commas")
    words.press_sequentially("refund, sorry")
    expect(words).to_be_focused()  # drawing anew while somebody types would take the field away
    page.get_by_label("Weight").fill("3")
    page.get_by_label("Reward the opposite").check()
    rule = {"kind": "contains", "value": "refund, sorry", "weight": 3, "negate": True}
    expect(page.get_by_label("Seen")).to_have_value(json.dumps([rule], separators=(",", ":")))
    page.get_by_label("Try the rules on a text").fill("We are sorry.")
    result = page.locator(".ts-rules-result")
    expect(result).to_contain_text("does not contain “refund”, “sorry”")
    expect(result.locator("li").first).to_contain_text("0.50")
    page.get_by_role("button", name="Take out rule 1").click()
    expect(page.get_by_label("Seen")).to_have_value("[]")


def test_a_preset_fills_the_rules_and_six_are_enough(page: Page) -> None:
    page.get_by_role("button", name="Preset").click()
    expect(page.get_by_label("Most words")).to_have_value("5")
    expect(page.get_by_label("Pattern, such as ^Dear")).to_have_value("^D")
    expect(page.get_by_label("Weight").nth(0)).to_have_value("1")
    expect(page.get_by_label("Weight").nth(1)).to_have_value("2")
    for _ in range(4):
        page.get_by_role("button", name="Add a rule").click()
    expect(page.get_by_role("group")).to_have_count(6)
    expect(page.get_by_role("button", name="Add a rule")).to_be_hidden()

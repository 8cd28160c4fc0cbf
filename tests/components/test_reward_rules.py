"""The part that holds the rules: drawn from the settings' own words, and its trial says what each rule gives."""

import json
from typing import Any

import gradio as gr

from components import reward_rules
from components.reward_rules import try_rules
from studio.methods import find_method
from studio.methods.reward_rules import MOST_RULES, TITLES, Rule
from tests.conftest import ROOT

INFO = find_method("rlhf").settings.model_fields["rules"]


def tried(rules: Any, text: str) -> dict[str, Any]:
    return try_rules({"rules": rules if isinstance(rules, str) else json.dumps(rules), "text": text})


def test_the_part_is_drawn_from_the_settings() -> None:
    with gr.Blocks() as page:
        part = reward_rules.build("rules", INFO)
    props = next(c["props"] for c in page.get_config_file()["components"] if c["id"] == part._id)
    assert props["label"] == INFO.title
    assert INFO.description in props["html_template"]
    assert props["props"]["kinds"] == TITLES and props["props"]["most"] == MOST_RULES
    assert set(TITLES) == set(Rule.model_fields["kind"].annotation.__args__)  # type: ignore[union-attr]


def test_the_script_that_draws_it_is_served_with_the_page() -> None:
    assert "window.tunesmithRules =" in (ROOT / "assets" / "js" / "rules.js").read_text("utf-8")


def test_the_trial_says_what_each_rule_gives() -> None:
    rules = [{"kind": "length", "max": 4}, {"kind": "contains", "value": "sorry", "weight": 3}]
    assert tried(rules, "We are very very sorry about it.") == {
        "lines": [["The answer has at most 4 words", "0.57"], ["The answer contains “sorry”", "1.00"]],
        "total": "0.89",
    }


def test_a_rule_that_is_not_whole_yet_says_what_it_lacks() -> None:
    result = tried([{"kind": "contains", "value": ""}, {"kind": "json"}, {"kind": "json", "weight": -1}, 7], "{}")
    assert result["lines"][0] == ["This rule should be given the words to look for, in “value”.", ""]
    assert result["lines"][2] == ["Weight of this rule should be greater than 0.", ""]
    assert result["lines"][3][1] == "" and result["total"] == "1.00"


def test_nonsense_from_the_browser_does_no_harm() -> None:
    assert tried("not json", "x") == {"lines": [], "total": ""}
    assert try_rules({}) == {"lines": [], "total": ""}
    assert len(tried([{"kind": "json"}] * 99, "x")["lines"]) == MOST_RULES

"""The rules that earn points: added, changed and tried without code. assets/js/rules.js draws them in the browser."""

from typing import Any

import gradio as gr
from gradio.components import Component
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from components.html import escape
from studio.methods.reward_rules import MOST_RULES, TITLES, Rule, in_words, points, rules_from, total

LONGEST_TRIED = 20_000  # characters of a text that is tried; an answer is far shorter
VALUES = {"contains": "Words, separated by commas", "regex": "Pattern, such as ^Dear"}
TEMPLATE = """
<div class="ts-rules-head"><b>{title}</b><p class="ts-help">{help}</p></div>
<div class="ts-rules-list"></div>
<button type="button" class="ts-button" data-add>Add a rule</button>
<label class="ts-rules-try">Try the rules on a text
<textarea rows="3" maxlength="{longest}" placeholder="Write or paste an answer here"></textarea></label>
<div class="ts-rules-result" role="status"></div>
"""


def build(name: str, info: FieldInfo) -> Component:
    """The field `name` of a method's settings. Its value is JSON text of the rules; a list of them will do, too."""
    title, words = escape(info.title or name), escape(info.description or "")
    return gr.HTML(
        [],
        label=info.title or name,
        html_template=TEMPLATE.format(title=title, help=words, longest=LONGEST_TRIED),
        js_on_load="window.tunesmithRules(element, props, trigger, watch, server);",
        server_functions=[try_rules],
        elem_classes=["ts", "ts-rules"],
        elem_id=f"setting-{name}-rows",
        apply_default_css=False,
        kinds=TITLES,
        values=VALUES,
        most=MOST_RULES,
    )


def try_rules(asked: dict[str, str]) -> dict[str, Any]:
    """What each of `rules` (JSON text) gives `text`: `lines` of [the rule in words, points], and the `total` of them.

    A rule that is not whole yet says what it lacks, has "" for its points, and is not in the total.
    """
    text = str(asked.get("text", ""))[:LONGEST_TRIED]
    try:
        given = rules_from(str(asked.get("rules", "")))[:MOST_RULES]
    except ValueError:
        given = []
    lines, whole = [], []
    for one in given:
        try:
            rule = Rule.model_validate(one)
        except ValidationError as error:
            lines.append([lacking(error), ""])
            continue
        whole.append(rule)
        lines.append([f"The answer {in_words(rule)}", f"{points(rule, text):.2f}"])
    return {"lines": lines, "total": f"{total(whole, text):.2f}" if whole else ""}


def lacking(error: ValidationError) -> str:
    """What is wrong with a rule, as a sentence."""
    first = error.errors()[0]
    reason = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    where = f"{first['loc'][0]} of this rule" if first["loc"] else "This rule"
    return f"{where.capitalize()} should be {reason}."

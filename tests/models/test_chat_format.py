"""A chat template that does not suit its model is noticed by writing a small talk with it; nothing is loaded."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from studio.models.chat_format import chat_format
from tests.conftest import ROOT

CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
NO_SYSTEM = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}" + CHATML
)
SILENT_SYSTEM = CHATML.replace("{% for m in messages %}", "{% for m in messages if m['role'] != 'system' %}")
TAKES_TURNS = (
    "{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate') }}{% endif %}{% endfor %}" + CHATML
)


def folder(
    place: Path, template: Any, stops: Any = 1, tokens: tuple[str, ...] = ("<|im_start|>", "<|im_end|>")
) -> Path:
    """A model's folder as far as its chat format goes. stops: eos_token_id of generation_config.json."""
    place.mkdir(exist_ok=True)
    settings = {"bos_token": "<s>", "eos_token": {"content": "</s>"}, "chat_template": template}
    added = [{"id": number, "content": token} for number, token in enumerate(tokens)]
    (place / "tokenizer_config.json").write_text(json.dumps(settings))
    (place / "tokenizer.json").write_text(json.dumps({"added_tokens": added}))
    (place / "generation_config.json").write_text(json.dumps({"eos_token_id": stops}))
    return place


def test_a_template_that_suits_has_nothing_against_it(tmp_path: Path, tiny_model: Path) -> None:
    for place in (folder(tmp_path / "a", CHATML), tiny_model):
        known = chat_format(place)
        assert known is not None and known.system and known.repeats
        assert known.broken == "" and known.notes == []


def test_no_template_is_none(tmp_path: Path) -> None:
    assert chat_format(folder(tmp_path / "a", None)) is None
    assert chat_format(tmp_path / "nowhere") is None


@pytest.mark.parametrize("template", [NO_SYSTEM, SILENT_SYSTEM])
def test_a_template_without_a_place_for_the_system_message(tmp_path: Path, template: str) -> None:
    known = chat_format(folder(tmp_path / "a", template))
    assert known is not None and (known.system, known.broken) == (False, "")


def test_a_template_that_enforces_turns(tmp_path: Path) -> None:
    known = chat_format(folder(tmp_path / "a", TAKES_TURNS))
    assert known is not None and (known.repeats, known.broken) == (False, "")


def test_marks_that_are_no_tokens_of_the_model_are_named(tmp_path: Path) -> None:
    known = chat_format(folder(tmp_path / "a", CHATML, tokens=("<s>", "</s>")))
    assert known is not None and known.unknown == ["<|im_start|>", "<|im_end|>"]
    assert "<|im_start|> and <|im_end|>, which this model does not know as one token" in known.notes[0]


def test_an_end_mark_that_the_model_never_stops_at_is_named(tmp_path: Path) -> None:
    known = chat_format(folder(tmp_path / "a", CHATML, stops=7))
    assert known is not None and known.endless == "<|im_end|>" and "may talk on" in known.notes[0]
    for stops in ([7, 1], 1, None):
        known = chat_format(folder(tmp_path / "a", CHATML, stops=stops))
        assert known is not None and known.endless == ""


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{% for m in messages %}", "no valid one"),
        ("{{ raise_exception('Not today.') }}", r"refuses a question with its answer \(Not today\)"),
        ("{{ messages[0]['text'].upper() }}", "refuses a question"),
        ("{{ messages[0]['content'] }}", "leaves out what is said"),
        ("{{ messages | length }}{% for m in messages %}{{ m['content'] }}{% endfor %}", "rewrites the question"),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "refuses a question"),
    ],
)
def test_a_template_that_cannot_be_used_says_why(tmp_path: Path, template: str, words: str) -> None:
    import re

    known = chat_format(folder(tmp_path / "a", template))
    assert known is not None and re.search(words, known.broken)


def test_what_templates_of_today_use_is_understood(tmp_path: Path) -> None:
    template = (
        "{{ bos_token }}{%- for m in messages %}{%- if loop.index > 99 %}{%- break %}{%- endif %}"
        "[{{ m.role }}]{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{{ eos_token }}{% endgeneration %}"
        "{% else %}{{ m.content }}{{ strftime_now('%Y') }}{{ [1] | tojson }}{% endif %}{%- endfor %}"
        "{% if add_generation_prompt %}[assistant]{% endif %}"
    )
    known = chat_format(
        folder(tmp_path / "a", [{"name": "tools", "template": "x"}, {"name": "default", "template": template}])
    )
    assert known is not None and known.broken == "" and known.system and known.repeats


def test_a_changed_template_is_looked_at_again(tmp_path: Path) -> None:
    known = chat_format(folder(tmp_path / "a", CHATML))
    assert known is not None and known.system
    (tmp_path / "a" / "chat_template.jinja").write_text(NO_SYSTEM)
    known = chat_format(tmp_path / "a")
    assert known is not None and not known.system


def test_our_writing_is_that_of_transformers(tmp_path: Path, tiny_model: Path) -> None:
    from studio.models import chat_format as ours
    from studio.models.loading import load_tokenizer

    talk = [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}]
    text = (tiny_model / "chat_template.jinja").read_text()
    written = ours.environment().from_string(text).render(messages=talk, add_generation_prompt=True)
    assert written == load_tokenizer(tiny_model).apply_chat_template(talk, tokenize=False, add_generation_prompt=True)


def test_the_check_loads_neither_torch_nor_transformers() -> None:
    code = (
        "import sys, studio.methods.checks; print([m for m in ('torch', 'transformers', 'peft') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

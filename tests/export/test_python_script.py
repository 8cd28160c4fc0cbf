"""The script of a copy: short, formatted, with nothing of ours in it, whatever the method and its settings."""

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from studio.errors import StudioError
from studio.export.python.layout import literal
from studio.export.python.plan import Plan
from studio.export.python.script import MOST_LINES, script
from studio.methods import METHODS

FACTS = {"scale": {"mean": 1.5, "std": 0.3}, "desirable": 1.0, "undesirable": 1.25, "questions": 20,
         "teacher": "maker/a-larger-model", "teacher_adapter": True}  # fmt: skip
NEEDED: dict[str, dict[str, Any]] = {
    "rlhf": {"rules": [{"kind": "length", "min": 4}, {"kind": "contains", "value": 'a, "b"'}, {"kind": "json"}]},
    "distillation": {"teacher": "maker/a-larger-model"},
}
MORE: list[dict[str, Any]] = [
    {"weights": "4bit", "rslora": True},
    {"weights": "8bit", "lora_plus": 16.0},
    {"init": "pissa", "accumulation": 2},
    {"dora": True, "checkpointing": True},
]
ALLOWED = {"transformers", "trl", "peft", "torch", "datasets", "json", "pathlib", "re"}
# What takes more than MOST_LINES, and is refused: every one of these is said in the README.
TOO_LONG = {("rlhf", "gradual"), ("distillation", "gradual")}
RULES = ["--isolated", "--line-length", "120", "--target-version", "py311"]


def plan(method: str, **more: Any) -> Plan:
    settings = {**NEEDED.get(method, {}), **more.pop("settings", {})}
    known: dict[str, Any] = {
        "name": "A second try of “it's” with \\ a name that is as long as a name may be, of eighty",
        "settings": METHODS[method].settings.model_validate(settings),
        "task": METHODS[method].task,
        "base": "maker/a-model-with-a-name",
        "note": "the run had commit 0123456789012345678901234567890123456789",
        "device": "cpu",
        "dtype": "bfloat16",
        "steps": 120,
        "last": 120,
        "kept": 60,
        "libraries": {"torch": "2.13.0+cpu", "transformers": "5.23.0", "trl": "1.16.0", "peft": "0.21.2"},
        "config": {"rope_theta": 1.0, "router_aux_loss_coef": 0.1},
        "facts": FACTS,
    }
    return Plan(**{**known, "method": method, **more})


def every() -> list[tuple[str, dict[str, Any], Plan]]:
    found = []
    for name, method in METHODS.items():
        for settings in [*({"adapt": way} for way in method.settings.applicable), *MORE]:
            for started in (False, True):
                for device in ("cpu", "cuda"):
                    try:
                        found.append((name, settings, plan(name, settings=settings, started=started, device=device)))
                    except ValidationError:
                        continue  # the method has no such setting
    return found


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts of every method and way to train; what is refused is one of TOO_LONG."""
    place = tmp_path_factory.mktemp("scripts")
    refused = set()
    for number, (name, settings, one) in enumerate(every()):
        try:
            (place / f"{name}-{number}.py").write_text(script(one))
        except StudioError as error:
            assert "lines of Python" in error.message
            refused.add((name, next(str(value) for value in settings.values())))
    assert refused == TOO_LONG
    return place


def test_scripts_are_short_and_import_nothing_of_ours(scripts: Path) -> None:
    files = list(scripts.iterdir())
    assert len(files) > 200
    for file in files:
        text = file.read_text()
        assert len(text.splitlines()) <= MOST_LINES, file.name
        found = {name for node in ast.walk(ast.parse(text)) for name in imported(node)}
        assert found <= ALLOWED, file.name


def imported(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name.partition(".")[0] for alias in node.names}
    return {str(node.module).partition(".")[0]} if isinstance(node, ast.ImportFrom) else set()


def test_scripts_are_as_ruff_formats_them(scripts: Path) -> None:
    ruff = [sys.executable, "-m", "ruff"]
    subprocess.run([*ruff, "format", *RULES, "--check", str(scripts)], check=True, capture_output=True)
    chosen = ["--select", "E,F,W,I,B,UP,SIM,RUF", "--ignore", "RUF001,RUF002,RUF003"]
    result = subprocess.run([*ruff, "check", *RULES, *chosen, str(scripts)], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("text", ['say "hi"', "it's", "both \" and '", "back\\slash", "line\nbreak", "ä “q”"])
def test_texts_are_read_back_as_they_were(text: str) -> None:
    assert ast.literal_eval(literal(text)) == text
    assert ast.literal_eval(literal([{text: [1, None, True, 0.5]}])) == [{text: [1, None, True, 0.5]}]


def test_a_run_that_was_ended_early_says_so() -> None:
    assert "ended at step 70 and kept step 60" in script(plan("sft", last=70))
    assert "ended" not in script(plan("sft"))


@pytest.mark.parametrize(
    ("method", "more", "reason"),
    [
        ("distillation", {"settings": {"on_policy": 0.5}}, "share of its own answers"),
        ("distillation", {"config": {"rope_theta": 1.0, "attention_dropout": 0.1}}, "forgets a part of itself"),
        ("distillation", {"config": {}}, "counts its places"),
        ("rlhf", {"settings": {"reward_run": "20240101-000000-judge-abcd"}}, "reward model"),
        ("rlhf", {"settings": {"rules": [{"kind": "regex", "value": r"\p{Lu}"}]}}, "pattern"),
    ],
)
def test_what_a_script_cannot_do_is_refused_with_its_reason(method: str, more: dict[str, Any], reason: str) -> None:
    with pytest.raises(StudioError, match=reason):
        script(plan(method, **more))


def test_the_rules_give_what_the_run_gave() -> None:
    """The reward of a script, run as it stands there, beside that of the studio."""
    from studio.methods.reward_rules import Rule, total

    given = [
        {"kind": "json"},
        {"kind": "length", "min": 2, "max": 5, "weight": 3.0},
        {"kind": "length", "max": 2, "negate": True},
        {"kind": "contains", "value": "on  its way, C++, “ä”", "weight": 0.5},
        {"kind": "regex", "value": r"\bway$"},
    ]
    texts = ["", "On its\nway", "{}", "NaN", '{"a": [1]}', "C++ or “Ä” all the way", "one two three four five six way"]
    lines = script(plan("rlhf", settings={"rules": given, "adapt": "full"}))
    tree = ast.parse(lines)
    tree.body = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    names: dict[str, Any] = {"json": json, "re": __import__("re")}
    exec(compile(tree, "train.py", "exec"), names)
    rules = [Rule.model_validate(rule) for rule in given]
    assert names["reward"](texts) == pytest.approx([total(rules, text) for text in texts])

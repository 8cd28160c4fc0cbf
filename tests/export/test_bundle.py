"""The zip: loads with plain PEFT elsewhere, names no path of this computer, and is called checked only when it was."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.errors import StudioError
from studio.export.bundle import export_state, start_export
from studio.training.queue import submit
from studio.training.recipe import load_recipe, resolve
from studio.training.run import Run, create_run
from studio.workspace import Workspace, open_workspace, read_json, write_json
from tests.conftest import wait_until
from tests.tiny import SAMPLE


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Run:
    """A finished run whose export is ready."""
    folder = tmp_path_factory.mktemp("export")
    recipe = folder / "recipe.toml"
    recipe.write_text(
        f'name = "Shop"\n[data]\nfile = "{SAMPLE}"\n[model]\nname = "{tiny_model}"\n'
        "[settings]\nmax_steps = 3\nlearning_rate = 0.01\n"
    )
    workspace = open_workspace(folder / "home")
    run = submit(workspace, resolve(workspace, load_recipe(recipe)))
    wait_until(lambda: export_state(run).status in ("ready", "failed"), 120, "the checked download")
    return run


def test_the_zip_holds_what_another_computer_needs(run: Run, tiny_model: Path) -> None:
    state = export_state(run)
    assert state.status == "ready", state.error
    assert state.zip is not None
    with zipfile.ZipFile(state.zip) as archive:
        names = set(archive.namelist())
        texts = {name: archive.read(name).decode() for name in names if not name.endswith(".safetensors")}
    assert {"adapter_config.json", "adapter_model.safetensors", "tokenizer.json", "README.md"} <= names
    assert {"tokenizer_config.json", "chat_template.jinja", "load_adapter.py"} <= names
    assert not [
        name for name, text in texts.items() if str(tiny_model.parent) in text or str(run.workspace.home) in text
    ]


def test_the_card_says_what_the_run_recorded(run: Run) -> None:
    card = export_state(run).card
    recipe, view = run.recipe(), run.view()
    for fact in (
        recipe.data.fingerprint,
        "| rank | 16 |",
        f"{view.result['test_loss_after']:.3f} after",
        "not known",
    ):
        assert str(fact) in card
    assert card.startswith("---\nbase_model: tiny\nlibrary_name: peft\n")


def test_the_snippet_is_five_lines_of_python(run: Run) -> None:
    lines = export_state(run).snippet.strip().splitlines()
    assert len(lines) == 5
    compile("\n".join(lines), "snippet", "exec")


def test_plain_peft_gives_the_same_greedy_answer_in_another_process(run: Run, tiny_model: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(export_state(run).zip or "") as archive:
        archive.extractall(tmp_path / "adapter")
    recorded = read_json(run.folder / "answers.json")
    code = (
        "import sys, json, torch\n"
        "from peft import PeftModel\n"
        "from transformers import AutoModelForCausalLM, AutoTokenizer\n"
        "base = AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype='float32')\n"
        "model = PeftModel.from_pretrained(base, sys.argv[2]).eval()\n"
        "tokenizer = AutoTokenizer.from_pretrained(sys.argv[2])\n"
        "ids = tokenizer.apply_chat_template(json.loads(sys.argv[3]), add_generation_prompt=True, "
        "return_tensors='pt', return_dict=True)\n"
        "out = model.generate(**ids, max_new_tokens=int(sys.argv[4]), do_sample=False)\n"
        "print(json.dumps(tokenizer.decode(out[0, ids['input_ids'].shape[1]:], skip_special_tokens=True)))\n"
    )
    asked = json.dumps(recorded["conversations"][0])
    arguments = [str(tiny_model), str(tmp_path / "adapter"), asked, str(recorded["max_new_tokens"])]
    result = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout.splitlines()[-1]) == recorded["answers"][0]


def test_another_answer_is_counted_and_not_hidden(run: Run) -> None:
    recorded = read_json(run.folder / "answers.json")
    write_json(run.folder / "answers.json", {**recorded, "answers": ["something else", *recorded["answers"][1:]]})
    start_export(run)
    wait_until(lambda: export_state(run).status != "working", 60, "the check")
    write_json(run.folder / "answers.json", recorded)
    assert (export_state(run).same, export_state(run).asked) == (2, 3)


def test_a_damaged_adapter_is_never_called_ready(run: Run) -> None:
    weights = run.adapter / "adapter_model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    start_export(run)
    wait_until(lambda: export_state(run).status != "working", 60, "the check")
    weights.write_bytes(whole)
    state = export_state(run)
    assert state.status == "failed" and state.zip is None and state.error


def test_a_run_that_kept_nothing_has_nothing_to_export(workspace: Workspace, make_recipe: Callable[..., Path]) -> None:
    empty = create_run(workspace, resolve(workspace, load_recipe(make_recipe())))
    assert export_state(empty).status == "none"
    with pytest.raises(StudioError, match="kept nothing"):
        start_export(empty)

"""What would fail later is refused before the first step, in a sentence with a way out, on the page and headless."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from studio.datasets.store import add_file
from studio.datasets.versions import Version, prepare
from studio.errors import StudioError
from studio.methods import find_method
from studio.methods.adapt_settings import ADAPTERS
from studio.methods.checks import check_run
from studio.methods.room import FLOAT32, bytes_needed, parameters_in
from studio.models.catalogue import find_model
from studio.training.recipe import load_recipe, resolve
from studio.workspace import Workspace
from tests.conftest import chat_steps

WITH_TEMPLATE = "{% for message in messages %}{{ message['content'] }}{% endfor %}"


@pytest.fixture
def version(workspace: Workspace, make_csv: Callable[..., Path]) -> Version:
    return prepare(workspace, add_file(workspace, make_csv(24)), chat_steps(split={"near_together": False}))


@pytest.fixture
def refused(workspace: Workspace, version: Version, make_csv: Callable[..., Path], tmp_path: Path) -> Callable:
    """The error that a model and settings are met with: by the check itself, and by a recipe without a page."""

    def told(model: Path, method: str = "sft", **settings: Any) -> str:
        known = find_method(method)
        with pytest.raises(StudioError) as direct:
            chosen = known.settings.model_validate(settings)
            check_run(workspace, known, chosen, version, find_model(workspace, str(model)))
        recipe = tmp_path / "recipe.toml"
        lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in settings.items())
        recipe.write_text(
            f'[data]\nfile = "{make_csv(24)}"\n[model]\nname = "{model}"\n'
            f'[method]\nname = "{method}"\n[settings]\n{lines}\n'
        )
        with pytest.raises(StudioError) as headless:
            resolve(workspace, load_recipe(recipe))
        assert headless.value.text == direct.value.text
        assert direct.value.hint
        return direct.value.text

    return told


@pytest.fixture
def other_model(tiny_model: Path, tmp_path: Path) -> Callable[..., Path]:
    """A copy of the two-layer model with another config, or without its chat template."""

    def make(chat: bool = True, **config: Any) -> Path:
        folder = tmp_path / "other"
        shutil.copytree(tiny_model, folder)
        known = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**known, **config}))
        if not chat:
            (folder / "chat_template.jinja").unlink()
        return folder

    return make


def test_an_encoder_is_nothing_for_a_chat_method(refused: Callable[..., str], tiny_encoder: Path) -> None:
    text = refused(tiny_encoder)
    assert "reads and does not write" in text and "“Learn from examples” cannot train it" in text
    assert "Choose another model, or the method" in text


def test_a_model_that_writes_is_nothing_for_text_to_text(refused: Callable[..., str], tiny_model: Path) -> None:
    assert "a model that writes" in refused(tiny_model, method="text_to_text")


def test_a_model_without_a_chat_template_cannot_be_shown_conversations(
    refused: Callable[..., str], other_model: Callable[..., Path]
) -> None:
    assert "has no chat format of its own" in refused(other_model(chat=False))


@pytest.mark.parametrize("where", ["tokenizer_config.json", "chat_template.jinja", "chat_template.json"])
def test_a_chat_template_is_found_wherever_models_keep_it(
    workspace: Workspace, version: Version, other_model: Callable[..., Path], where: str
) -> None:
    folder = other_model(chat=False)
    if where == "tokenizer_config.json":
        known = json.loads((folder / where).read_text())
        (folder / where).write_text(json.dumps({**known, "chat_template": WITH_TEMPLATE}))
    else:
        (folder / where).write_text(WITH_TEMPLATE)
    method = find_method("sft")
    check_run(workspace, method, method.settings(), version, find_model(workspace, str(folder)))


def test_plain_text_needs_no_chat_template(
    workspace: Workspace, other_model: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "story.txt").write_text("Once upon a time there was a lamp. It stood on a shelf.\n\n" * 60)
    recipe = tmp_path / "recipe.toml"
    model = other_model(chat=False)
    recipe.write_text(f'[data]\nfile = "story.txt"\n[model]\nname = "{model}"\n[method]\nname = "pretraining"\n')
    assert resolve(workspace, load_recipe(recipe)).method.name == "pretraining"


def test_a_context_longer_than_the_models_is_refused(refused: Callable[..., str], tiny_model: Path) -> None:
    text = refused(tiny_model, max_length=513)
    assert "can read 512 tokens at once, and “Longest example” asks for 513" in text and "to 512 or less" in text


@pytest.mark.parametrize("adapt", ["prompt", "prefix"])
def test_the_learned_beginning_counts_too(
    refused: Callable[..., str], workspace: Workspace, version: Version, tiny_model: Path, adapt: str
) -> None:
    text = refused(tiny_model, adapt=adapt, virtual_tokens=20, max_length=500)
    assert "asks for 500, with 20 more for the learned beginning" in text and "to 492 or less" in text
    method = find_method("sft")
    fits = method.settings.model_validate({"adapt": adapt, "virtual_tokens": 20, "max_length": 492})
    check_run(workspace, method, fits, version, find_model(workspace, str(tiny_model)))


def test_rows_of_another_kind_are_refused(refused: Callable[..., str], tiny_model: Path) -> None:
    assert "cannot learn from “questions and answers”" in refused(tiny_model, method="dpo")


def test_uneven_bites_are_refused_before_the_start(refused: Callable[..., str], tiny_model: Path) -> None:
    text = refused(tiny_model, batch_size=4, accumulation=3)
    assert "4 examples per step cannot be split into 3 equal bites" in text and "divides" in text


def test_without_a_row_to_learn_from_there_is_no_run(workspace: Workspace, version: Version, tiny_model: Path) -> None:
    method = find_method("sft")
    empty = replace(version, rows={**version.rows, "train": 0})
    with pytest.raises(StudioError, match="not one row to learn from"):
        check_run(workspace, method, method.settings(), empty, find_model(workspace, str(tiny_model)))


def test_settings_that_contradict_each_other_are_refused_in_a_recipe(
    workspace: Workspace, make_recipe: Callable[..., Path]
) -> None:
    with pytest.raises(StudioError) as caught:
        resolve(workspace, load_recipe(make_recipe(adapt='"full"', weights='"4bit"')))
    assert "Packed weights (4-bit, 8-bit) cannot be trained themselves. Choose LoRA" in caught.value.text


def test_a_way_that_a_method_does_not_have_is_refused_with_those_that_it_has(
    workspace: Workspace, make_recipe: Callable[..., Path]
) -> None:
    recipe = load_recipe(make_recipe(adapt='"prompt"'))
    recipe.method.name = "distillation"
    with pytest.raises(StudioError) as caught:
        resolve(workspace, recipe)
    assert "cannot train “A learned beginning (prompt tuning)” (prompt)" in caught.value.text
    assert "Choose “A thin layer everywhere (LoRA)” (lora) or" in caught.value.text


def test_a_model_that_was_made_into_something_else_is_refused(
    refused: Callable[..., str], other_model: Callable[..., Path]
) -> None:
    folder = other_model()
    (folder / "result.json").write_text('{"task": "classifier", "weights": "full", "head": {}}')
    assert "was trained for something else" in refused(folder)


def test_parameters_are_counted_without_loading_them(tiny_model: Path, tiny_encoder: Path, tmp_path: Path) -> None:
    from transformers import AutoModel

    for folder in (tiny_model, tiny_encoder):
        assert parameters_in(folder) == AutoModel.from_pretrained(folder).num_parameters()
    (tmp_path / "model.safetensors").write_bytes(b"rubbish")
    assert parameters_in(tmp_path) == 0


def test_a_whole_model_needs_room_for_its_checkpoints(
    refused: Callable[..., str], workspace: Workspace, tmp_path: Path, tiny_model: Path
) -> None:
    settings = find_method("sft").settings
    one = FLOAT32 * parameters_in(tiny_model)
    full, last, bare = (
        bytes_needed(tiny_model, settings.model_validate({"adapt": adapt}), checks)
        for adapt, checks in (("full", True), ("last_layers", True), ("full", False))
    )
    assert (full, last, bare) == (10 * one, 4 * one, one)
    assert all(bytes_needed(tiny_model, settings.model_validate({"adapt": way}), True) == 0 for way in ADAPTERS)
    # A model larger than any disk: only its header is read.
    giant = tmp_path / "giant"
    shutil.copytree(tiny_model, giant)
    weight = {"dtype": "BF16", "shape": [10**9, 10**6], "data_offsets": [0, 2 * 10**15]}
    header = json.dumps({"weight": weight}).encode()
    (giant / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    text = refused(giant, adapt="full")
    assert "needs up to 40000000.0 GB of disk" in text and "choose LoRA" in text


@pytest.fixture
def with_template(other_model: Callable[..., Path]) -> Callable[[str], Path]:
    """A copy of the two-layer model with another chat template in front of its own."""

    def make(refusing: str) -> Path:
        folder = other_model()
        file = folder / "chat_template.jinja"
        file.write_text(refusing + file.read_text())
        return folder

    return make


def test_a_system_message_that_the_chat_format_refuses_is_noticed_before_the_start(
    workspace: Workspace, version: Version, make_csv: Callable[..., Path], with_template: Callable[[str], Path]
) -> None:
    refuses = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no') }}{% endif %}"
    model = find_model(workspace, str(with_template(refuses)))
    method = find_method("sft")
    check_run(workspace, method, method.settings(), version, model)
    steps = chat_steps(system="Be kind.", split={"near_together": False})
    told = prepare(workspace, add_file(workspace, make_csv(24)), steps)
    with pytest.raises(StudioError, match="knows no system message, and 24 of your 24 rows have one") as caught:
        check_run(workspace, method, method.settings(), told, model)
    assert "Take the system message out" in caught.value.hint


def test_a_chat_format_that_cannot_be_used_is_refused(
    refused: Callable[..., str], with_template: Callable[[str], Path]
) -> None:
    text = refused(with_template("{{ messages | length }}"))
    assert "rewrites the question once the answer is known" in text and "Put the template of the original model" in text


def test_a_base_model_of_the_list_is_refused_before_it_is_downloaded(workspace: Workspace, version: Version) -> None:
    method = find_method("sft")
    with pytest.raises(StudioError, match="no chat format of its own") as caught:
        check_run(workspace, method, method.settings(), version, find_model(workspace, "llama-3.2-1b"))
    assert caught.value.hint.startswith("“Llama-3.2-1B-Instruct” in the list")
    check_run(workspace, method, method.settings(), version, find_model(workspace, "llama-3.2-1b-instruct"))


def test_a_model_that_is_too_new_is_refused(refused: Callable[..., str], other_model: Callable[..., Path]) -> None:
    assert "of the kind “qwen97”, which the installed transformers" in refused(other_model(model_type="qwen97"))

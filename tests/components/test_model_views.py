"""What the Model tab says of the chosen model: trouble with its chat format before anybody trains."""

import shutil
from pathlib import Path

from components.model_views import about
from studio.models.catalogue import find_model
from studio.workspace import Workspace


def test_what_is_known_of_a_model_is_told_before_it_is_here(workspace: Workspace) -> None:
    told = about(find_model(workspace, "qwen2.5-0.5b-instruct"))
    for words in (
        "32,768 tokens at once",
        "More than 29 languages",
        "Chat format: chatml",
        "Apache-2.0",
        "Not here yet",
    ):
        assert words in told
    assert "free account" not in told and "free account" in about(find_model(workspace, "gemma-3-270m-it"))
    assert "has not learned to converse" in about(find_model(workspace, "gpt2"))


def model_with(workspace: Workspace, tiny_model: Path, tmp_path: Path, template: str) -> str:
    folder = tmp_path / f"model-{len(template)}"
    shutil.copytree(tiny_model, folder)
    (folder / "chat_template.jinja").write_text(template)
    return about(find_model(workspace, str(folder)))


def test_trouble_with_the_chat_format_is_told_when_the_model_is_chosen(
    workspace: Workspace, tiny_model: Path, tmp_path: Path
) -> None:
    assert "Chat format" not in about(find_model(workspace, str(tiny_model)))
    assert "cannot be used" in model_with(workspace, tiny_model, tmp_path, "{{ raise_exception('no') }}")
    strange = "{% for m in messages %}<|header|>{{ m['role'] + m['content'] }}<|im_end|>{% endfor %}"
    strange += "{% if add_generation_prompt %}<|header|>assistant{% endif %}"
    told = model_with(workspace, tiny_model, tmp_path, strange)
    assert "&lt;|header|&gt;" in told and "does not know as one token" in told

"""Every kind of result leaves as a zip whose own lines of Python load it, and whose answers are checked again."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio.export import check
from studio.export.bundle import build_zip
from studio.methods import find_method
from studio.training.recipe import load_recipe, resolve
from studio.training.run import Run, create_run
from studio.workspace import Workspace, open_workspace, read_json
from tests.finished import CHAT, LABELS, NUMBERS, PAIRS, finished


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return open_workspace(tmp_path_factory.mktemp("kinds") / "home")


AFTERWARDS = """
import json, sys
import torch
expected = json.load(open(sys.argv[1], encoding="utf-8"))
model.eval()
if "logits" in expected:
    def text_of(asked):  # the mark that ends the answer is the last that is read
        talk = asked if isinstance(asked, str) else tokenizer.apply_chat_template(asked, tokenize=False)
        return talk.rstrip()
    read = [tokenizer(text_of(asked), return_tensors="pt") for asked in expected["asked"]]
    said = [model(one["input_ids"]).logits[0].tolist() for one in read]
else:
    said = []
    for talk in expected["conversations"]:
        if model.config.is_encoder_decoder:
            ids = tokenizer("\\n".join(turn["content"] for turn in talk) + tokenizer.eos_token, return_tensors="pt")
        else:
            ids = tokenizer.apply_chat_template(talk, add_generation_prompt=True, return_tensors="pt", return_dict=True)
        ids.pop("token_type_ids", None)
        out = model.generate(**ids, max_new_tokens=expected["max_new_tokens"], do_sample=False)[0]
        start = 0 if model.config.is_encoder_decoder else ids["input_ids"].shape[1]
        said.append(tokenizer.decode(out[start:], skip_special_tokens=True))
print(json.dumps(said))
"""


def elsewhere(run: Run, archive: Path, code: str, base: Path, place: Path) -> Any:
    """Run the download's own lines beside it in a fresh program, then ask it what was asked at the end of the run."""
    folder = place / archive.stem
    with zipfile.ZipFile(archive) as zipped:
        zipped.extractall(folder)
        assert (folder / f"load_{archive.stem}.py").read_text() == code
    (place / "path" / "to").mkdir(parents=True)
    (place / "path" / "to" / base.name).symlink_to(base)
    (place / "run.py").write_text(code + AFTERWARDS)
    result = subprocess.run(
        [sys.executable, "run.py", str(run.folder / "answers.json")], cwd=place, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return json.loads(result.stdout.splitlines()[-1])


def checked(run: Run, archive: Path, base: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    answers = str(run.folder / "answers.json")
    monkeypatch.setattr(sys, "argv", ["check", str(archive), str(base), answers])
    check.main()
    verdict: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return verdict


CASES = [
    ("sft", CHAT, "tiny_model", {"adapt": "prompt"}),
    ("sft", CHAT, "tiny_model", {"weights": "4bit", "max_steps": 12}),
    ("sft", CHAT, "tiny_model", {"adapt": "full"}),
    ("text_to_text", CHAT, "tiny_encoder_decoder", {"adapt": "lora"}),
    ("text_to_text", CHAT, "tiny_encoder_decoder", {"adapt": "full"}),
    ("classification", LABELS, "tiny_encoder", {"adapt": "lora"}),
    ("classification", LABELS, "tiny_model", {"adapt": "lora", "weights": "8bit"}),
    ("classification", LABELS, "tiny_encoder", {"adapt": "last_layers"}),
    ("regression", NUMBERS, "tiny_encoder", {"adapt": "lora"}),
    ("reward", PAIRS, "tiny_model", {"adapt": "lora"}),
]


@pytest.mark.parametrize(
    ("method", "rows", "base", "settings"), CASES, ids=["-".join([c[0], *map(str, c[3].values()), c[2]]) for c in CASES]
)
def test_what_leaves_is_what_was_kept(
    workspace: Workspace,
    method: str,
    rows: str,
    base: str,
    settings: dict[str, Any],
    tmp_path: Path,
    request: pytest.FixtureRequest,
    capsys: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder: Path = request.getfixturevalue(base)
    run = finished(workspace, method, rows, folder, learning_rate=0.01, **settings)
    archive, card, code = build_zip(run)
    whole = settings.get("adapt") in ("full", "last_layers")
    assert archive.name == ("model.zip" if whole else "adapter.zip")
    recorded = read_json(run.folder / "answers.json")
    said = elsewhere(run, archive, code, folder, tmp_path)
    if "logits" in recorded:
        assert len(said) == len(recorded["logits"]) == 3
        for one, other in zip(said, recorded["logits"], strict=True):
            assert one == pytest.approx(other, rel=1e-2, abs=1e-3)
    elif "weights" in settings:
        # In bfloat16 two words can be as likely as one another, and transformers' own loop then takes the other one.
        assert [one[:10] for one in said] == [other[:10] for other in recorded["answers"]]
    else:
        assert said == recorded["answers"]
    proof = "predictions" if "logits" in recorded else "answers"
    assert checked(run, archive, folder, capsys, monkeypatch) == {"same": 3, "asked": 3, "proof": proof}
    text = "text-classification" if "logits" in recorded else "text-generation"
    library = "transformers" if whole else "peft"
    assert card.startswith(f"---\nbase_model: {folder.name}\nlibrary_name: {library}\npipeline_tag: {text}\n")
    for metric in find_method(method).metrics:
        assert f"| {metric.title}, " in card
    with zipfile.ZipFile(archive) as zipped:
        assert "result.json" in zipped.namelist()
        texts = [zipped.read(name) for name in zipped.namelist() if not name.endswith(".safetensors")]
    assert not [name for name in texts if str(workspace.home).encode() in name or str(folder.parent).encode() in name]


def test_another_prediction_is_counted_and_not_hidden(
    workspace: Workspace, tiny_encoder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = finished(workspace, "classification", LABELS, tiny_encoder, adapt="lora")
    archive, _, _ = build_zip(run)
    recorded = read_json(run.folder / "answers.json")
    recorded["logits"][0][0] += 0.01
    recorded["predictions"][1]["label"] = "another"
    (run.folder / "answers.json").write_text(json.dumps(recorded))
    assert checked(run, archive, tiny_encoder, capsys, monkeypatch)["same"] == 1


def test_a_large_model_is_not_read_into_memory(workspace: Workspace, make_recipe: Callable[..., Path]) -> None:
    import resource

    run = create_run(workspace, resolve(workspace, load_recipe(make_recipe())))
    run.whole_model.mkdir()
    (run.whole_model / "result.json").write_text('{"task": "causal", "weights": "full", "head": {}}')
    with (run.whole_model / "model.safetensors").open("wb") as file:
        file.truncate(600_000_000)  # a file with a hole: it takes no room on the disk
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    archive, _, _ = build_zip(run)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    size = archive.stat().st_size
    archive.unlink()
    assert size > 600_000_000 and grown < 100

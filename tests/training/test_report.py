"""A report holds what helps, and none of the secrets and none of the data that lie about in a run's folder."""

import getpass
import json
import platform
import socket
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import tomli_w

from studio.processes import identity
from studio.training.events import EventLog
from studio.training.recipe import load_recipe, resolve
from studio.training.report import CONTENTS, save_report
from studio.training.report.blanking import MOST, without_data, without_secrets
from studio.training.run import Run, create_run
from studio.workspace import Workspace

SECRETS = (
    "hf_" + "aB3dE6gH9jK2mN5pQ8sT1vW4xY7zA0cD2",
    "sk-proj-" + "Zx81kfLm29QwErTy56UiOp",
    "AKIA" + "QZ7XW3NB5KD2LM8P",
    "hunter2-Winter!",
    "anna.lindt@klinik-nord.de",
    "qk3v9zz71mmpl4t8w2x5c6b7n8a9s0d1",  # of no known maker
)
# Rows, a system message, a text changed by hand, and what a batch and the film of answers remember of them.
ROW = "Mr Winterbottom owes the bank ninety pounds since Easter"
REPLY = "Tell Gwendolyn that her biopsy came back benign"
SYSTEM = "You speak for the Oberhausen parole office only"
EDIT = "The alimony of Casimir is three months late"
DATA = (ROW, REPLY, SYSTEM, EDIT)
WORDS = ("Winterbottom", "Gwendolyn", "biopsy", "Oberhausen", "parole", "Casimir", "alimony")


@pytest.fixture
def planted(workspace: Workspace, tiny_model: Path, tmp_path: Path) -> Run:
    """A failed run in which everything that could speak has said a secret and a sentence of the data."""
    rows = tmp_path / "Customer letters.csv"
    rows.write_text(
        "question,answer\n" + f"{ROW},{REPLY}\n" + "".join(f"Where is {i}?,On its way {i}.\n" for i in range(20))
    )
    recipe = {
        "name": f"Letters {SECRETS[0]}",
        "data": {
            "file": str(rows),
            "prompt": "question",
            "reply": "answer",
            "system": SYSTEM,
            "edits": [{"row": 3, "prompt": EDIT}],
        },
        "model": {"name": str(tiny_model)},
        "method": {"name": "sft"},
        "settings": {"max_steps": 4},
    }
    path = tmp_path / "recipe.toml"
    path.write_text(tomli_w.dumps(recipe))
    run = create_run(workspace, resolve(workspace, load_recipe(path)))
    everything = " ".join(secret for secret in SECRETS if secret != SECRETS[3])  # alone, a password is a word
    events = EventLog(run.events)
    events.write("phase", text="Loading the model")
    events.write("plan", steps=4000, epochs=2, rows={"train": 20, "check": 2, "test": 2}, device="cpu")
    events.write("note", text=f"One row was cut: {ROW}. {everything}")
    for step in range(1, 1001):
        events.write("step", step=step, epoch=0.1, loss=2.5, learning_rate=1e-4, said=REPLY)
    events.write("film", step=2, answers=[{"question": ROW, "answer": REPLY}])
    message = f"ValueError: cannot read '{REPLY}' with password: {SECRETS[3]}"
    events.write("failed", message=message, hint="Look.", evidence=f"Python said: {ROW}", last_line=EDIT)
    log = ["Traceback (most recent call last):", '  File "/opt/lib/torch/nn.py", line 12, in forward', "    x = y"]
    log += [message, f"batch: {json.dumps([ROW, SYSTEM])}", f"token={SECRETS[0]} {everything}", str(Path.home() / "x")]
    run.log.write_text("\n".join(log))
    (run.folder / "bad_batch.json").write_text(json.dumps({"texts": list(DATA)}))
    (run.folder / "film.jsonl").write_text(json.dumps({"answer": REPLY}) + "\n")
    (run.folder / "process.json").write_text(json.dumps(identity() | {"created": -5.0}))
    point = run.checkpoints / "checkpoint-2"
    point.mkdir(parents=True)
    (point / "adapter_model.safetensors").write_bytes(b"weights" * 1000)
    return run


def read(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_no_secret_and_no_word_of_the_data_is_in_it(planted: Run) -> None:
    parts = read(save_report(planted))
    whole = "\n".join(parts.values())
    for name, text in parts.items():
        found = [hidden for hidden in (*SECRETS, *DATA, *WORDS) if hidden in text]
        assert found == [], name
    assert "/home/" not in whole and str(Path.home()) not in whole
    assert "weights" * 3 not in whole
    for name in (platform.node(), socket.gethostname()):
        assert name not in whole
    assert getpass.getuser() == "root" or getpass.getuser() not in whole


def test_what_helps_is_in_it(planted: Run) -> None:
    parts = read(save_report(planted))
    assert list(parts) == list(CONTENTS)
    assert "State: failed. At step 1000 of 4000" in parts["summary.txt"]
    assert "ValueError: cannot read" in parts["output.log"] and "line 12, in forward" in parts["output.log"]
    assert 'file = "Customer letters.csv"' in parts["recipe.toml"] and "max_steps = 4" in parts["recipe.toml"]
    assert "texts_changed = 1" in parts["recipe.toml"]
    events = [json.loads(line) for line in parts["events.jsonl"].splitlines()]
    assert {"kind": "phase", "text": "Loading the model"}.items() <= events[0].items()
    steps = [event for event in events if event["kind"] == "step"]
    assert 100 <= len(steps) <= 201 and steps[-1]["step"] == 1000 and steps[0]["loss"] == 2.5
    assert "checkpoints/checkpoint-2/adapter_model.safetensors" in parts["files.txt"] and "7,000" in parts["files.txt"]
    assert json.loads(parts["computer.json"])["libraries"]["torch"][0].isdigit()
    assert json.loads(parts["process.json"])["alive"] is False


def test_without_the_data_to_compare_with_no_words_of_programs_are_told(planted: Run) -> None:
    recipe = planted.recipe()
    (planted.workspace.datasets / str(recipe.data.dataset) / "table.parquet").unlink()
    parts = read(save_report(planted))
    assert not any(word in text for word in (*WORDS, "cannot read") for text in parts.values())
    assert "line 12, in forward" in parts["output.log"]  # where it was holds nothing of the data


def test_a_run_that_only_waits_has_a_report_too(workspace: Workspace, make_recipe: Callable[..., Path]) -> None:
    run = create_run(workspace, resolve(workspace, load_recipe(make_recipe())))
    parts = read(save_report(run))
    assert "State: waiting" in parts["summary.txt"] and parts["output.log"] == ""


def test_what_the_environment_calls_a_secret_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "plainword")
    assert without_secrets("logged in as plainword") == "logged in as [key]"


def test_common_words_stay_and_short_cells_go() -> None:
    bare = without_data(["the loss of Bob is high", "12 of 20"], iter(["Bob", "12", "the cat is high up"]))
    assert bare("the loss of Bob is high") == "the loss of [data] is high"
    assert bare("12 of 20") == "12 of 20"


def test_too_much_data_to_compare_with_leaves_no_words() -> None:
    bare = without_data(["some words here"], iter(["word " * (MOST + 1)]))
    assert bare("some words here") == "[data]"


def test_names_of_versions_and_places_are_no_keys() -> None:
    line = "  File ~/lib/python3.11/site-packages/transformers/models/llama/modeling_llama.py, torch 2.9.0+cpu"
    assert without_secrets(line) == line

"""The copy of a run as Python does what the run did, in a clean interpreter, with transformers, TRL and PEFT alone."""

import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from studio.errors import StudioError
from studio.export.python.rows import with_teacher
from studio.methods import METHODS
from tests.export.copies import Copy, learned, one_thread, run_all, small, unpacked
from tests.methods.lessons import Lessons, lessons

__all__ = ["lessons"]
pytestmark = pytest.mark.slow
CLOSE = 1e-2  # nats, at every step
# TRL works out ORPO's loss in bfloat16, where numbers from 4 to 8 are 0.03 apart; ours is within 0.01 of float32.
COARSE = {"orpo": 0.1}
RULES = [
    {"kind": "contains", "value": "on its way, st", "weight": 2.0},
    {"kind": "regex", "value": '[aeiou] ?"?[a-z]'},
    {"kind": "length", "min": 4, "max": 9, "negate": True},
]
# Every method, every way to train a model, and what changes rows, weights or steps. Two settings name an earlier case.
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "sft": ("sft", {"loss_on": "everything", "batch_size": 7, "max_steps": 6}),
    "sft prompt": ("sft", {"adapt": "prompt"}),
    "sft gradual": ("sft", {"adapt": "gradual", "learning_rate": 0.001}),
    "sft 4-bit": ("sft", {"weights": "4bit", "lora_plus": 16.0, "learning_rate": 0.002}),
    "sft packed": ("sft", {"packing": True, "accumulation": 2, "checkpointing": True, "dora": True}),
    "pretraining": ("pretraining", {"init": "pissa", "rslora": True}),
    "pretraining full": ("pretraining", {"adapt": "full", "learning_rate": 0.001}),
    "text_to_text": ("text_to_text", {"adapt": "ia3", "accumulation": 2}),
    "vision": ("vision", {"accumulation": 2}),
    "vision last layers": ("vision", {"adapt": "last_layers", "last_layers": 1}),
    "dpo": ("dpo", {"adapt": "prefix", "loss": "ipo"}),
    "dpo full": ("dpo", {"adapt": "full", "learning_rate": 0.0005}),
    "dpo 4-bit": ("dpo", {"weights": "4bit", "accumulation": 2}),
    "kto": ("kto", {"init": "olora", "accumulation": 2}),
    "orpo": ("orpo", {"adapt": "prompt"}),
    "reward": ("reward", {"centre": 0.1}),
    "classification": ("classification", {"adapt": "last_layers", "class_weights": "balanced", "learning_rate": 0.005}),
    "classification lora": ("classification", {}),
    "multi_label": ("multi_label", {"class_weights": "balanced", "weights": "8bit", "accumulation": 2}),
    "regression": ("regression", {"adapt": "full", "learning_rate": 0.0005}),
    "rlhf": ("rlhf", {"rules": RULES, "algorithm": "grpo", "accumulation": 2, "beta": 0.5}),
    "rlhf prompt": ("rlhf", {"rules": RULES[:1], "adapt": "prompt", "beta": 0.5}),
    "distillation": ("distillation", {"beta": 0.3, "temperature": 2.0, "accumulation": 2}),
    "sft further": ("sft", {"start": "sft"}),
    "sft prompt further": ("sft", {"start": "sft prompt", "adapt": "prompt"}),
    "classification further": ("classification", {"start": "classification lora"}),
    "dpo further": ("dpo", {"start": "sft", "learning_rate": 0.001}),
    "dpo full after sft": ("dpo", {"start": "sft", "adapt": "full", "learning_rate": 0.0005}),
    "distillation from a run": ("distillation", {"teacher": "", "teacher_run": "sft"}),
    "distillation last layers": ("distillation", {"adapt": "last_layers", "learning_rate": 0.005, "max_steps": 8}),
}
OTHER_RATE = "sft at another rate"


@pytest.fixture(scope="module")
def copies(lessons: Lessons, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Copy]:
    place = tmp_path_factory.mktemp("copies")
    found: dict[str, Copy] = {}
    with one_thread():
        for name, (method, settings) in CASES.items():
            earlier = {key: found[settings[key]].run.id for key in ("start", "teacher_run") if key in settings}
            recipe = small(lessons, method, **{**settings, **earlier})
            found[name] = unpacked(learned(lessons.workspace, recipe), place / name)
    return found


@pytest.fixture(scope="module")
def printed(copies: dict[str, Copy], tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[float]]:
    """The losses that each script prints, and those of one in which a programmer has changed the learning rate."""
    place = tmp_path_factory.mktemp("scripts")
    other = place / "other"
    shutil.copytree(copies["sft"].folder, other, symlinks=True)
    (other / "train.py").write_text(copies["sft"].script.replace('"learning_rate": 0.01', '"learning_rate": 0.05'))
    folders = {name: copy.folder for name, copy in copies.items()} | {OTHER_RATE: other}
    losses = run_all(list(folders.values()), place)
    return {name: losses[folder] for name, folder in folders.items()}


def furthest(some: list[float], others: list[float]) -> float:
    return max(abs(one - other) for one, other in zip(some, others, strict=True))


def test_every_method_is_among_the_cases() -> None:
    assert {method for method, _ in CASES.values()} == set(METHODS)


@pytest.mark.parametrize("name", CASES)
def test_the_script_repeats_the_losses(copies: dict[str, Copy], printed: dict[str, list[float]], name: str) -> None:
    print(name, copies[name].losses, printed[name])
    assert len(copies[name].losses) >= 4
    assert len(copies[name].script.splitlines()) <= 60
    assert furthest(copies[name].losses, printed[name]) <= COARSE.get(name.split()[0], CLOSE)


def test_another_learning_rate_is_another_curve(copies: dict[str, Copy], printed: dict[str, list[float]]) -> None:
    assert furthest(copies["sft"].losses, printed[OTHER_RATE]) > CLOSE


@pytest.mark.parametrize("name", ["sft", "pretraining", "dpo 4-bit", "reward"])
def test_what_the_run_kept_is_what_the_script_leaves(
    copies: dict[str, Copy], printed: dict[str, list[float]], name: str
) -> None:
    """Also of one that began from the model's own weights: an adapter for the untouched model."""
    copy, kept = copies[name], copies[name].run.view().result["kept_step"]
    left = copy.folder / ("result" if name == "pretraining" else f"out/checkpoint-{kept}")
    one, other = (load_file(place / "adapter_model.safetensors") for place in (copy.run.adapter, left))
    assert set(one) == set(other)
    far = [float((one[key].float() - other[key].float()).abs().mean()) for key in one]
    size = [float(value.float().abs().mean()) for value in one.values()]
    print(name, sum(far), sum(size))
    assert sum(far) < 0.02 * sum(size)


def test_a_copy_holds_what_it_reads_and_no_path_of_this_computer(
    copies: dict[str, Copy], tmp_path_factory: pytest.TempPathFactory
) -> None:
    more = {
        "classification": {"groups.json"},
        "vision": {"pictures/0.png"},
        "sft further": {"start/adapter_config.json", "start/adapter_model.safetensors"},
        "distillation from a run": {"teacher/adapter_config.json", "teacher/adapter_model.safetensors"},
    }
    here = str(tmp_path_factory.getbasetemp()).encode()
    for name, copy in copies.items():
        with zipfile.ZipFile(copy.run.folder / "python" / "python.zip") as archive:
            assert {"train.py", "rows.jsonl", *more.get(name, ())} <= set(archive.namelist())
            assert [part for part in archive.namelist() if here in archive.read(part)] == []


def test_a_teacher_on_packed_weights_is_refused(copies: dict[str, Copy], lessons: Lessons, tmp_path: Path) -> None:
    packed = copies["sft 4-bit"].run.id
    job = lessons.job("distillation", tmp_path, teacher="", teacher_run=packed)
    with pytest.raises(StudioError, match="packed weights"):
        with_teacher(lessons.workspace, job, [])

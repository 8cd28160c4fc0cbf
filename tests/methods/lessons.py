"""For every method rows that it learns from and a two-layer model: what the tests of all methods alike build on."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from safetensors.torch import load_file, save_file

from studio.datasets.store import add_file
from studio.datasets.versions import DataSteps, Version, prepare
from studio.methods import METHODS, Job, find_method
from studio.workspace import Workspace, open_workspace
from tests.methods import judging, preference_data

RULES = [{"kind": "length", "min": 4}]
PICTURES = {"picture": "image", "prompt": "question", "reply": "answer"}
MAPPINGS: dict[str, dict[str, Any]] = {
    "chat": {"kind": "chat", "shape": "prompt_reply", "columns": {"prompt": "question", "reply": "answer"}},
    "text": {"kind": "text", "shape": "plain_text", "columns": {"text": "text"}},
    "picture": {"kind": "picture", "shape": "pictures", "columns": PICTURES},
}
SPLIT = {"near_together": False, "validation": 4, "test": 4}
KIND = {"classification": "label", "multi_label": "labels", "regression": "number", "pretraining": "text",
        "dpo": "pairs", "orpo": "pairs", "reward": "pairs", "kto": "thumbs", "vision": "picture"}  # fmt: skip


@dataclass
class Lessons:
    """`versions` by their kind, `models` by their family; NEEDED settings are added to every job."""

    workspace: Workspace
    versions: dict[str, Version]
    models: dict[str, Path]

    def job(self, method: str, output: Path, **settings: Any) -> Job:
        found = find_method(method)
        given = {**self.needed(method), **settings}
        checked = found.settings.model_validate(given)
        version = self.versions[KIND.get(method, "chat")]
        return Job(self.model(method), version, checked, output, "cpu", "float32", self.workspace.home)

    def model(self, method: str) -> Path:
        return self.models[find_method(method).families[0]]

    def needed(self, method: str) -> dict[str, Any]:
        """What a method cannot do without."""
        return {"rlhf": {"rules": RULES}, "distillation": {"teacher": str(self.teacher("teacher"))}}.get(method, {})

    def teacher(self, name: str, more: float = 1.0) -> Path:
        """The two-layer model once more, with so much added to one of its weights: none can be its own teacher."""
        folder = self.workspace.scratch / name
        if not folder.exists():
            shutil.copytree(self.models["causal"], folder)
            tensors = load_file(folder / "model.safetensors")
            tensors["model.norm.weight"][0] += more
            save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        return folder

    def run(self, method: str, name: str) -> str:
        """The id of an earlier run of this method, which has kept its adapter as it began."""
        folder = self.workspace.runs / f"20240101-000000-{name}-abcd"
        if not folder.exists():
            trainer = METHODS[method].build(self.job(method, folder / "checkpoints", rank=2))
            (folder / "recipe.toml").write_text(
                f'name = "{name}"\n[data]\n[model]\nname = "{self.model(method)}"\n[method]\nname = "{method}"\n'
            )
            trainer.keep(folder / "adapter")
        return folder.name


def table(folder: Path, kind: str, rows: int = 20) -> Path:
    """A CSV of questions with answers, passages or pictures, every other one of which is long."""
    lines = []
    for i in range(rows):
        thing, more = ("cup", "lamp", "rug", "vase")[i % 4], " I have waited for it since last week," * (3 * (i % 2))
        question = f'"Hello,{more} where is my {thing} number {i}?"'
        answer = f"Your {thing} is on its way to you, and {i} more."
        if kind == "picture":
            # Grain, which is lost where a picture is made smaller.
            Image.effect_noise((40 + 3 * i, 60), 90).convert("RGB").save(folder / f"{i}.png")
            lines.append(f'{folder / f"{i}.png"},{question},"{answer}"')
        else:
            lines.append(f'{question},"{answer}"' if kind == "chat" else question)
    head = {"chat": "question,answer", "text": "text", "picture": "image,question,answer"}[kind]
    path = folder / f"{kind}.csv"
    path.write_text("\n".join([head, *lines]))
    return path


@pytest.fixture(scope="session")
def lessons(
    tmp_path_factory: pytest.TempPathFactory,
    tiny_model: Path,
    tiny_encoder: Path,
    tiny_encoder_decoder: Path,
    tiny_vision_model: Path,
) -> Lessons:
    place = tmp_path_factory.mktemp("lessons")
    workspace = open_workspace(place / "home")

    def longer(row: list[str], i: int) -> list[str]:
        return [f"Hello, {'I have waited since last week, ' * (3 * (i % 2))}{row[0]}", *row[1:]]

    versions = {
        kind: prepare(
            workspace,
            add_file(workspace, table(place, kind)),
            DataSteps.model_validate({"mapping": MAPPINGS[kind], "split": SPLIT}),
        )
        for kind in MAPPINGS
    }
    versions |= {kind: judging.make_version(workspace, place, kind) for kind in judging.SHAPES}
    versions["pairs"] = preference_data.pairs(workspace, place, 20, longer, split=SPLIT)
    versions["thumbs"] = preference_data.thumbs(workspace, place, 20, every=4)
    models = {
        "causal": tiny_model,
        "encoder": tiny_encoder,
        "encoder-decoder": tiny_encoder_decoder,
        "vision": tiny_vision_model,
    }
    return Lessons(workspace, versions, models)

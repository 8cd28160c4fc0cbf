"""Every way to train a part of a model, on two layers: it learns, changes what it should, and comes back the same."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from studio.datasets.store import add_file
from studio.datasets.versions import Version, prepare
from studio.methods import Job, find_method
from studio.methods.adapt_settings import ADAPTERS, AdaptSettings
from studio.methods.adapting import blocks
from studio.methods.reply_trainer import ReplyTrainer
from studio.models.loading import load_model, load_result
from studio.workspace import Workspace
from tests.conftest import chat_steps
from tests.methods.proof import changed_by_training, digests, logits, same_after_reload

# Settings, and a rate at which two random layers learn within twelve steps.
WAYS: dict[str, tuple[dict[str, Any], float]] = {
    "lora": ({}, 0.01),
    "rslora": ({"rslora": True}, 0.01),
    "dora": ({"dora": True}, 0.01),
    "lora+": ({"lora_plus": 4}, 0.005),
    "pissa": ({"init": "pissa"}, 0.01),
    "olora": ({"init": "olora"}, 0.01),
    "pissa rslora": ({"init": "pissa", "rslora": True}, 0.005),
    "olora lora+": ({"init": "olora", "lora_plus": 4}, 0.005),
    "lora 4bit": ({"weights": "4bit"}, 0.01),
    "lora 8bit": ({"weights": "8bit"}, 0.01),
    "dora 4bit": ({"weights": "4bit", "dora": True}, 0.01),
    "prompt": ({"adapt": "prompt"}, 0.1),
    "prompt 4bit": ({"adapt": "prompt", "weights": "4bit"}, 0.1),
    "prefix": ({"adapt": "prefix"}, 0.1),
    "prefix 8bit": ({"adapt": "prefix", "weights": "8bit"}, 0.1),
    "ia3": ({"adapt": "ia3"}, 0.05),
    "ia3 4bit": ({"adapt": "ia3", "weights": "4bit"}, 0.05),
    "ia3 8bit": ({"adapt": "ia3", "weights": "8bit"}, 0.05),
    "last_layers": ({"adapt": "last_layers", "last_layers": 1}, 0.01),
    "gradual": ({"adapt": "gradual"}, 0.005),
    "full": ({"adapt": "full"}, 0.003),
}
PER_LAYER = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
Build = Callable[..., tuple[ReplyTrainer, Job]]


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> Version:
    """24 questions with answers that depend on them."""
    home = tmp_path_factory.mktemp("home")
    lines = "".join(
        f"Where is my {thing} number {i}?,Your {thing} is on its way to you.\n"
        for i in range(24)
        for thing in [("cup", "lamp", "rug", "vase")[i % 4]]
    )
    (home / "rows.csv").write_text(f"question,answer\n{lines}")
    workspace = Workspace(home / "home")
    workspace.datasets.mkdir(parents=True)
    workspace.scratch.mkdir()
    return prepare(workspace, add_file(workspace, home / "rows.csv"), chat_steps(split={"near_together": False}))


@pytest.fixture
def build(tiny_model: Path, version: Version, tmp_path: Path) -> Build:
    def make(way: str = "lora", start: Path | None = None, dtype: str = "float32", **settings: Any) -> Any:
        chosen, rate = WAYS[way]
        method = find_method("sft")
        values = {"max_steps": 12, "learning_rate": rate, "checks": 3, **chosen, **settings}
        checked = method.settings.model_validate(values)
        job = Job(tiny_model, version, checked, tmp_path / "out", "cpu", dtype, start=start)
        return method.build(job), job

    return make


def batch_of(trainer: ReplyTrainer) -> dict[str, torch.Tensor]:
    assert trainer.test_dataset is not None
    ids = torch.tensor([trainer.test_dataset[0]["input_ids"]])
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


def intended(trainer: ReplyTrainer) -> set[str]:
    """The names of what is to be trained, counted out by hand rather than read off the model."""
    settings: AdaptSettings = trainer.settings
    layer = "base_model.model.model.layers.{}.{}.{}"
    linear = {name: "self_attn" if name[0] in "qkvo" else "mlp" for name in PER_LAYER}
    if settings.adapt == "lora":
        ends = ["lora_A.default.weight", "lora_B.default.weight"]
        ends += ["lora_magnitude_vector.default.weight"] if settings.dora else []
        return {layer.format(n, linear[name], f"{name}.{end}") for n in (0, 1) for name in PER_LAYER for end in ends}
    if settings.adapt == "ia3":
        scaled = ("k_proj", "v_proj", "down_proj")
        return {layer.format(n, linear[name], f"{name}.ia3_l.default") for n in (0, 1) for name in scaled}
    if settings.adapt in ("prompt", "prefix"):
        return {"prompt_encoder.default.embedding.weight"}
    everything = {name for name, _ in trainer.model.named_parameters()}
    if settings.adapt == "last_layers":
        return {name for name in everything if name == "model.norm.weight" or name.startswith("model.layers.1.")}
    return everything


@pytest.mark.parametrize("way", WAYS)
def test_it_learns_and_changes_what_it_should_and_comes_back_the_same(way: str, build: Build, tmp_path: Path) -> None:
    trainer, job = build(way)
    before = trainer.judge(trainer.eval_dataset)["loss"]
    changed = changed_by_training(trainer)
    assert trainer.judge(trainer.eval_dataset)["loss"] < before - 0.03
    assert changed == intended(trainer)
    same_after_reload(trainer, job, batch_of(trainer), tmp_path / "kept")


@pytest.mark.parametrize("way", ["lora", "pissa", "olora", "lora 4bit", "lora 8bit", "prompt", "prefix", "ia3", "full"])
def test_what_it_started_from_is_judged_as_it_is_on_disk(way: str, build: Build, tiny_model: Path) -> None:
    trainer, _ = build(way)
    rows = trainer.test_dataset
    assert rows is not None
    started = trainer.judge_untuned(rows)["loss"]
    if trainer.settings.adapt in ADAPTERS and not trainer.judged_first:
        trainer.train()
        assert trainer.judge_untuned(rows)["loss"] == pytest.approx(started, abs=1e-5)
    assert trainer.judged_first == (way in ("pissa", "olora", "full"))
    trainer.model = load_model(tiny_model, "cpu", "float32", weights=trainer.settings.weights)
    assert trainer.mean_loss(rows) == pytest.approx(started, abs=1e-4)


class WreckAndStop(TrainerCallback):
    """Makes what is trained worse in the middle of a run, and asks it to stop two checks later."""

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any) -> None:
        if state.global_step == 6:
            torch.manual_seed(0)
            for parameter in rest["model"].parameters():
                if parameter.requires_grad:
                    parameter.data += 3 * torch.randn_like(parameter)
        control.should_training_stop = state.global_step == 8


BEST = ("lora", "dora", "pissa", "lora 4bit", "prompt", "prefix", "ia3", "last_layers", "gradual", "full")


@pytest.mark.parametrize("way", BEST)
def test_a_run_that_is_stopped_keeps_its_best_point(way: str, build: Build, tmp_path: Path) -> None:
    trainer, job = build(way, max_steps=200, checks=100, warmup=0)
    trainer.add_callback(WreckAndStop())
    trainer.train()
    assert trainer.state.global_step == 8
    checks = {entry["step"]: entry["eval_loss"] for entry in trainer.state.log_history if "eval_loss" in entry}
    best = min((2, 4), key=lambda step: checks[step])
    assert checks[6] > checks[best] + 0.005 and checks[8] > checks[best] + 0.005
    assert str(trainer.state.best_model_checkpoint).endswith(f"checkpoint-{best}")
    assert trainer.judge(trainer.eval_dataset)["loss"] == pytest.approx(checks[best], abs=1e-5)
    same_after_reload(trainer, job, batch_of(trainer), tmp_path / "kept")


@pytest.mark.parametrize("way", ["pissa", "olora", "pissa rslora"])
def test_pissa_and_olora_are_kept_as_a_plain_lora_for_the_untouched_model(
    way: str, build: Build, tiny_model: Path, tmp_path: Path
) -> None:
    trainer, _ = build(way)
    untouched = digests(load_model(tiny_model, "cpu", "float32"))
    inside = {n.replace(".base_layer", ""): d for n, d in digests(trainer.model.get_base_model()).items()}
    assert any(inside[name] != untouched[name] for name in untouched)  # training happens on other weights
    trainer.train()
    batch = batch_of(trainer)
    trainer.keep(tmp_path / "kept")
    tuned = load_result(tmp_path / "kept", tiny_model, "cpu", "float32")
    inside = {n.replace(".base_layer", ""): d for n, d in digests(tuned.get_base_model()).items()}
    assert all(inside[name] == untouched[name] for name in untouched)
    with tuned.disable_adapter():
        torch.testing.assert_close(logits(tuned, batch), logits(load_model(tiny_model, "cpu", "float32"), batch))
    assert (logits(tuned, batch) - logits(load_model(tiny_model, "cpu", "float32"), batch)).abs().max() > 0.01


@pytest.mark.parametrize("weights", ["4bit", "8bit"])
def test_packed_weights_are_packed_and_the_rest_keeps_its_number_format(
    weights: str, build: Build, tiny_model: Path, tmp_path: Path
) -> None:
    packed = {"4bit": torch.uint8, "8bit": torch.int8}[weights]
    job = Job(tiny_model, None, None, tmp_path, "cpu", "bfloat16")  # type: ignore[arg-type]
    plain = load_model(tiny_model, job.device, "bfloat16", weights=weights)
    formats = {name: parameter.dtype for name, parameter in plain.named_parameters()}
    trainer, _ = build(f"lora {weights}", dtype="bfloat16")
    for name, parameter in trainer.model.get_base_model().named_parameters():
        if "lora_" in name:
            assert parameter.dtype == torch.float32, name
        else:
            assert parameter.dtype == formats[name.replace(".base_layer", "")], name
    assert trainer.model.get_input_embeddings().weight.dtype == torch.bfloat16
    assert trainer.model.get_output_embeddings().weight.dtype == torch.bfloat16
    assert formats["model.norm.weight"] == torch.bfloat16
    linear = [dtype for name, dtype in formats.items() if name.split(".")[-2] in PER_LAYER]
    assert len(linear) == 14 and set(linear) == {packed}


def test_weights_that_are_trained_are_held_in_float32_and_kept_as_they_came(build: Build, tmp_path: Path) -> None:
    trainer, job = build("full", dtype="bfloat16", learning_rate=2e-5, max_steps=2)
    assert {parameter.dtype for parameter in trainer.model.parameters()} == {torch.float32}
    assert trainer.args.bf16
    assert changed_by_training(trainer) == intended(trainer)  # in bfloat16 such small corrections are rounded away
    trainer.keep(tmp_path / "kept")
    kept = load_result(tmp_path / "kept", job.folder, "cpu", job.dtype)
    assert {parameter.dtype for parameter in kept.parameters()} == {torch.bfloat16}
    assert (tmp_path / "kept" / "model.safetensors").stat().st_size < 1.1 * 2 * kept.num_parameters()
    expected = logits(trainer.model, batch_of(trainer)).to(torch.bfloat16)
    torch.testing.assert_close(logits(kept, batch_of(trainer)), expected, rtol=0.02, atol=0.02)


@pytest.mark.parametrize("init", ["zero", "pissa"])
def test_with_lora_plus_the_second_half_learns_so_many_times_faster(build: Build, init: str) -> None:
    trainer, _ = build("lora+", lora_plus=8, learning_rate=0.001, init=init, max_steps=4)
    names = {id(parameter): name for name, parameter in trainer.model.named_parameters()}
    trainer.train()
    optimizer = getattr(trainer.optimizer, "optimizer", trainer.optimizer)
    rates = {
        names[id(parameter)].split(".")[-3]: (group["initial_lr"], group["lr"])
        for group in optimizer.param_groups
        for parameter in group["params"]
    }
    assert set(rates) == {"lora_A", "lora_B"}
    assert rates["lora_A"][0] == pytest.approx(0.001) and rates["lora_B"][0] == pytest.approx(0.008)
    assert rates["lora_B"][1] == pytest.approx(8 * rates["lora_A"][1])  # and through the whole schedule
    groups = sum(len(group["params"]) for group in optimizer.param_groups)
    assert groups == len(intended(trainer))


class Noted(TrainerCallback):
    """Which parameters had changed after each step."""

    def __init__(self, model: Any) -> None:
        self.first = digests(model)
        self.steps: list[set[str]] = []

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any) -> None:
        now = digests(rest["model"])
        self.steps.append({name for name in now if now[name] != self.first[name]})


def test_gradual_unfreezing_goes_from_the_last_layer_to_the_first(build: Build) -> None:
    trainer, _ = build("gradual", max_steps=8, checks=1, warmup=0)
    noted = Noted(trainer.model)
    trainer.add_callback(noted)
    trainer.train()
    assert len(blocks(trainer.model)) == 2
    last = {name for name in noted.first if name == "model.norm.weight" or name.startswith("model.layers.1.")}
    with_first = last | {name for name in noted.first if name.startswith("model.layers.0.")}
    assert noted.steps[0] == noted.steps[1] == last
    assert noted.steps[2] == noted.steps[3] == with_first
    assert noted.steps[4] == noted.steps[-1] == set(noted.first)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"adapt": "full", "weights": "4bit"}, "Packed weights .* Choose LoRA"),
        ({"adapt": "gradual", "weights": "8bit"}, "Packed weights .* Choose LoRA"),
        ({"init": "pissa", "weights": "4bit"}, "need them as they are"),
        ({"init": "olora", "dora": True}, "Choose one of the two"),
        ({"dora": True, "weights": "8bit"}, "Choose 4-bit"),
        ({"adapt": "last_layers", "last_layers": 0}, "greater than or equal to 1"),
    ],
    ids=str,
)
def test_what_cannot_go_together_is_refused_with_a_way_out(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        find_method("sft").settings.model_validate(settings)


def test_settings_of_another_way_are_no_contradiction() -> None:
    """The form keeps the values of fields that it hides."""
    settings = {"adapt": "ia3", "weights": "8bit", "dora": True, "init": "pissa"}
    assert not find_method("sft").settings.model_validate(settings).changes_base


def test_the_rate_suits_the_way_unless_it_is_given() -> None:
    settings = find_method("sft").settings
    assert settings.model_validate({}).learning_rate == 2e-4
    assert settings.model_validate({"adapt": "full"}).learning_rate == 2e-5
    assert settings.model_validate({"adapt": "prompt", "learning_rate": None}).learning_rate == 3e-2
    assert settings.model_validate({"adapt": "full", "learning_rate": 1e-3}).learning_rate == 1e-3


def test_checks_leave_the_packed_weights_as_they_are(build: Build) -> None:
    """By itself bitsandbytes would round them once more at every check, on processors that know bfloat16."""
    trainer, _ = build("lora 4bit")
    batch = trainer.data_collator([trainer.train_dataset[0]])
    before = trainer.token_losses(trainer.model.train(), batch).sum().item()
    for _ in range(3):
        trainer.judge(trainer.train_dataset)
        assert trainer.token_losses(trainer.model.train(), batch).sum().item() == before

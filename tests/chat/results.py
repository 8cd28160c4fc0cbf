"""What runs of every kind leave behind, made in a moment: random adapters and whole models in run folders."""

import json
from pathlib import Path
from typing import Any

import torch

from studio.datasets.store import add_file
from studio.models.loading import RESULT, load_model, load_tokenizer
from studio.training.recipe import load_recipe, resolve
from studio.training.run import Run, create_run
from studio.workspace import Workspace
from tests.tiny import SAMPLE

# Of each kind of adapter, how PEFT is told of it.
ADAPTERS: dict[str, dict[str, Any]] = {
    "lora": {"kind": "LoraConfig", "r": 4, "target_modules": "all-linear", "init_lora_weights": False},
    "dora": {
        "kind": "LoraConfig",
        "r": 4,
        "target_modules": "all-linear",
        "init_lora_weights": False,
        "use_dora": True,
    },
    "ia3": {"kind": "IA3Config", "init_ia3_weights": False},
    "prompt": {"kind": "PromptTuningConfig", "num_virtual_tokens": 8},
    "prefix": {"kind": "PrefixTuningConfig", "num_virtual_tokens": 8},
}
TASKS = {"causal": "CAUSAL_LM", "seq2seq": "SEQ_2_SEQ_LM", "classifier": "SEQ_CLS", "vision": "CAUSAL_LM"}


def adapted(base: Path, name: str, task: str = "causal", weights: str = "full", head: Any = None) -> Any:
    """A base with a random adapter on it, which answers unlike it."""
    import peft

    options = dict(ADAPTERS[name])
    config = getattr(peft, options.pop("kind"))(task_type=TASKS[task], **options)
    torch.manual_seed(1)
    model = peft.get_peft_model(load_model(base, "cpu", "float32", task, weights, head), config)
    torch.manual_seed(2)
    for parameter_name, parameter in model.named_parameters():
        if parameter.requires_grad and "lora_" not in parameter_name:
            torch.nn.init.normal_(parameter, mean=1.0 if "ia3" in parameter_name else 0.0, std=0.5)
    return model.eval()


def keep(run: Run, model: Any, task: str = "causal", weights: str = "full", **facts: Any) -> Path:
    """Save a model as a run leaves it, with its result.json."""
    from peft import PeftModel

    whole = not isinstance(model, PeftModel)
    folder = run.whole_model if whole else run.adapter
    model.save_pretrained(folder)
    if whole:
        load_tokenizer(Path(run.recipe().model.name)).save_pretrained(folder)
    (folder / RESULT).write_text(json.dumps({"task": task, "weights": weights, "head": {}, **facts}))
    return folder


def other_weights(base: Path, task: str = "causal", head: Any = None) -> Any:
    """The whole model, trained for a while, as it were: every weight is another one."""
    model = load_model(base, "cpu", "float32", task, head=head)
    torch.manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    return model


def lively(base: Path, folder: Path, task: str = "causal") -> Path:
    """A copy of a model that does not say the last token again and again, as fresh random weights do."""
    model = load_model(base, "cpu", "float32", task)
    torch.manual_seed(4)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 2:
                parameter.copy_(torch.randn_like(parameter) * 0.2)
    model.save_pretrained(folder)
    if task != "vision":
        load_tokenizer(base).save_pretrained(folder)
    return folder


def new_run(workspace: Workspace, model: Path, name: str = "Shop", **settings: Any) -> Run:
    """A run on the sample's questions and answers that has not begun."""
    add_file(workspace, SAMPLE)
    lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in settings.items())
    path = workspace.scratch / "recipe.toml"
    path.write_text(f'name = "{name}"\n[data]\nfile = "{SAMPLE}"\n[model]\nname = "{model}"\n[settings]\n{lines}\n')
    return create_run(workspace, resolve(workspace, load_recipe(path)))

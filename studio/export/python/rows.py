"""The training rows of a run as its script reads them: what the run learned from, and nothing of the other splits."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.errors import StudioError
from studio.export.origin import place_by_name
from studio.methods import Job
from studio.methods.earlier_runs import earlier_result
from studio.models.loading import result_facts
from studio.workspace import Workspace

Row = dict[str, Any]


@dataclass
class Prepared:
    """facts: what the script needs to know of all rows together. groups: the names of the groups, in their order.

    pictures: those that the rows name, by their names. folders: adapters of earlier runs, by their names in the copy.
    """

    rows: Iterable[Row]
    facts: dict[str, Any] = field(default_factory=dict)
    groups: list[str] = field(default_factory=list)
    pictures: dict[str, Any] = field(default_factory=dict)
    folders: dict[str, Path] = field(default_factory=dict)


def prepare(job: Job, method: str) -> Prepared:
    """Raises StudioError as the method itself does, when the rows or what else it needs are not there any more."""
    prepared = BY_METHOD[method](job)
    if job.start is not None:
        prepared.folders["start"] = job.start
    return prepared


def examples(job: Job) -> Prepared:
    from studio.methods.reply_trainer import example_rows
    from studio.models.loading import load_tokenizer

    settings = job.settings
    everything = settings.loss_on == "everything"
    rows = example_rows(load_tokenizer(job.folder), job.version, "train", settings.max_length, everything)
    return Prepared(packed(job, rows))


def passages(job: Job) -> Prepared:
    from studio.methods.pretraining import passage_rows
    from studio.models.loading import load_tokenizer

    return Prepared(
        packed(job, passage_rows(load_tokenizer(job.folder), job.version, "train", job.settings.max_length)[0])
    )


def packed(job: Job, rows: Any) -> Any:
    from studio.methods.packing import pack_rows

    return pack_rows(rows, job.settings.max_length) if job.settings.packing else rows


def text_pairs(job: Job) -> Prepared:
    from studio.methods.text_to_text_trainer import text_pairs
    from studio.models.loading import load_tokenizer

    return Prepared(text_pairs(load_tokenizer(job.folder), job.version, "train", job.settings.max_length)[0])


def texts(job: Job, labels: list[Any]) -> Any:
    from studio.methods.label_rows import text_rows
    from studio.models.loading import load_tokenizer

    return text_rows(load_tokenizer(job.folder), job.version.frame("train"), job.settings.max_length, labels)


def groups(job: Job) -> Prepared:
    from studio.methods.classification import SINGLE
    from studio.methods.earlier_head import earlier_facts, earlier_groups
    from studio.methods.label_rows import groups_of

    known = groups_of(job.version)
    names = earlier_groups(job, earlier_facts(job, SINGLE), known) or known
    return Prepared(texts(job, [names.index(label) for label in job.version.frame("train")["label"]]), groups=names)


def several_groups(job: Job) -> Prepared:
    from studio.datasets.health.labels import label_lists
    from studio.methods.earlier_head import earlier_facts, earlier_groups
    from studio.methods.label_rows import groups_of
    from studio.methods.multi_label import SEVERAL

    known = groups_of(job.version)
    names = earlier_groups(job, earlier_facts(job, SEVERAL), known) or known
    lists = map(set, label_lists(job.version.frame("train")))
    return Prepared(texts(job, [[float(name in labels) for name in names] for labels in lists]), groups=names)


def numbers(job: Job) -> Prepared:
    from studio.methods.label_rows import numbers_of
    from studio.methods.regression import scale_of

    scale = scale_of(job)
    found = numbers_of(job.version.frame("train"))
    return Prepared(texts(job, [(one - scale["mean"]) / scale["std"] for one in found]), {"scale": scale})


def pairs(job: Job) -> Any:
    from studio.methods.preference_rows import pair_splits
    from studio.models.loading import load_tokenizer

    return pair_splits(load_tokenizer(job.folder), job.version, job.settings.max_length)[0][0]


def whole_pairs(job: Job) -> Prepared:
    from studio.methods.reward_trainer import whole_texts

    return Prepared(whole_texts(pairs(job)))


def pairs_in_columns(job: Job) -> Prepared:
    from studio.methods.orpo_trainer import pair_columns

    return Prepared(pair_columns(pairs(job)))


def thumbs(job: Job) -> Prepared:
    from studio.methods.kto_rows import mixed, weights, with_strangers
    from studio.methods.preference_rows import thumb_splits
    from studio.models.loading import load_tokenizer

    settings = job.settings
    rows = thumb_splits(load_tokenizer(job.folder), job.version, settings.max_length)[0][0]
    liked = sum(row[2] for row in rows)
    up, down = weights(liked, len(rows) - liked, settings.desirable, settings.undesirable)
    ordered = with_strangers(mixed(rows, settings.seed), settings.batch_size // settings.accumulation)
    return Prepared(ordered, {"desirable": up, "undesirable": down})


def questions(job: Job) -> Prepared:
    from studio.methods.policy_trainer import question_rows
    from studio.models.loading import load_tokenizer

    settings = job.settings
    rows = question_rows(load_tokenizer(job.folder), job.version, "train", settings.max_length - settings.answer_tokens)
    return Prepared([{"prompt": prompt} for prompt in rows["prompt"]], {"questions": len(rows)})


def taught(job: Job) -> Prepared:
    """As for examples; the first token of a row is only read."""
    from studio.datasets.examples import IGNORED
    from studio.methods.reply_trainer import example_rows
    from studio.models.loading import load_tokenizer

    assert job.home is not None
    rows = [
        {"input_ids": row["input_ids"], "labels": [IGNORED, *row["labels"][1:]]}
        for row in example_rows(load_tokenizer(job.folder), job.version, "train", job.settings.max_length)
    ]
    return with_teacher(Workspace(job.home), job, rows)


def with_teacher(workspace: Workspace, job: Job, rows: list[Row]) -> Prepared:
    """The rows, and the adapter of a teacher that is one. Raises StudioError for a teacher whose model was packed."""
    name, run_id = job.settings.teacher.strip(), job.settings.teacher_run.strip()
    if name:
        return Prepared(rows, {"teacher": place_by_name(workspace, name), "teacher_adapter": False})
    kept, _, recipe = earlier_result(workspace.home, run_id)
    if result_facts(kept)["weights"] != "full":
        raise StudioError(
            "The teacher of this run stands on packed weights (4-bit or 8-bit), which its script does not load.",
            "Share its recipe instead.",
        )
    adapter = (kept / "adapter_config.json").exists()
    place = place_by_name(workspace, recipe["model"]["name"] if adapter else str(kept))
    folders = {"teacher": kept} if adapter else {}
    return Prepared(rows, {"teacher": place, "teacher_adapter": adapter}, folders=folders)


def seen(job: Job) -> Prepared:
    from studio.methods.vision_trainer import Pictures, picture_rows
    from studio.models.loading import load_processor

    settings = job.settings
    pictures = Pictures(load_processor(job.folder), settings.max_length, settings.picture_size)
    found = list(picture_rows(pictures, job.version, "train"))
    names = {
        path: f"pictures/{number}.png" for number, path in enumerate(dict.fromkeys(row["picture"] for row in found))
    }
    rows = [{**row, "picture": names[row["picture"]]} for row in found]
    return Prepared(rows, pictures={name: lambda path=path: pictures.picture(path) for path, name in names.items()})


def as_lines(rows: Iterable[Row]) -> Iterable[str]:
    return (json.dumps(row) + "\n" for row in rows)


BY_METHOD: dict[str, Callable[[Job], Prepared]] = {
    "sft": examples,
    "pretraining": passages,
    "text_to_text": text_pairs,
    "classification": groups,
    "multi_label": several_groups,
    "regression": numbers,
    "dpo": lambda job: Prepared(pairs(job)),
    "orpo": pairs_in_columns,
    "kto": thumbs,
    "reward": whole_pairs,
    "rlhf": questions,
    "distillation": taught,
    "vision": seen,
}

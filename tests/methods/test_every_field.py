"""Every field of every method does something: another value of it, and the trainer gets something else."""

import typing
from pathlib import Path
from typing import Any

import pytest

from studio.methods import METHODS, Method
from studio.methods.fields import applying, default_of, kind_of, when
from tests.methods.described import described
from tests.methods.lessons import Lessons, lessons

__all__ = ["lessons"]
pytestmark = pytest.mark.slow
# Another value of each field than its own, and where in what the trainer has got this has to be seen. By the name of
# the field; where one name is two things, with the method's name in front.
OTHER: dict[str, tuple[Any, str]] = {
    "epochs": (2.5, "arguments.max_steps"),
    "learning_rate": (0.0033, "optimiser"),
    "batch_size": (2, "arguments.per_device_train_batch_size"),
    "max_length": (48, "rows.train"),
    "classification.max_length": (8, "rows.train"),
    "multi_label.max_length": (8, "rows.train"),
    "regression.max_length": (8, "rows.train"),
    "kto.max_length": (32, "rows.train"),
    "rlhf.max_length": (112, "rows.train"),
    "max_steps": (7, "arguments.max_steps"),
    "accumulation": (2, "arguments.gradient_accumulation_steps"),
    "warmup": (0.5, "arguments.warmup_steps"),
    "checks": (2, "arguments.eval_steps"),
    "checkpointing": (True, "arguments.gradient_checkpointing"),
    "patience": (2, "callbacks"),
    "keep_by": (..., "arguments.metric_for_best_model"),
    "keep_points": (3, "arguments.save_total_limit"),
    "seed": (7, "arguments.seed"),
    "weights": (..., "layers"),
    "adapt": (..., "trained"),
    "rank": (4, "adapter.r"),
    "alpha": (8, "adapter.lora_alpha"),
    "rslora": (True, "adapter.use_rslora"),
    "dora": (True, "adapter.use_dora"),
    "lora_plus": (16.0, "optimiser"),
    "init": (..., "weights"),
    "virtual_tokens": (4, "adapter.num_virtual_tokens"),
    "last_layers": (1, "trained"),
    "packing": (True, "rows.train"),
    "loss_on": (..., "rows.train"),
    "shots": (1, "shots"),
    "class_weights": (..., "own.weights"),
    "threshold": (0.3, "own.threshold"),
    "beta": (0.7, "arguments.beta"),
    "loss": (..., "own.loss_types"),
    "desirable": (3.0, "own.desirable_weight"),
    "undesirable": (3.0, "own.undesirable_weight"),
    "centre": (1.0, "arguments.center_rewards_coefficient"),
    "rules": ([{"kind": "json"}], "own.rules"),
    "reward_run": ("reward run", "own.reward"),
    "reward_weight": (3.0, "own.reward"),
    "algorithm": (..., "kind"),
    "generations": (2, "arguments.num_generations"),
    "answer_tokens": (32, "arguments.max_completion_length"),
    "temperature": (0.5, "arguments.temperature"),
    "judged": (2, "rows.eval"),
    "teacher": ("another teacher", "own.teacher"),
    "teacher_run": ("teacher run", "own.teacher"),
    "on_policy": (0.5, "own.on_policy"),
    "answer_length": (8, "arguments.max_completion_length"),
    "picture_size": (16, "batch"),
    "devices": (2, "arguments.per_device_train_batch_size"),
}
# Seen only by several processes: tests/training/test_several_devices.py.
BEYOND_ONE_PROCESS = {"spread"}
FIELDS = [(method, name) for method in METHODS.values() for name in method.settings.model_fields]
IDS = [f"{method.name}-{name}" for method, name in FIELDS]
STEPS = {"epochs": 20.0}  # enough of them for a share of the steps to be several
_known: dict[tuple[str, str], dict[str, str]] = {}


def before(method: Method, name: str) -> dict[str, Any]:
    """What has to be chosen besides for a field to apply; the rest is as it is by itself."""
    chosen: dict[str, Any] = {} if name in ("epochs", "max_steps") else dict(STEPS)
    for other, values in when(method.settings.model_fields[name]).items():
        possible = [v for v in values if other != "adapt" or v in method.settings.applicable]
        if default_of(method.settings.model_fields[other]) not in possible:
            chosen[other] = possible[0]
    return chosen


def never_applies(method: Method, name: str) -> bool:
    """Whether no way of training that the method can do, on however many devices, has a use for the field.

    The form then never shows it.
    """
    ways = [{"adapt": way, "devices": devices} for way in method.settings.applicable for devices in (1, 2)]
    return not any(name in applying(method.settings, way) for way in ways)


def others(lessons: Lessons, method: Method, name: str) -> list[Any]:
    """Valid values of the field that are not its own."""
    value, _ = OTHER.get(f"{method.name}.{name}") or OTHER[name]
    info = method.settings.model_fields[name]
    if value is ...:
        values = typing.get_args(kind_of(info)[0])
        allowed = method.settings.applicable if name == "adapt" else values
        return [value for value in values if value != default_of(info) and value in allowed]
    named = {
        "reward run": lambda: lessons.run("reward", "judge"),
        "teacher run": lambda: lessons.run("sft", "teacher"),
        "another teacher": lambda: str(lessons.teacher("another", 2.0)),
    }
    return [named[value]() if isinstance(value, str) and value in named else value]


def built(lessons: Lessons, method: Method, **settings: Any) -> dict[str, str]:
    """The description for these settings; the same is built once."""
    key = (method.name, repr(sorted(settings.items())))
    if key not in _known:
        output = lessons.workspace.scratch / f"{method.name}-{len(_known)}"
        _known[key] = described(method.name, lessons.job(method.name, output, **settings))
    return _known[key]


def test_every_field_has_its_entry_and_none_is_left_over() -> None:
    names = {name for _, name in FIELDS} | {f"{method.name}.{name}" for method, name in FIELDS}
    assert set(OTHER) <= names
    assert {name for _, name in FIELDS} - BEYOND_ONE_PROCESS <= set(OTHER)


def test_what_the_form_never_shows_is_known() -> None:
    never = {f"{method.name}.{name}" for method, name in FIELDS if never_applies(method, name)}
    without = [m for m in METHODS.values() if not {"prompt", "prefix"} & set(m.settings.applicable)]
    assert never == {f"{method.name}.virtual_tokens" for method in without}


@pytest.mark.parametrize("method", METHODS.values(), ids=list(METHODS))
def test_the_same_settings_give_the_same_trainer(lessons: Lessons, method: Method, tmp_path: Path) -> None:
    assert built(lessons, method, **STEPS) == described(method.name, lessons.job(method.name, tmp_path, **STEPS))


@pytest.mark.parametrize(("method", "name"), FIELDS, ids=IDS)
def test_another_value_gives_the_trainer_something_else(lessons: Lessons, method: Method, name: str) -> None:
    if never_applies(method, name) or name in BEYOND_ONE_PROCESS:
        return  # as the tests above know
    chosen = before(method, name)
    if name == "on_policy":
        chosen |= {"max_length": 256}  # room for the answers that it writes
    if name == "reward_weight":
        chosen |= {"reward_run": lessons.run("reward", "judge")}
    without = {"teacher": ""} if name == "teacher_run" else {}
    usual = built(lessons, method, **chosen)
    place = (OTHER.get(f"{method.name}.{name}") or OTHER[name])[1]
    for value in others(lessons, method, name):
        assert value != default_of(method.settings.model_fields[name])
        changed = built(lessons, method, **{**chosen, **without, name: value})
        assert changed[place] != usual.get(place), f"{name} = {value!r} is not seen in {place}"

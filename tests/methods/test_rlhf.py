"""Policy training on a two-layer model: it earns more, only what should change does, and the KL is shown."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError

from studio.datasets.examples import prompt_ids
from studio.datasets.rows import unpack
from studio.datasets.store import add_file
from studio.datasets.versions import Version, prepare
from studio.errors import StudioError
from studio.methods import Job, find_method
from studio.methods.checks import check_run
from studio.methods.policy_trainer import FLAT_STEPS, Policy, question_rows
from studio.methods.reward_rules import Rule
from studio.methods.rewards import Reward, RewardModel
from studio.models.catalogue import find_model
from studio.models.loading import load_tokenizer
from studio.training.queue import submit
from studio.training.recipe import load_recipe, resolve
from studio.workspace import Workspace
from tests.conftest import chat_steps, wait_until
from tests.methods.preference_data import job_of, pairs
from tests.methods.proof import changed_by_training, same_after_reload

Build = Callable[..., Policy]
# A model with random weights finds all words equally likely; at this temperature its answers have a bent to follow.
COLD = {"temperature": 0.1, "beta": 0.001, "answer_tokens": 8, "rules": [{"kind": "length", "min": 4}]}
WAYS: list[dict[str, Any]] = [
    {"learning_rate": 0.01},
    {"learning_rate": 0.01, "algorithm": "grpo"},
    {"learning_rate": 0.01, "init": "pissa"},
    {"learning_rate": 0.01, "init": "olora"},
    {"learning_rate": 0.01, "dora": True, "rslora": True, "lora_plus": 4},
    {"learning_rate": 0.02, "weights": "4bit"},
    {"learning_rate": 0.01, "weights": "8bit"},
    {"learning_rate": 0.1, "adapt": "ia3", "max_steps": 14},
    {"learning_rate": 0.1, "adapt": "prompt"},
    {"learning_rate": 0.1, "adapt": "prefix"},
    {"learning_rate": 0.01, "adapt": "last_layers", "last_layers": 1},
    {"learning_rate": 0.005, "adapt": "gradual"},
    {"learning_rate": 0.005, "adapt": "full"},
    {"learning_rate": 0.005, "adapt": "full", "algorithm": "grpo"},
]
TRAINED = {"lora": ("lora_",), "ia3": ("ia3_",), "prompt": ("prompt_encoder",), "prefix": ("prompt_encoder",)}


@pytest.fixture
def version(workspace: Workspace, make_csv: Callable[..., Path]) -> Version:
    return prepare(workspace, add_file(workspace, make_csv(24)), chat_steps(split={"near_together": False}))


@pytest.fixture
def make_job(tiny_model: Path, version: Version, workspace: Workspace, tmp_path: Path) -> Callable[..., Job]:
    def make(**changed: Any) -> Job:
        settings = find_method("rlhf").settings.model_validate({"max_steps": 2, "checks": 1, **COLD, **changed})
        return Job(tiny_model, version, settings, tmp_path / "out", "cpu", "float32", workspace.home)

    return make


@pytest.fixture
def build(make_job: Callable[..., Job]) -> Build:
    return lambda **changed: find_method("rlhf").build(make_job(**changed))


def logged(trainer: Policy, name: str) -> list[float]:
    return [entry[name] for entry in trainer.state.log_history if name in entry]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: "-".join(str(v) for k, v in way.items() if k != "learning_rate"))
def test_it_earns_more_and_changes_only_what_it_should(
    make_job: Callable[..., Job], way: dict[str, Any], tmp_path: Path
) -> None:
    job = make_job(**{"max_steps": 8, **way})
    trainer = find_method("rlhf").build(job)
    expected = {name for name, parameter in trainer.model.named_parameters() if parameter.requires_grad}
    changed = changed_by_training(trainer)
    rewards = logged(trainer, "reward")
    assert sum(rewards[-3:]) / 3 > rewards[0] + 0.05
    assert changed and changed <= expected
    adapt = job.settings.adapt
    if adapt in TRAINED:
        assert all(any(mark in name for mark in TRAINED[adapt]) and ".ref." not in name for name in changed)
    if adapt == "last_layers":
        assert not any("layers.0." in name or "embed" in name for name in changed)
    if adapt == "full":
        assert changed == expected
    assert logged(trainer, "kl")[-1] != 0 and trainer.judge(trainer.eval_dataset)["kl"] > 0
    batch = dict(trainer.processing_class("Where is my cup?", return_tensors="pt"))
    batch.pop("token_type_ids", None)
    same_after_reload(trainer, job, batch, tmp_path / "kept")


def test_what_is_judged_is_the_greedy_answer(build: Build, version: Version) -> None:
    trainer = build()
    row = trainer.eval_dataset[0]
    asked = prompt_ids(trainer.processing_class, unpack(row["messages"]))
    assert trainer.processing_class(row["prompt"], add_special_tokens=False)["input_ids"] == asked
    alone = trainer.model.generate(torch.tensor([asked]), max_new_tokens=8, do_sample=False)[0, len(asked) :].tolist()
    longer = asked[:2] * 9 + asked
    together = trainer.answers([longer, asked])
    assert together[1] == alone[: len(together[1])]
    assert trainer.figures(trainer.eval_dataset.select([0]))["answer_length"] == len(together[1])


def test_the_kl_is_that_of_the_whole_vocabulary(build: Build) -> None:
    trainer = build(adapt="full", learning_rate=0.01, temperature=0.5)
    question, answer = [5, 6, 7], [8, 9]
    assert trainer.divergence(question, answer) == pytest.approx(0, abs=1e-6)
    with torch.no_grad():
        trainer.model.model.layers[0].mlp.down_proj.weight.mul_(8)
        now, then = (
            model(torch.tensor([question + answer])).logits[0, 2:4].double().div(0.5).softmax(-1)
            for model in (trainer.model, trainer.ref_model)
        )
    expected = float((now * (now / then).log()).sum())
    assert expected > 1e-4
    assert trainer.divergence(question, answer) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("algorithm", ["rloo", "grpo"])
def test_the_kl_is_shown_without_a_leash_too(build: Build, algorithm: str) -> None:
    trainer = build(beta=0, algorithm=algorithm, learning_rate=0.02, max_steps=4)
    trainer.train()
    assert any(value != 0 for value in logged(trainer, "kl"))
    assert logged(trainer, "eval_kl")[-1] > 0
    reward = logged(trainer, "reward")
    assert logged(trainer, "loss") == pytest.approx([-value for value in reward], abs=1e-6)


def test_metrics_have_the_same_names_in_training_and_in_checks(build: Build) -> None:
    rules = [{"kind": "length", "min": 4}, {"kind": "regex", "value": "e"}, {"kind": "regex", "value": "o"}]
    trainer = build(rules=rules, max_steps=3)
    trainer.train()
    names = {metric.name for metric in find_method("rlhf").metrics}
    in_training = {name for entry in trainer.state.log_history if "loss" in entry for name in entry} & names
    in_checks = {
        name.removeprefix("eval_") for entry in trainer.state.log_history if "eval_loss" in entry for name in entry
    } & names
    assert in_training == in_checks == {"reward", "kl", "rule_length", "rule_regex", "cut_off", "answer_length"}
    assert trainer.args.metric_for_best_model == "eval_reward" and trainer.args.greater_is_better
    assert trainer.state.best_metric == max(logged(trainer, "eval_reward")[1:])
    figures = trainer.judge(trainer.test_dataset)
    assert figures["loss"] == pytest.approx(
        0.001 * figures["kl"] * figures["answer_length"] - figures["reward"], abs=1e-6
    )


def test_tokens_are_counted(build: Build) -> None:
    trainer = build(max_steps=3, checks=1)
    trainer.train()
    written = sum(length * 16 for length in logged(trainer, "answer_length"))
    assert trainer.trained == pytest.approx(written)
    assert trainer.tokens > 2 * trainer.trained


def test_before_training_it_is_the_untrained_model(build: Build) -> None:
    trainer = build(learning_rate=0.02, max_steps=4)
    before = trainer.judge(trainer.test_dataset)
    trainer.train()
    again = trainer.judge_untuned(trainer.test_dataset)
    assert again == pytest.approx(before, abs=1e-5)
    assert trainer.judge(trainer.test_dataset)["kl"] > 0


def test_it_goes_on_from_an_earlier_run(make_job: Callable[..., Job], tmp_path: Path) -> None:
    first = find_method("rlhf").build(make_job(learning_rate=0.02, max_steps=4))
    first.train()
    first.keep(tmp_path / "earlier")
    further = find_method("rlhf").build(replace(make_job(learning_rate=0.02), start=tmp_path / "earlier"))
    figures = further.judge(further.test_dataset)
    assert figures["reward"] == pytest.approx(first.judge(first.test_dataset)["reward"])
    assert figures["kl"] == pytest.approx(0, abs=1e-6)  # from where this run began, not from the base model
    further.train()
    assert further.judge(further.test_dataset)["kl"] > 0


@pytest.mark.parametrize(
    ("changed", "read"),
    [
        ({"rules": [{"kind": "json"}]}, lambda t: t.reward.rules),
        ({"algorithm": "grpo"}, lambda t: {base.__name__ for base in type(t).__mro__} & {"RLOOTrainer", "GRPOTrainer"}),
        ({"beta": 0.5}, lambda t: t.beta),
        ({"generations": 2}, lambda t: t.num_generations),
        ({"answer_tokens": 5}, lambda t: t.generation_config.max_new_tokens),
        ({"temperature": 0.7}, lambda t: t.generation_config.temperature),
        ({"judged": 1}, lambda t: (len(t.eval_dataset), len(t.test_dataset))),
        ({"max_length": 33}, lambda t: len(t.train_dataset)),
        ({"batch_size": 2}, lambda t: t.args.generation_batch_size),
        ({"accumulation": 4}, lambda t: (t.args.gradient_accumulation_steps, t.args.per_device_train_batch_size)),
        ({"epochs": 2, "max_steps": None}, lambda t: t.args.max_steps),
        ({"max_steps": 9}, lambda t: t.args.max_steps),
        ({"learning_rate": 0.001}, lambda t: t.args.learning_rate),
        ({"warmup": 0.5}, lambda t: t.args.warmup_steps),
        ({"checks": 2}, lambda t: t.args.eval_steps),
        ({"seed": 7}, lambda t: t.args.seed),
        ({"adapt": "ia3"}, lambda t: t.model.peft_config["default"].peft_type),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_every_setting_reaches_the_trainer(
    build: Build, changed: dict[str, object], read: Callable[[Policy], object]
) -> None:
    assert read(build(**changed)) != read(build())


def test_the_tests_know_every_setting_of_its_own() -> None:
    method = find_method("rlhf")
    cases = test_every_setting_reaches_the_trainer.pytestmark[0].args[1]
    of_the_reward_model = {"reward_run", "reward_weight"}
    shared = set(find_method("sft").settings.model_fields)
    own = set(method.settings.model_fields) - shared
    assert own <= {next(iter(changed)) for changed, _ in cases} | of_the_reward_model
    for name in own:
        field = method.settings.model_fields[name]
        assert field.title and field.description and field.json_schema_extra, name


@pytest.mark.parametrize(
    ("asked", "bites", "told"),
    [
        ({"batch_size": 4, "generations": 4, "accumulation": 3}, 4, True),
        ({"batch_size": 3, "generations": 3, "accumulation": 2}, 3, True),
        ({"batch_size": 2, "generations": 2, "accumulation": 16}, 4, True),
        ({"batch_size": 200, "generations": 2, "accumulation": 1}, 1, False),
    ],
)
def test_uneven_bites_are_made_even_and_that_is_said(
    build: Build, asked: dict[str, Any], bites: int, told: bool
) -> None:
    trainer = build(**asked)
    assert trainer.args.gradient_accumulation_steps == bites
    assert bool(trainer.notes) == told
    assert len(trainer.get_train_dataloader()) > 0  # more questions a step than there are would give no step at all


def test_answers_without_any_spread_are_told_of_once(build: Build) -> None:
    trainer = build(rules=[{"kind": "contains", "value": "a phrase that it never writes"}], max_steps=FLAT_STEPS + 2)
    trainer.train()
    assert len(trainer.notes) == 1 and "nothing can be learned" in trainer.notes[0]
    assert set(logged(trainer, "reward")) == {0.0}


def test_questions_too_long_are_left_out_and_none_is_cut(tiny_model: Path, version: Version) -> None:
    tokenizer = load_tokenizer(tiny_model)
    whole = question_rows(tokenizer, version, "train", 512)
    lengths = [len(tokenizer(text)["input_ids"]) for text in whole["prompt"]]
    assert min(lengths) < max(lengths)
    kept = question_rows(tokenizer, version, "train", max(lengths) - 1)
    assert list(kept["prompt"]) == [t for t, n in zip(whole["prompt"], lengths, strict=True) if n < max(lengths)]
    assert all("is on its way" not in text for text in whole["prompt"])  # the answers are not shown
    with pytest.raises(StudioError, match="Every question is longer than 3 tokens"):
        question_rows(tokenizer, version, "train", 3)


def test_a_model_without_a_chat_format_is_refused(tiny_model: Path, version: Version) -> None:
    tokenizer = load_tokenizer(tiny_model)
    tokenizer.chat_template = None
    with pytest.raises(StudioError, match="no chat format"):
        question_rows(tokenizer, version, "train", 512)


@pytest.fixture
def reward_run(workspace: Workspace, tiny_model: Path, tmp_path: Path) -> str:
    """The id of a run that kept a reward model."""
    (tmp_path / "pairs").mkdir()
    job = job_of("reward", tiny_model, pairs(workspace, tmp_path / "pairs"), tmp_path / "reward", max_steps=2)
    folder = workspace.runs / "20240101-000000-judge-abcd"
    folder.mkdir()
    (folder / "recipe.toml").write_text(
        f'name = "Judge"\n[data]\n[model]\nname = "{tiny_model}"\n[method]\nname = "reward"\n'
    )
    trainer = find_method("reward").build(job)
    trainer.train()
    trainer.keep(folder / "adapter")
    return folder.name


def test_a_reward_model_gives_the_reward(build: Build, reward_run: str) -> None:
    trainer = build(rules=[], reward_run=reward_run, max_steps=2)
    trainer.train()
    assert logged(trainer, "reward_model") == pytest.approx(logged(trainer, "reward"), abs=1e-5)
    assert len(set(logged(trainer, "reward"))) > 1
    assert "reward_model" in trainer.judge(trainer.test_dataset)


def test_the_weight_of_the_reward_model_counts(build: Build, reward_run: str) -> None:
    one, three = (build(reward_run=reward_run, reward_weight=weight).reward for weight in (1, 3))
    asked, said = [[{"role": "user", "content": "Where is my cup?"}]] * 2, ["It is here.", "Who knows, my friend?"]
    parts, more = one(asked, said), three(asked, said)
    assert parts["rule_length"] == [0.75, 1.0]
    for i in range(2):
        assert parts["reward"][i] == pytest.approx(parts["rule_length"][i] + parts["reward_model"][i])
        assert more["reward"][i] == pytest.approx(parts["rule_length"][i] + 3 * parts["reward_model"][i])


def test_the_reward_model_reads_a_text_as_it_did_in_training(make_job: Callable[..., Job], reward_run: str) -> None:
    model = RewardModel.of_run(make_job(), reward_run)
    question, answers = (
        [{"role": "user", "content": "Where is my cup?"}],
        ["Here.", "It is on its way to you, I think."],
    )
    together = model([question, question], answers)
    assert together == pytest.approx([model([question], [answer])[0] for answer in answers], abs=1e-5)  # no padding
    text = "<|im_start|>user\nWhere is my cup?<|im_end|>\n<|im_start|>assistant\nHere.<|im_end|>"
    assert model.tokenizer.decode(model.ids(question, "Here.")) == text
    model.max_length = 5
    assert model.tokenizer.decode(model.ids(question, "Here.")).endswith("Here.<|im_end|>")


def test_rules_of_one_kind_are_one_figure() -> None:
    rules = [Rule(kind="regex", value="a"), Rule(kind="regex", value="b", weight=3), Rule(kind="json")]
    parts = Reward(rules)([[], []], ["a", "ab"])
    assert parts["rule_regex"] == [0.5, 1.0] and parts["rule_json"] == [0.0, 0.0]
    assert parts["reward"] == pytest.approx([0.2, 0.8])


def recipe(tmp_path: Path, tiny_model: Path, csv: Path, settings: str) -> Path:
    path = tmp_path / "recipe.toml"
    path.write_text(
        f'[data]\nfile = "{csv.name}"\n[model]\nname = "{tiny_model}"\n[method]\nname = "rlhf"\n'
        f"[settings]\n{settings}\n"
    )
    return path


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("", "There is no reward yet"),
        ('rules = [{kind = "regex", value = ".*"}]', "gives 1.00 to every text"),
        ('rules = [{kind = "regex", value = "("}]', "Rules that earn points: .*valid regular expression"),
        ("rules = 'five words'", "Rules that earn points: .*a list of rules as JSON"),
        ('rules = [{kind = "json"}]\nanswer_tokens = 512', "no room for the question"),
        ('reward_run = "nowhere"', "no run “nowhere”"),
        ('reward_run = "../../etc"', "no run"),
        ('reward_run = "20240101-000000-chat-abcd"', "“Chat” is not a reward model.*“sft”"),
        ('rules = [{kind = "json"}]\ngenerations = 1', "Answers tried"),
    ],
)
def test_bad_input_is_refused_before_the_first_step(
    workspace: Workspace,
    tiny_model: Path,
    make_csv: Callable[..., Path],
    tmp_path: Path,
    settings: str,
    said: str,
) -> None:
    other = workspace.runs / "20240101-000000-chat-abcd"
    (other / "adapter").mkdir(parents=True)
    (other / "recipe.toml").write_text(f'name = "Chat"\n[model]\nname = "{tiny_model}"\n[method]\nname = "sft"\n')
    with pytest.raises(StudioError) as refused:
        resolve(workspace, load_recipe(recipe(tmp_path, tiny_model, make_csv(24), settings)))
    assert re.search(said, refused.value.text), refused.value.text


def test_the_page_may_give_the_rules_as_text_and_rows_of_other_kinds_are_refused(
    workspace: Workspace, tiny_model: Path, version: Version
) -> None:
    method = find_method("rlhf")
    settings = method.settings.model_validate({"rules": json.dumps([{"kind": "length", "max": 9}])})
    assert settings.rules == [Rule(kind="length", max=9)]  # type: ignore[attr-defined]
    check_run(workspace, method, settings, version, find_model(workspace, str(tiny_model)))
    with pytest.raises(ValidationError, match="6"):
        method.settings.model_validate({"rules": [{"kind": "json"}] * 7})
    with pytest.raises(StudioError, match="cannot learn from"):
        method.check_kind("text")


@pytest.mark.slow
def test_a_recipe_runs_from_end_to_end(
    workspace: Workspace, tiny_model: Path, make_csv: Callable[..., Path], tmp_path: Path
) -> None:
    lines = 'rules = [{kind = "length", min = 4}]\nmax_steps = 4\nchecks = 2\nanswer_tokens = 8\ntemperature = 0.1\n'
    path = recipe(tmp_path, tiny_model, make_csv(24), lines + "learning_rate = 0.01\nbeta = 0.001")
    run = submit(workspace, resolve(workspace, load_recipe(path)))
    wait_until(lambda: not run.view().live and run.view().status != "waiting", 300, "the run to end")
    view = run.view()
    assert view.status == "finished", view.error
    assert view.best == "reward" and view.step == 4
    assert {"train/reward", "check/reward", "train/kl", "check/kl", "check/rule_length"} <= set(view.series)
    measured = {line["name"]: line for line in view.result["test"]}
    assert measured["kl"]["before"] == pytest.approx(0, abs=1e-6) and measured["kl"]["after"] > 0
    assert measured["reward"]["after"] >= measured["reward"]["before"]

"""Distillation on two-layer models: the student comes closer to its teacher, and what cannot teach is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from studio.datasets.store import add_file
from studio.datasets.versions import Version, prepare
from studio.errors import StudioError
from studio.methods import Job, find_method
from studio.methods.distill_trainer import DistillTrainer, WholeBatches, last_turn
from studio.training.recipe import Recipe, load_recipe, resolve
from studio.training.run import Run, create_run
from studio.workspace import Workspace, open_workspace
from tests.conftest import chat_steps
from tests.methods.proof import changed_by_training, same_after_reload
from tests.tiny import make_tokenizer

HOW = {
    "lora": {"learning_rate": 0.01},
    "ia3": {"learning_rate": 0.1},
    "last_layers": {"learning_rate": 0.005},
    "gradual": {"learning_rate": 0.005},
    "full": {"learning_rate": 0.005},
}
WORKED = {"max_steps": 8, "max_length": 256, "answer_length": 8}


def trainer_of(name: str, folder: Path, version: Version, home: Path, **settings: object) -> Any:
    method = find_method(name)
    checked = method.settings.model_validate(settings)
    return method.build(Job(folder, version, checked, home / "out", "cpu", "float32", home))


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> tuple[Workspace, Version, Path]:
    """A home with 24 rows, and the folder of a two-layer model that was trained on them."""
    place = tmp_path_factory.mktemp("lesson")
    rows = ["question,answer"]
    for i in range(24):
        thing = ("cup", "lamp", "rug", "vase")[i % 4]
        rows.append(f"Where is my {thing} number {i}?,Your {thing} is on its way to you.")
    (place / "rows.csv").write_text("\n".join(rows))
    workspace = open_workspace(place / "home")
    version = prepare(workspace, add_file(workspace, place / "rows.csv"), chat_steps(split={"near_together": False}))
    trainer = trainer_of("sft", tiny_model, version, place, learning_rate=0.01, max_steps=24)
    trainer.train()
    trainer.model.merge_and_unload().save_pretrained(place / "teacher")
    trainer.processing_class.save_pretrained(place / "teacher")
    return workspace, version, place / "teacher"


@pytest.fixture
def build(lesson: tuple[Workspace, Version, Path], tiny_model: Path) -> Callable[..., DistillTrainer]:
    workspace, version, teacher = lesson

    def make(**settings: object) -> DistillTrainer:
        given = {"teacher": str(teacher), "learning_rate": 0.01, **WORKED, **settings}
        trainer = trainer_of("distillation", tiny_model, version, workspace.home, **given)
        assert isinstance(trainer, DistillTrainer)
        return trainer

    return make


@pytest.mark.parametrize("adapt", HOW)
def test_the_student_comes_closer_to_its_teacher(
    build: Callable[..., DistillTrainer], adapt: str, tmp_path: Path, tiny_model: Path, lesson: Any
) -> None:
    trainer = build(adapt=adapt, last_layers=1, max_steps=16, **HOW[adapt])
    before = trainer.judge(trainer.eval_dataset)
    changed = changed_by_training(trainer)
    after = trainer.judge(trainer.eval_dataset)
    # The few numbers of IA³ cannot turn a random model into its teacher.
    assert after["divergence"] < (0.97 if adapt == "ia3" else 0.8) * before["divergence"]
    assert after["loss"] < before["loss"] - (0.01 if adapt == "ia3" else 0.2)
    marks = {"lora": "lora_", "ia3": "ia3_"}
    names = {name for name, parameter in trainer.model.named_parameters()}
    if adapt in marks:
        assert changed == {name for name in names if marks[adapt] in name}
    elif adapt == "last_layers":
        assert changed == {name for name in names if ".layers.1." in name or name == "model.norm.weight"}
    else:
        assert changed == names
    job = Job(tiny_model, lesson[1], trainer.settings, tmp_path, "cpu", "float32")
    ids = torch.tensor([trainer.train_dataset[0]["input_ids"]])
    same_after_reload(trainer, job, {"input_ids": ids}, tmp_path / "kept")


@pytest.mark.parametrize("weights", ["4bit", "8bit"])
def test_a_student_in_packed_weights_learns_too(build: Callable[..., DistillTrainer], weights: str) -> None:
    trainer = build(weights=weights, max_steps=10)
    before = trainer.judge(trainer.eval_dataset)
    trainer.train()
    assert trainer.judge(trainer.eval_dataset)["divergence"] < 0.9 * before["divergence"]


def test_it_learns_from_answers_of_its_own(build: Callable[..., DistillTrainer]) -> None:
    trainer = build(on_policy=1.0, max_steps=10, answer_length=12)
    before = trainer.judge(trainer.eval_dataset)
    trainer.train()
    assert trainer.judge(trainer.eval_dataset)["divergence"] < before["divergence"]
    assert 0 < trainer.trained <= 10 * 4 * 12


def test_a_share_of_the_answers_is_its_own(build: Callable[..., DistillTrainer]) -> None:
    trainer = build(on_policy=0.5)
    rows = [trainer.train_dataset[i] for i in range(12)]
    batch = trainer._generate_and_score_completions(rows)
    given = batch["from_file"].tolist()
    assert 2 <= sum(given) <= 10
    answers = [[label for label in row["labels"] if label != -100] for row in rows]
    for place, (from_file, answer) in enumerate(zip(given, answers, strict=True)):
        ids = batch["completion_ids"][place][batch["tool_mask"][place].bool()].tolist()
        assert (ids == answer) is from_file
        assert from_file or len(ids) <= 8


def test_the_divergence_is_the_mean_kl_from_teacher_to_student(build: Callable[..., DistillTrainer]) -> None:
    trainer = build()
    total, count = 0.0, 0
    with torch.no_grad():
        for row in trainer.eval_dataset:
            ids = torch.tensor([row["input_ids"]])
            learned = torch.tensor(row["labels"])[1:] != -100
            theirs, own = (
                model(input_ids=ids).logits[0, :-1][learned].log_softmax(-1)
                for model in (trainer.teacher_model, trainer.model)
            )
            total += float((theirs.exp() * (theirs - own)).sum())
            count += int(learned.sum())
    assert trainer.judge(trainer.eval_dataset)["divergence"] == pytest.approx(total / count, rel=1e-3)


def test_the_loss_is_that_of_supervised_fine_tuning(
    build: Callable[..., DistillTrainer], lesson: Any, tiny_model: Path, tmp_path: Path
) -> None:
    trainer = build(max_steps=1, batch_size=8)
    plain = trainer_of("sft", tiny_model, lesson[1], tmp_path, max_length=256, max_steps=1)
    expected, found = plain.judge(plain.eval_dataset), trainer.judge(trainer.eval_dataset)
    assert found["loss"] == pytest.approx(expected["loss"], rel=1e-4)
    assert found["perplexity"] == pytest.approx(expected["perplexity"], rel=1e-3)
    trainer.train()
    logged = next(entry for entry in trainer.state.log_history if "divergence" in entry)
    assert logged["loss"] == pytest.approx(expected["loss"], rel=0.1)  # of eight training rows
    checked = next(entry for entry in trainer.state.log_history if "eval_loss" in entry)
    assert checked["eval_divergence"] == pytest.approx(found["divergence"], rel=1e-4)


def test_the_loss_of_the_files_answers_is_logged_where_it_writes_its_own(build: Callable[..., DistillTrainer]) -> None:
    trainer = build(on_policy=1.0, max_steps=1, learning_rate=1e-6)
    trainer.train()
    logged = next(entry for entry in trainer.state.log_history if "divergence" in entry)
    assert logged["loss"] == pytest.approx(trainer.judge(trainer.eval_dataset)["loss"], rel=0.1)


def test_bites_change_memory_and_not_the_result(build: Callable[..., DistillTrainer]) -> None:
    def divergences(accumulation: int) -> list[float]:
        trainer = build(batch_size=4, accumulation=accumulation, max_steps=3)
        trainer.train()
        return [entry["divergence"] for entry in trainer.state.log_history if "divergence" in entry]

    assert divergences(4) == pytest.approx(divergences(1), rel=1e-3)


def test_every_row_is_seen_in_each_pass() -> None:
    sampler = WholeBatches(rows=5, size=4, repeat=2, seed=1)
    order = list(sampler)
    assert len(order) == len(sampler) == 16
    assert set(order) == set(range(5))
    assert order[:4] == order[4:8] and order[8:12] == order[12:]
    assert len(list(WholeBatches(rows=2, size=8, repeat=1, seed=1))) == 8  # a file smaller than one batch


def test_the_last_of_several_answers_is_written_anew() -> None:
    assert last_turn([-100, -100, 5, 6, -100, 7, 8]) == 5
    assert last_turn([-100, 5, 6]) == 1


@pytest.mark.parametrize(
    ("changed", "read"),
    [
        ({"on_policy": 0.5}, lambda t: t.on_policy),
        ({"answer_length": 5}, lambda t: t.generation_config.max_new_tokens),
        ({"temperature": 2.0}, lambda t: t.temperature),
        ({"beta": 0.5}, lambda t: t.beta),
        ({"last_layers": 1, "adapt": "last_layers"}, lambda t: sum(p.requires_grad for p in t.model.parameters())),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_every_setting_of_its_own_reaches_the_trainer(
    build: Callable[..., DistillTrainer], changed: dict[str, object], read: Callable[[DistillTrainer], object]
) -> None:
    assert read(build(**changed)) != read(build(adapt=changed.get("adapt", "lora")))


@pytest.mark.parametrize("changed", [{"temperature": 2.0}, {"beta": 0.5}, {"beta": 1.0}])
def test_what_is_minimised_depends_on_its_settings(
    build: Callable[..., DistillTrainer], changed: dict[str, float]
) -> None:
    usual, other = build(), build(**changed)
    assert other.judge(other.eval_dataset)["divergence"] != pytest.approx(
        usual.judge(usual.eval_dataset)["divergence"], rel=1e-3
    )


def test_the_tests_above_know_every_setting_of_its_own() -> None:
    cases = test_every_setting_of_its_own_reaches_the_trainer.pytestmark[0].args[1]
    common = set(find_method("sft").settings.model_fields) - {"last_layers"}
    own = set(find_method("distillation").settings.model_fields) - common
    assert {next(iter(changed)) for changed, _ in cases} | {"teacher", "teacher_run"} == own


@pytest.fixture
def recipe(make_recipe: Callable[..., Path], lesson: Any) -> Callable[..., Recipe]:
    def make(**settings: object) -> Recipe:
        found = load_recipe(make_recipe())
        found.method.name = "distillation"
        given = {"teacher": str(lesson[2]), "max_length": 256, **settings}
        found.settings = {name: value for name, value in given.items() if value is not None}
        return found

    return make


def test_a_recipe_with_a_teacher_is_accepted(workspace: Workspace, recipe: Callable[..., Recipe]) -> None:
    assert resolve(workspace, recipe()).settings["teacher"]


@pytest.fixture
def earlier(workspace: Workspace, make_recipe: Callable[..., Path], tiny_model: Path) -> Callable[..., Run]:
    """A run that was trained as the settings say, and what it has kept."""

    def make(**settings: object) -> Run:
        resolved = resolve(workspace, load_recipe(make_recipe(**settings)))
        run = create_run(workspace, resolved)
        job = Job(
            tiny_model, resolved.version(workspace), resolved.checked_settings(), run.checkpoints, "cpu", "float32"
        )
        trainer: Any = find_method("sft").build(job)
        trainer.train()
        trainer.keep(run.whole_model if resolved.checked_settings().adapt == "full" else run.adapter)
        return run

    return make


@pytest.mark.parametrize("adapt", ["lora", "full"])
def test_an_earlier_run_can_be_the_teacher(
    workspace: Workspace, earlier: Callable[..., Run], recipe: Callable[..., Recipe], tiny_model: Path, adapt: str
) -> None:
    run = earlier(adapt=f'"{adapt}"', max_steps=8, max_length=256)
    resolved = resolve(workspace, recipe(teacher=None, teacher_run=run.id, max_steps=8, learning_rate=0.01))
    job = Job(
        tiny_model,
        resolved.version(workspace),
        resolved.checked_settings(),
        workspace.scratch,
        "cpu",
        "float32",
        workspace.home,
    )
    trainer: Any = find_method("distillation").build(job)
    before = trainer.judge(trainer.eval_dataset)
    assert before["divergence"] > 0.005  # the untrained model is not its own teacher
    trainer.train()
    assert trainer.judge(trainer.eval_dataset)["divergence"] < before["divergence"]


def test_a_learned_beginning_cannot_teach(
    workspace: Workspace, earlier: Callable[..., Run], recipe: Callable[..., Recipe]
) -> None:
    run = earlier(adapt='"prompt"', max_steps=1, max_length=256)
    with pytest.raises(StudioError, match="learned beginning"):
        resolve(workspace, recipe(teacher=None, teacher_run=run.id))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"teacher": None}, "No teacher is chosen"),
        ({"teacher_run": "20260101-000000-x"}, "Two teachers"),
        ({"teacher": None, "teacher_run": "20260101-000000-x"}, "There is no run"),
        ({"teacher": None, "teacher_run": "../../etc"}, "There is no run"),
        ({"teacher": "no such model"}, "There is no model"),
        ({"max_length": 1024}, "512"),
        ({"max_length": 500, "on_policy": 0.5}, "Longest answer"),
        ({"adapt": "prompt"}, "prompt tuning"),
    ],
)
def test_what_cannot_work_is_refused_in_words(
    workspace: Workspace, recipe: Callable[..., Recipe], changed: dict[str, object], words: str
) -> None:
    with pytest.raises(StudioError, match=words):
        resolve(workspace, recipe(**changed))


def test_a_model_is_not_its_own_teacher(workspace: Workspace, recipe: Callable[..., Recipe], tiny_model: Path) -> None:
    with pytest.raises(StudioError, match="its own teacher"):
        resolve(workspace, recipe(teacher=str(tiny_model)))


def test_a_teacher_with_other_tokens_is_refused(
    workspace: Workspace, recipe: Callable[..., Recipe], tmp_path: Path
) -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = make_tokenizer()
    tokenizer.add_tokens(["<extra>"], special_tokens=True)
    tokenizer.save_pretrained(tmp_path / "other")
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), **sizes)).save_pretrained(tmp_path / "other")
    with pytest.raises(StudioError, match="other tokens"):
        resolve(workspace, recipe(teacher=str(tmp_path / "other")))


def test_an_encoder_cannot_teach(workspace: Workspace, recipe: Callable[..., Recipe], tiny_encoder: Path) -> None:
    with pytest.raises(StudioError, match="does not write"):
        resolve(workspace, recipe(teacher=str(tiny_encoder)))

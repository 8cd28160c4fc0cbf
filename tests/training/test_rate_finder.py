"""The learning-rate finder: what its curve says, and whether that is near the best of a fine grid of real trainings."""

import itertools
import json
import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio.errors import StudioError
from studio.methods import Job, find_method
from studio.models.hardware import training_dtype
from studio.training import rate_test
from studio.training.queue import advance
from studio.training.rate_pick import FEWEST, HIGHEST, LOWEST, STEPS, has_run_away, pick, rates
from studio.training.rate_range import BARE, Growing, run_test
from studio.training.recipe import load_recipe, resolve
from studio.training.run import list_runs
from studio.workspace import ASSETS, Workspace
from tests.conftest import wait_until
from tests.training.queued import Sleepers, new_run

GRID = [1e-4, 3e-4, *(10 ** (-3 + quarter / 4) for quarter in range(9))]
LONG = 40  # steps of a person's short run
LABELLED = {"kind": "label", "shape": "text_label", "columns": {"text": "question", "label": "answer"}}
THINGS = ("cup", "lamp", "rug", "vase")
RETURNS = (ASSETS / "samples" / "returns.csv").read_text("utf-8")
GOODS = "question,answer\n" + "".join(f"My {THINGS[i % 3]} number {i} broke,{THINGS[i % 3]}\n" for i in range(72))
CHAT = "question,answer\n" + "".join(
    f"Where is my {THINGS[i % 4]} number {i}?,Your {THINGS[i % 4]} is on its way to you.\n" for i in range(60)
)
SHOUT = "question,answer\n" + "".join(
    f"{'Please ' * (i % 2)}tell number {i}: is it {'red' if i % 4 < 2 else 'blue'}?,{'warm' if i % 4 < 2 else 'cold'}\n"
    for i in range(72)
)


@pytest.fixture
def build(workspace: Workspace, tmp_path: Path) -> Callable[..., Any]:
    """The trainer of a two-layer model on these rows (a CSV file's text)."""

    def make(model: Path, method: str, rows: str, **settings: object) -> Any:
        import tomli_w

        (tmp_path / "rows.csv").write_text(rows, "utf-8")
        mapping = {"mapping": LABELLED} if method == "classification" else {}
        document = {
            "data": {"file": str(tmp_path / "rows.csv"), **mapping},
            "model": {"name": str(model)},
            "method": {"name": method},
            "settings": {"checks": 1, "max_length": 96, **settings},
        }
        (tmp_path / "recipe.toml").write_text(tomli_w.dumps(document))
        recipe = resolve(workspace, load_recipe(tmp_path / "recipe.toml"))
        folder, version, checked = tmp_path / "points", recipe.version(workspace), recipe.checked_settings()
        return find_method(method).build(
            Job(model, version, checked, folder, "cpu", training_dtype("cpu"), workspace.home)
        )

    return make


CASES = [
    ("tiny_model", "sft", "lora", CHAT),
    ("tiny_model", "sft", "lora", RETURNS),
    ("tiny_encoder", "classification", "full", GOODS),
    ("tiny_encoder", "classification", "full", SHOUT),
    ("tiny_encoder_decoder", "text_to_text", "lora", CHAT),
    ("tiny_encoder_decoder", "text_to_text", "lora", RETURNS),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    "case", CASES, ids=["llama, chat", "llama, shop", "bert, goods", "bert, colours", "t5, chat", "t5, shop"]
)
def test_it_lands_within_a_factor_of_three_of_the_best_of_a_fine_grid(
    case: tuple[str, str, str, str], build: Callable[..., Any], request: pytest.FixtureRequest
) -> None:
    fixture, method, adapt, rows = case
    model = request.getfixturevalue(fixture)
    found = pick(run_test(build(model, method, rows, adapt=adapt, max_steps=STEPS, warmup=0), rates()))
    reached: dict[float, float] = {}
    for rate in GRID:
        trainer = build(model, method, rows, adapt=adapt, max_steps=LONG, learning_rate=rate)
        for name, value in BARE.items():
            setattr(trainer.args, name, value)
        trainer.train()
        reached[rate] = trainer.judge(trainer.eval_dataset)["loss"]
    best = min(reached, key=reached.__getitem__)
    told = json.dumps({f"{rate:.2g}": round(loss, 3) for rate, loss in reached.items()})
    print(f"{method} {adapt}: found {found.rate}, best {best:.2g} of {told}")
    assert found.rate is not None and best / 3 <= found.rate <= best * 3, (found.rate, best, told)


def curve(loss: Callable[[float], float], scatter: float = 0.0) -> list[tuple[float, float]]:
    chance = random.Random(1)
    return [(rate, loss(rate) + chance.gauss(0, scatter)) for rate in rates()]


def test_the_rates_grow_evenly_from_tiny_to_the_highest_that_is_taken() -> None:
    tried = rates()
    assert (tried[0], tried[-1], len(tried)) == (pytest.approx(LOWEST), pytest.approx(HIGHEST), STEPS)
    steps = [later / earlier for earlier, later in itertools.pairwise(tried)]
    assert steps == pytest.approx([steps[0]] * len(steps))


@pytest.mark.parametrize("scatter", [0.0, 0.1, 0.3])
def test_where_nine_tenths_of_the_fall_are_done_is_found_through_the_scatter_of_single_steps(scatter: float) -> None:
    points = curve(lambda rate: 6 - 4 / (1 + (1e-3 / rate) ** 2) + 50 * max(0, rate - 0.03), scatter)
    found = pick(points).rate
    assert found is not None and 0.0015 < found < 0.006  # without scatter at 0.003


def test_no_clear_descent_gives_a_sentence_and_no_number() -> None:
    for points in (
        curve(lambda rate: 2.0, 0.2),
        curve(lambda rate: 2.0 + 10 * rate, 0.1),
        curve(lambda rate: 0.69),
        curve(lambda rate: 2.0)[: FEWEST - 1],
    ):
        found = pick(points)
        assert found.rate is None and found.why.endswith(".")


def test_a_loss_that_still_falls_at_the_end_is_told() -> None:
    assert pick(curve(lambda rate: 5 - math.log10(rate / LOWEST))).still_falling
    assert not pick(curve(lambda rate: abs(math.log10(rate) + 3))).still_falling


def test_a_loss_that_has_run_away_ends_the_test() -> None:
    falling = [6 - 0.05 * step for step in range(30)]
    assert not has_run_away(falling)
    assert not has_run_away([*falling, 20.0])  # a single step
    assert has_run_away([*falling, 20.0, 30.0, 40.0, 50.0])
    assert not has_run_away([9.0] * (FEWEST - 1))


def test_a_second_half_of_a_lora_layer_that_learns_faster_goes_on_doing_so(
    tiny_model: Path, build: Callable[..., Any]
) -> None:
    trainer = build(tiny_model, "sft", CHAT, lora_plus=8, max_steps=3, warmup=0, learning_rate=0.01)
    seen: list[list[float]] = []

    class Looking(Growing):
        def on_step_begin(self, *given: Any, optimizer: Any = None, **rest: Any) -> None:
            super().on_step_begin(*given, optimizer=optimizer, **rest)
            seen.append(sorted({round(group["lr"], 9) for group in optimizer.param_groups if group["params"]}))

    trainer.add_callback(Looking([1e-4, 1e-3, 1e-2], 0.01))
    for name, value in BARE.items():
        setattr(trainer.args, name, value)
    trainer.train()
    assert seen == [pytest.approx([rate, 8 * rate]) for rate in (1e-4, 1e-3, 1e-2)]


@pytest.mark.slow
def test_a_test_in_a_process_of_its_own_keeps_its_curve_and_nothing_else(
    workspace: Workspace, make_recipe: Callable[..., Path]
) -> None:
    recipe = resolve(workspace, load_recipe(make_recipe(rows=60)))
    key = rate_test.key_of_recipe(recipe)
    assert rate_test.outcome(workspace, key) is None
    test = rate_test.start(workspace, recipe)
    with pytest.raises(StudioError, match="A test is going on already"):
        rate_test.start(workspace, recipe)
    wait_until(lambda: (found := rate_test.outcome(workspace, key)) and found.state != "running", 120, "the test")
    found = rate_test.outcome(workspace, key)
    assert found is not None and found.state == "done" and found.pick is not None, found
    assert found.pick.rate is not None and LOWEST < found.pick.rate <= HIGHEST
    assert [rate for rate, _ in found.points] == rates()[: len(found.points)]
    assert list_runs(workspace) == []
    assert not list(test.folder.rglob("*.safetensors")) and not test.checkpoints.exists()
    other = recipe.model_copy(update={"settings": {**recipe.settings, "batch_size": 8}})
    assert rate_test.outcome(workspace, rate_test.key_of_recipe(other)) is None
    longer = recipe.model_copy(update={"settings": {**recipe.settings, "max_steps": 9, "learning_rate": 0.01}})
    assert rate_test.key_of_recipe(longer) == key

    test = rate_test.start(workspace, recipe)
    wait_until(lambda: test.view().step or test.view().error, 120, "its first step")
    rate_test.stop(workspace)
    wait_until(lambda: not test.view().live, 60, "the test to stop")
    assert rate_test.outcome(workspace, key) is None


def test_it_is_refused_where_it_makes_no_sense_or_the_device_is_taken(
    workspace: Workspace, make_recipe: Callable[..., Path], workers: Sleepers
) -> None:
    with pytest.raises(StudioError, match="a range test would find nothing"):
        rate_test.start(workspace, load_recipe(ASSETS / "samples" / "rlhf.toml"))
    new_run(workspace, "At work")
    assert advance(workspace) is not None
    with pytest.raises(StudioError, match="A run is going on"):
        rate_test.start(workspace, load_recipe(make_recipe()))
